"""What a deal may be worth, guessed from how many people a company has. Always marked as estimated."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast

# Major units of the tenant's base currency; a form may have its own table.
DEFAULT_VALUES: Final[Mapping[str, Decimal]] = {
    "1-10": Decimal(5_000),
    "11-50": Decimal(15_000),
    "51-200": Decimal(50_000),
    "201-500": Decimal(100_000),
    "501-1000": Decimal(200_000),
    "1000+": Decimal(500_000),
}

# Longer than any size; keeps a pasted page from being searched.
_MAX_LENGTH: Final = 60
# Grouped by comma, dot, blank or apostrophe, or plain. Nobody has 1.5 employees.
_NUMBER: Final = re.compile(r"(?<![0-9])[0-9]{1,3}(?:[.,' ][0-9]{3})+(?![0-9])|[0-9]{1,9}")
_THOUSANDS: Final = re.compile(r"(?<=[0-9])\s?k\b", re.IGNORECASE)
_OPEN_ABOVE: Final = re.compile(r"\+|\b(?:more than|over|above|mehr als|über|plus de|más de|oltre)\b|>", re.IGNORECASE)
_OPEN_BELOW: Final = re.compile(r"\b(?:less than|under|below|up to|weniger als|unter|bis zu|moins de|menos de)\b|<")


def company_size(text: str) -> tuple[int, int | None] | None:
    """The fewest and the most people in `51-200`, `51 to 200`, `200+`, `5,000` or `under 10`; None if unreadable.

    `200+` begins with 201, since tables go on with the next number; without an end the second number is None.
    """
    normal = unicodedata.normalize("NFKC", text[:_MAX_LENGTH]).casefold()
    normal = _THOUSANDS.sub("000", normal)
    numbers = [int(re.sub(r"[^0-9]", "", found)) for found in _NUMBER.findall(normal)]
    if len(numbers) == 1:
        [only] = numbers
        if _OPEN_ABOVE.search(normal):
            return only + 1, None
        return (1, only) if _OPEN_BELOW.search(normal) else (only, only)
    if len(numbers) == 2 and numbers[0] <= numbers[1]:  # noqa: PLR2004 (from, to)
        return numbers[0], numbers[1]
    return None


def estimated_value(size: str, table: object = None) -> Decimal | None:
    """What the table (size to major units) says for a size; the row that holds the fewest people that are meant.

    A table that is none, or a row that cannot be read, counts for nothing. None when no row fits.
    """
    found = company_size(size)
    if found is None:
        return None
    fewest, most = found
    # "under 50" speaks of its upper end.
    people = most if fewest == 1 and most is not None else fewest
    rows = sorted(_rows(table), key=lambda row: row[0])
    fitting = [value for low, high, value in rows if low <= people and (high is None or people <= high)]
    return fitting[0] if fitting else None


def _rows(table: object) -> list[tuple[int, int | None, Decimal]]:
    pairs = cast("Mapping[Any, Any]", table) if isinstance(table, Mapping) and table else DEFAULT_VALUES
    rows: list[tuple[int, int | None, Decimal]] = []
    for size, value in pairs.items():
        band = company_size(str(size))
        amount = _amount(value)
        if band is not None and amount is not None:
            rows.append((*band, amount))
    return rows


def _amount(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None
