"""A JSON array taken apart without being read: each item as it was sent, so that one bad item is its own matter."""

from __future__ import annotations

import json
import re

from deals_app.domain.errors import FieldProblem, Invalid

_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


def items_of(body: bytes) -> list[bytes]:
    """The items of a JSON array, in order, each as the bytes it came in; raises Invalid for anything else."""
    try:
        text = body.decode("utf-8")
        return [item.encode() for item in _items(text)]
    except (ValueError, RecursionError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Invalid(FieldProblem("body", f"must be a JSON array: {said}")) from error


def _items(text: str) -> list[str]:
    at = _after_blanks(text, 0)
    if text[at : at + 1] != "[":
        message = "it does not begin with ["
        raise ValueError(message)
    items: list[str] = []
    at = _after_blanks(text, at + 1)
    if text[at : at + 1] == "]":
        return _at_the_end(text, at, items)
    while True:
        _, end = _DECODER.raw_decode(text, at)
        items.append(text[at:end])
        at = _after_blanks(text, end)
        if text[at : at + 1] == "]":
            return _at_the_end(text, at, items)
        if text[at : at + 1] != ",":
            message = f"a comma or ] is missing after item {len(items) - 1}"
            raise ValueError(message)
        at = _after_blanks(text, at + 1)


def _at_the_end(text: str, at: int, items: list[str]) -> list[str]:
    if _after_blanks(text, at + 1) != len(text):
        message = "something stands behind its end"
        raise ValueError(message)
    return items


def _after_blanks(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
