"""Calendar dates as files, mails and other systems write them. Times of day and zones are dropped on purpose."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from deals_app.domain.letters import plain_letters
from deals_app.domain.month_names import MONTHS

# How the parts of a date with slashes or dashes follow each other.
DateOrder = Literal["ymd", "dmy", "mdy"]

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2200

# Day 0 of Excel's 1900 date system, its non-existent 29 February 1900 allowed for.
_EXCEL_EPOCH = date(1899, 12, 30)
# 1954-10-03 to 2119-01-10. Numbers outside are more likely something else (a year, an id) than a date.
_EXCEL_SERIALS = range(20_000, 80_001)
# HubSpot's epoch milliseconds. 12 digits begin in March 1973, 13 end in November 2286.
_EPOCH_MILLISECONDS = re.compile(r"[0-9]{12,13}")
_EXCEL_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")

_TIME = (
    r"(?:[T ,]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?"
    r"\s*(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})" + _TIME)
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])\s?([0-9]{1,2})\2\s?([0-9]{4}|[0-9]{2})" + _TIME)
# "Mon, 1st of June 2026", "1er juin 2026", "1 de junho de 2026", "01-Jun-2026"; "June 1st, 2026"; "2026-Jun-01".
_WEEKDAY = r"(?:[^\W\d_]{2,10}\.?,\s*)?"
_OF = r"(?:(?:of|de|del)\s+)?"
_DAY_AND_MONTH = re.compile(
    _WEEKDAY + r"([0-9]{1,2})(?:st|nd|rd|th|er|e|o|a|\.)?[\s/-]*" + _OF + r"([^\W\d_]{3,10})\.?[\s,/-]*"
    + _OF + r"([0-9]{4}|[0-9]{2})" + _TIME,
    re.IGNORECASE,
)  # fmt: skip
_MONTH_AND_DAY = re.compile(
    _WEEKDAY + r"([^\W\d_]{3,10})\.?[\s-]+([0-9]{1,2})(?:st|nd|rd|th)?(?:,\s*|\s+|-)([0-9]{4}|[0-9]{2})" + _TIME,
    re.IGNORECASE,
)
_YEAR_AND_MONTH = re.compile(r"([0-9]{4})[\s/-]([^\W\d_]{3,10})\.?[\s/-]([0-9]{1,2})" + _TIME)


class DateError(ValueError):
    """A text that is no date; the message is a sentence for people, with the text quoted."""


def parse_date(text: str, *, order: DateOrder) -> date:
    """The calendar date as written: `2026-06-01T23:30:00-08:00` is 1 June, whatever the zone.

    Read are ISO 8601 dates and times, `2017-03-01 00:00`, `20170301`, dates with dots (always day first), dates with
    slashes or dashes and the year last (by `order`; "ymd" reads them month first, as Americans do), months by their
    names in six languages, Excel serial days 20000-80000, and HubSpot's epoch milliseconds (the date in UTC). A year of
    two digits is refused as a guess.

    Raises DateError for anything else, for days that do not exist, and for years outside 1900-2200.
    """
    normal = unicodedata.normalize("NFKC", text).strip()
    if found := _YEAR_FIRST.fullmatch(normal):
        return _calendar_date(text, found[1], found[3], found[4])
    if found := _COMPACT.fullmatch(normal):
        return _calendar_date(text, found[1], found[2], found[3])
    if found := _YEAR_LAST.fullmatch(normal):
        day_first = found[2] == "." or order == "dmy"
        day, month = (found[1], found[3]) if day_first else (found[3], found[1])
        return _calendar_date(text, found[4], month, day, order="dmy" if day_first else "mdy")
    if _EXCEL_SERIAL.fullmatch(normal) and int(float(normal)) in _EXCEL_SERIALS:
        return _EXCEL_EPOCH + timedelta(days=int(float(normal)))
    if _EPOCH_MILLISECONDS.fullmatch(normal):
        return datetime.fromtimestamp(int(normal) // 1000, UTC).date()
    if (named := _named_month(normal)) is not None:
        return _calendar_date(text, *named)
    message = f"“{_shown(text)}” is not a date; write it like 2026-06-01"
    raise DateError(message)


def _named_month(normal: str) -> tuple[str, str, str] | None:
    """Year, month and day of a date that calls its month by name."""
    if found := _DAY_AND_MONTH.fullmatch(normal):
        day, name, year = found[1], found[2], found[3]
    elif found := _MONTH_AND_DAY.fullmatch(normal):
        name, day, year = found[1], found[2], found[3]
    elif found := _YEAR_AND_MONTH.fullmatch(normal):
        year, name, day = found[1], found[2], found[3]
    else:
        return None
    month = MONTHS.get(plain_letters(name))
    return None if month is None else (year, str(month), day)


def guess_order(values: Iterable[str]) -> Literal["dmy", "mdy"] | None:
    """Which order the dates with slashes of one file are in, judged by numbers above 12.

    None when no date settles it, or when they contradict each other: the caller then reads them month first, so that
    one file has one reading (dates with slashes come from American systems more often than not).
    """
    seen: set[Literal["dmy", "mdy"]] = set()
    for value in values:
        found = _YEAR_LAST.fullmatch(value.strip())
        if found is None or found[2] == ".":
            continue
        first, second = int(found[1]), int(found[3])
        if first > _MONTHS >= second:
            seen.add("dmy")
        elif second > _MONTHS >= first:
            seen.add("mdy")
    return seen.pop() if len(seen) == 1 else None


def open_date(values: Iterable[str]) -> str | None:
    """The first date of one file that may be day or month first, where `guess_order` finds nothing that settles it.

    None when the order is settled, or makes no difference because nothing depends on it.
    """
    dates = [value.strip() for value in values]
    if guess_order(dates) is not None:
        return None
    return next((text for text in dates if _reads_both_ways(text)), None)


def _reads_both_ways(text: str) -> bool:
    found = _YEAR_LAST.fullmatch(text)
    if found is None or found[2] == "." or len(found[4]) != _DIGITS_OF_A_YEAR:
        return False
    return found[1] != found[3] and 1 <= int(found[1]) <= _MONTHS and 1 <= int(found[3]) <= _MONTHS


_MONTHS = 12
_DIGITS_OF_A_YEAR = 4
_READ_AS = {None: "", "dmy": ", read as day/month/year", "mdy": ", read as month/day/year"}


def _calendar_date(text: str, year: str, month: str, day: str, *, order: Literal["dmy", "mdy"] | None = None) -> date:
    if len(year) != _DIGITS_OF_A_YEAR:
        message = f"“{_shown(text)}” has a year of two digits; write it like 2026-06-01"
        raise DateError(message)
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        message = f"“{_shown(text)}” is outside the years {FIRST_YEAR} to {LAST_YEAR}; write it like 2026-06-01"
        raise DateError(message)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        message = f"“{_shown(text)}” is not a day in the calendar{_READ_AS[order]}; write it like 2026-06-01"
        raise DateError(message) from None


def _shown(text: str) -> str:
    stripped = text.strip()
    return stripped if len(stripped) <= _SHOWN else stripped[:_SHOWN] + "…"


_SHOWN = 60
