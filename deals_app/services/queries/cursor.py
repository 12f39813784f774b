"""Keyset cursors: where the last stretch of a list ended, as a text for a URL."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from deals_app.domain.errors import FieldProblem, Invalid

Key = TypeVar("Key")


def cursor_of(key: object, row_id: UUID) -> str:
    """The cursor after the row with this sort key."""
    return f"{key}~{row_id}"


def read_cursor(text: str, parse: Callable[[str], Key]) -> tuple[Key, UUID]:
    """The sort key and id a cursor stands for; raises Invalid for anything we did not write."""
    key, _, row_id = text.rpartition("~")
    try:
        return parse(key), UUID(row_id)
    except (ValueError, ArithmeticError) as error:
        raise Invalid(FieldProblem("after", "is not a cursor of this list")) from error
