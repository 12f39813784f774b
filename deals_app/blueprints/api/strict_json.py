"""JSON as RFC 8259 has it and no more: what Python's parser lets through (NaN, duplicate keys, NUL …) is refused here.

Numbers with a fraction or an exponent come as Decimal, never float.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

from flask.json.provider import DefaultJSONProvider

MAX_DEPTH = 32
MAX_EXPONENT = 400


class StrictProvider(DefaultJSONProvider):
    """The app's JSON: strict on the way in, Flask's own on the way out."""

    sort_keys = False

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """Parse; raises ValueError with a sentence for whatever is not plain JSON."""
        return strict_loads(s)


def strict_loads(text: str | bytes) -> Any:
    """Parse; ValueError with a sentence for NaN, Infinity, duplicate keys, NUL, lone surrogates, depth over 32."""
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    try:
        value = _decoder.decode(text)
    except RecursionError:
        _refuse_depth()
    _check_tree(value)
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            message = f"the key {key!r} stands twice in one object"
            raise ValueError(message)
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is no JSON number"
    raise ValueError(message)


def _finite_decimal(text: str) -> Decimal:
    """A Decimal holds any exponent; no field of ours does."""
    value = Decimal(text)
    if abs(value.adjusted()) >= MAX_EXPONENT:
        message = f"the number {text[:20]} is out of range"
        raise ValueError(message)
    return value


# `json.loads` would make a new one for each body.
_decoder = json.JSONDecoder(
    object_pairs_hook=_without_duplicates, parse_constant=_no_constant, parse_float=_finite_decimal
)


def _check_tree(value: Any) -> None:
    """Depth, and texts that PostgreSQL cannot hold; without recursion, as the input decides how deep it goes."""
    level = [value]
    for _depth in range(MAX_DEPTH + 1):
        containers = [item for item in level if isinstance(item, dict | list)]
        for item in level:
            if isinstance(item, str):
                _check_text(item)
        if not containers:
            return
        level = [
            inner
            for each in containers
            for inner in ([*each.keys(), *each.values()] if isinstance(each, dict) else each)
        ]
    _refuse_depth()


def _check_text(text: str) -> None:
    if "\x00" in text:
        message = "a text holds the NUL character"
        raise ValueError(message)
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            message = "a text holds half of a surrogate pair"
            raise ValueError(message) from None


def _refuse_depth() -> NoReturn:
    message = f"the JSON is nested deeper than {MAX_DEPTH} levels"
    raise ValueError(message)
