"""Which mark in a written number groups thousands and which begins the decimals."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

DecimalMark = Literal[".", ","]

_GROUP = 3
# Groups of three; or, in the Indian way, of two before the last three. One kind of separator throughout.
_GROUPED = re.compile(r"[0-9]{1,3}(?P<mark>[.,' ])(?:[0-9]{2,3}(?P=mark))*[0-9]{3}")
_NOT_NUMBER = re.compile(r"[^0-9.,]+")


def plain_number(number: str, decimal_mark: DecimalMark | None) -> tuple[str | None, bool]:
    """Digits and separators (`.`, `,`, `'`, blank) as digits with at most one `.`; None when they make no number.

    The rules are those of `money.parse_money`. The second value says that the reading is a guess: one dot before
    exactly three digits, with nobody to say which mark the file uses.
    """
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return _ungrouped(number), False
    mark, whole, fraction = number[last], number[:last], number[last + 1 :]
    if mark in whole:
        return _ungrouped(number), False
    if not fraction.isdigit():
        return None, False
    ambiguous = False
    if len(fraction) == _GROUP and whole.isdigit() and len(whole) <= _GROUP and not whole.startswith("0"):
        if (decimal_mark or ".") != mark:
            return whole + fraction, False
        ambiguous = decimal_mark is None
    whole_digits = _ungrouped(whole) if whole else "0"
    return (None if whole_digits is None else f"{whole_digits}.{fraction}"), ambiguous


def guess_decimal_mark(texts: Iterable[str]) -> DecimalMark | None:
    """The decimal mark of one file's amounts, by those that can be read in one way only.

    None when no amount settles it, or when they contradict each other.
    """
    seen: set[DecimalMark] = set()
    for text in texts:
        if mark := _evident_mark(_NOT_NUMBER.sub("", text).strip(".,")):
            seen.add(mark)
    return seen.pop() if len(seen) == 1 else None


def _evident_mark(number: str) -> DecimalMark | None:
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return None
    other: DecimalMark = "," if number[last] == "." else "."
    mark: DecimalMark = "." if other == "," else ","
    if mark in number[:last]:
        return other
    settled = other in number or last > _GROUP or len(number) - last - 1 != _GROUP or number.startswith("0")
    return mark if settled else None


def _ungrouped(whole: str) -> str | None:
    if whole.isdigit():
        return whole
    grouped = _GROUPED.fullmatch(whole)
    return whole.replace(grouped["mark"], "") if grouped else None
