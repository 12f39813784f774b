"""Text that a spreadsheet would run as a formula, and how an export says that it is none."""

from __future__ import annotations

import re
from typing import Final

# What begins a formula; behind apostrophes too, as an import takes one of them off (integrations/cell_values.py).
_LOOKS_LIKE_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")


def disarmed(text: str) -> str:
    """The text for a cell of a file: with an apostrophe before what a spreadsheet would run."""
    return f"'{text}" if _LOOKS_LIKE_FORMULA.match(text) else text
