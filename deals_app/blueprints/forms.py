"""What forms of several pages share. The forms themselves stand beside the routes that use them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import SelectChoice  # pyright: ignore[reportAttributeAccessIssue] (newer than the stubs pyright brings)

from deals_app.domain.errors import Invalid


def choices(pairs: Iterable[tuple[str, str]]) -> list[Any]:
    """(value, label) pairs as a SelectField takes them."""
    return [SelectChoice(value, label) for value, label in pairs]


def show_problems(form: FlaskForm, error: Invalid) -> None:
    """Put a service's findings beside the fields they are about."""
    for problem in error.problems:
        field = form[problem.field] if problem.field in form else next(iter(form))
        field.errors = [*field.errors, problem.message]
