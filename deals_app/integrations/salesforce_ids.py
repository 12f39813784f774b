"""Salesforce's ids: 15 characters that tell by their case, or 18 of which the last three say what the case was."""

from __future__ import annotations

import re
from typing import Final

_SHORT: Final = re.compile(r"[A-Za-z0-9]{15}")
_CHARACTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_GROUP: Final = 5


def long_id(text: str) -> str:
    """The id with 18 characters; what is no id of 15 comes back as it is."""
    if not _SHORT.fullmatch(text):
        return text
    groups = (text[start : start + _GROUP] for start in range(0, len(text), _GROUP))
    return text + "".join(_CHARACTERS[_capitals(group)] for group in groups)


def is_same_id(one: str, other: str) -> bool:
    """Whether two spellings, short or long, are one id."""
    return long_id(one) == long_id(other)


def _capitals(group: str) -> int:
    """Bit n says that character n is a capital."""
    return sum(1 << position for position, character in enumerate(group) if "A" <= character <= "Z")
