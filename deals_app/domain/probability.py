"""Chances of winning: 0 to 100 with at most two decimals, as people and systems write them."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Final

CERTAIN: Final = Decimal(100)
_WRITTEN: Final = re.compile(r"(?P<number>-?[0-9]{1,9}(?:[.,][0-9]{1,9})?)\s*(?P<sign>%?)")
_DECIMALS: Final = 2


def parse_probability(text: str, *, of_one: bool = False) -> Decimal:
    """`60`, `60%` and `60,0 %` are 60. With `of_one` (HubSpot's exports) `0.6` and `1` are 60 and 100.

    Without it `0.6` is refused, since it may mean 60 % or 0.6 %; `0.6%` is taken at its word. Raises ValueError, with
    the text quoted, for that, for anything outside 0-100, and for more than two decimals.
    """
    found = _WRITTEN.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        message = f"“{text[:60]}” is not a probability; write a number from 0 to 100"
        raise ValueError(message)
    number = Decimal(found["number"].replace(",", "."))
    if not found["sign"] and 0 < number <= 1:
        if of_one:
            number *= 100
        elif number < 1:
            message = f"“{text}” may mean {number * 100:f} % or {number} %; write it with a percent sign"
            raise ValueError(message)
    if not 0 <= number <= CERTAIN:
        message = f"“{text}” is not a probability; it is between 0 and 100"
        raise ValueError(message)
    if number != round(number, _DECIMALS):
        message = f"“{text}” has more than {_DECIMALS} decimals; round it"
        raise ValueError(message)
    return number
