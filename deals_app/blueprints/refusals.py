"""What is said when a form's change is refused and no field of the page is the place to say it."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template

from deals_app.blueprints.notices import flash_all, notice
from deals_app.blueprints.web import back_to, is_htmx
from deals_app.domain.errors import Conflict, DealsError, Invalid, RuleBroken


def refused(error: Conflict | Invalid | RuleBroken, *, endpoint: str, **values: object) -> Any:
    """A toast with the refusal's status; a plain form goes back to where it was sent from, or to the endpoint."""
    said = [notice(words_of(error), "warn")]
    if not is_htmx():
        flash_all(said)
        return back_to(endpoint, **values)
    status = 422 if isinstance(error, Invalid) else 409
    return make_response(render_template("notices/_toasts.html", notices=said), status)


def words_of(error: DealsError) -> str:
    """A sentence: of a form that was refused, what is wrong and not how the fields are called."""
    problems = [problem.message for problem in error.problems] if isinstance(error, Invalid) else []
    said = "; ".join(problems) or error.message
    return f"{said[:1].upper()}{said[1:]}{'' if said.endswith(('.', '?')) else '.'}"
