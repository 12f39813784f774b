"""From what a cell of a workbook stores to the text a person would write: dates, percent, amounts without noise."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Final

from deals_app.domain.currencies import CURRENCIES, SIGNS
from deals_app.integrations.workbook_package import Package
from deals_app.integrations.workbook_xml import whole

# How numbers of one format are written.
NumberText = Callable[[str], str]

# More than spreadsheets allow.
_MAX_STYLES: Final = 1 << 16

# Formats that have a number instead of a code. Those of money (5-8, 37-44) mean the local currency of whoever looks.
_DATE_FORMATS: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_PERCENT_FORMATS: Final = frozenset({9, 10})

_LITERAL = re.compile(r'"([^"]*)"|\\(.)|[_*].|\[\$([^\]-]*)(?:-[^\]]*)?\]|\[[^\]]*\]')
_DATE_LETTERS = re.compile(r"[dmyhs]", re.IGNORECASE)
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")

# Spreadsheets keep 15 digits; what is behind them is noise, and a longer integer has lost its end already.
_DIGITS: Final = 15
_TOO_MANY_DIGITS: Final = 10.0**_DIGITS
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 (spreadsheets know no zones)
_EPOCH_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001 (as above)
# In the calendar of spreadsheets 1900 is a leap year: day 60 is a day that never was.
_LEAP_DAY: Final = 60
_LAST_DAY: Final = 2_958_466


def unescaped(text: str) -> str:
    """A text with its `_x000D_` as the characters they stand for; halves of a character stay as they are."""
    return _ESCAPE.sub(_unescaped, text) if "_x" in text else text


def _unescaped(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return found[0] if "\ud800" <= character <= "\udfff" else character


def number_texts(package: Package) -> dict[str, NumberText]:
    """By the style that a cell names: how its number is written."""
    codes: dict[int, str] = {}
    formats: list[int] = []
    for element in package.elements(package.styles_part) if package.styles_part else ():
        if element.name == "numFmt" and element.parent == "numFmts":
            codes[whole(element.get("numFmtId"))] = element.get("formatCode")
        elif element.name == "xf" and element.parent == "cellXfs" and len(formats) < _MAX_STYLES:
            formats.append(whole(element.get("numFmtId")))
    known: dict[int, NumberText] = {}
    for number in {0, *formats}:
        known[number] = _number_text(number, codes.get(number), counts_from_1904=package.counts_from_1904)
    return {str(style): known[number] for style, number in enumerate(formats)}


def plain(stored: str) -> str:
    """A number as digits with at most one `.`, in 15 digits: `1475.3000000000002` is `1475.3`.

    An integer that needs more digits stays in the notation that says so (`1.23456789012346E+17`).
    """
    if stored.isdigit() and len(stored) <= _DIGITS:
        return stored
    try:
        number = float(stored)
    except ValueError:
        return stored
    if not isfinite(number):
        return stored
    if abs(number) >= _TOO_MANY_DIGITS:
        return f"{number:.{_DIGITS}G}"
    text = f"{number:.{_DIGITS}g}"
    return f"{Decimal(text):f}" if "e" in text else text if number else "0"


def _number_text(number: int, code: str | None, *, counts_from_1904: bool) -> NumberText:
    if code is None:
        is_date, is_percent, sign = number in _DATE_FORMATS, number in _PERCENT_FORMATS, ""
    else:
        first = code.partition(";")[0]
        bare = _LITERAL.sub("", first)
        is_date = "general" not in bare.lower() and bool(_DATE_LETTERS.search(bare))
        is_percent, sign = "%" in bare, _currency_sign(first, bare)
    if is_date:
        return lru_cache(maxsize=4096)(_dates_since(_EPOCH_1904 if counts_from_1904 else _EPOCH))
    if is_percent:
        return _percent
    return (lambda stored: f"{plain(stored)} {sign}") if sign else plain


def _currency_sign(code: str, bare: str) -> str:
    """The currency that a format shows beside its numbers; empty when it shows none."""
    literals = [part.strip() for found in _LITERAL.finditer(code) for part in found.groups() if part]
    for text in (*literals, bare.strip("#0.,?/ -+()")):
        if text.casefold() in SIGNS or text.upper() in CURRENCIES:
            return text
    return ""


def _dates_since(epoch: datetime) -> NumberText:
    def text(stored: str) -> str:
        try:
            days = float(stored)
        except ValueError:
            return stored
        if not 0 <= days < _LAST_DAY:
            return plain(stored)
        if days < 1:
            return f"{epoch + timedelta(seconds=round(days * 86_400)):%H:%M:%S}"
        if epoch is _EPOCH and days < _LEAP_DAY:
            days += 1
        moment = epoch + timedelta(days=int(days), seconds=round(days % 1 * 86_400))
        return moment.isoformat(" ") if moment.hour or moment.minute or moment.second else moment.date().isoformat()

    return text


def _percent(stored: str) -> str:
    text = plain(stored)
    try:
        hundredfold = Decimal(text) * 100
    except ArithmeticError:
        return stored
    return f"{hundredfold.normalize():f}%"
