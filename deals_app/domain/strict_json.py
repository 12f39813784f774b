"""JSON as RFC 8259 has it and no more: what Python's parser lets through (NaN, duplicate keys, NUL …) is refused here.

Numbers with a fraction or an exponent come as Decimal, never float.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, cast

MAX_DEPTH = 32
MAX_EXPONENT = 400


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


def plain_numbers(value: Any) -> Any:
    """What the database keeps as JSON: the strict parser's Decimals as the numbers they were; raises ValueError."""
    if isinstance(value, Decimal):
        if math.isinf(number := float(value)):
            message = f"the number {value} is out of range"
            raise ValueError(message)
        return number
    if isinstance(value, dict):
        return {key: plain_numbers(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [plain_numbers(item) for item in cast("list[Any]", value)]
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
    try:
        is_out = abs((value := Decimal(text)).adjusted()) >= MAX_EXPONENT
    except InvalidOperation:
        # An exponent of hundreds of digits, which Decimal itself cannot hold.
        is_out, value = True, Decimal()
    if is_out:
        message = f"the number {text[:20]} is out of range"
        raise ValueError(message)
    return value


# `json.loads` would make a new one for each body.
_decoder = json.JSONDecoder(
    object_pairs_hook=_without_duplicates, parse_constant=_no_constant, parse_float=_finite_decimal
)


def _check_tree(value: Any) -> None:
    """Depth, and texts that PostgreSQL cannot hold; without recursion, as the input decides how deep it goes."""
    level: list[Any] = [value]
    for _depth in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        has_containers = False
        for item in level:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, dict):
                has_containers = True
                pairs = cast("dict[str, Any]", item)
                inner += pairs
                inner += pairs.values()
            elif isinstance(item, list):
                has_containers = True
                inner += cast("list[Any]", item)
        if not has_containers:
            return
        level = inner
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
