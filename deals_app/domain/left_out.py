"""Lines of a file that are no rows, totals and footers: counted, and the first of them kept to be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

SHOWN_LINES: Final = 5
_SHOWN_CHARACTERS: Final = 120
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "total": ("total", "totals"),
    "footer": ("footer", "footer lines"),
    "header": ("repeated header", "repeated headers"),
}


@dataclass(frozen=True, kw_only=True)
class LeftOutView:
    """How many lines were left out, in words too ("3 lines left out: 2 totals, 1 footer"); `lines` are (line, text)."""

    count: int
    words: str
    lines: tuple[tuple[int, str], ...]


class LeftOutLines:
    """Collects what reading leaves out, in constant memory."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: list[tuple[int, str]] = []

    def add(self, left: tuple[int, Sequence[str], str]) -> None:
        """Count one (line, cells, why it is no row), and keep it if it is among the first."""
        line, cells, why = left
        self._counts[why] += 1
        if len(self._first) < SHOWN_LINES:
            text = " · ".join(cell.strip() for cell in cells if cell.strip())
            self._first.append((line, text[:_SHOWN_CHARACTERS]))

    def as_json(self) -> dict[str, Any]:
        """Plain types; `left_out_view` is the way back. Empty when nothing was left out."""
        return {"counts": dict(self._counts), "lines": self._first} if self._first else {}


def left_out_view(stored: Mapping[str, Any]) -> LeftOutView | None:
    """What `LeftOutLines.as_json` made, to be shown; None when nothing was left out."""
    counts: Mapping[str, int] = stored.get("counts", {})
    count = sum(counts.values())
    if not count:
        return None
    kinds = ", ".join(f"{number} {_WORDS[why][number > 1]}" for why, number in counts.items())
    return LeftOutView(
        count=count,
        words=f"{count} {'line' if count == 1 else 'lines'} left out: {kinds}",
        lines=tuple((line, text) for line, text in stored["lines"]),
    )
