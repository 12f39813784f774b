"""What an import would do, as its check shows it before anything has happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from uuid import UUID

Tab = Literal["new", "updates", "unchanged", "duplicates", "rejected"]

# In the order of the page. Each row of the file is in one of them.
TABS: Final[Mapping[Tab, str]] = {
    "new": "New",
    "updates": "Updates",
    "unchanged": "Unchanged",
    "duplicates": "Likely duplicates",
    "rejected": "Rejected",
}


@dataclass(frozen=True, kw_only=True)
class CheckProgress:
    """How far a check is: first it reads `rows` of an unknown number, then it compares `rows` of `total`."""

    is_reading: bool
    rows: int
    total: int
    rows_per_second: int | None
    seconds_left: int | None

    @property
    def percent(self) -> int:
        """How much is compared, 0-100."""
        return self.rows * 100 // self.total if self.total else 0


@dataclass(frozen=True, kw_only=True)
class CheckView:
    """The rows of a file by what they would do; `left_out` are those a person wants nothing of, by tab."""

    counts: Mapping[Tab, int]
    left_out: Mapping[Tab, int]

    @property
    def total(self) -> int:
        """The rows of the file."""
        return sum(self.counts.values())

    @property
    def importable(self) -> int:
        """Rows that would make or change a deal, without those left out."""
        return sum(self.counts[tab] - self.left_out[tab] for tab in ("new", "updates", "duplicates"))

    @property
    def first_tab(self) -> Tab:
        """Where there is something to see."""
        for tab in TABS:
            if self.counts[tab] and tab != "unchanged":
                return tab
        return "unchanged"


@dataclass(frozen=True, kw_only=True)
class Amount:
    """Money in minor units."""

    value: int | None
    currency: str


Shown = Amount | date | str | None


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """A field of a deal: what it has, and what the file says."""

    label: str
    before: Shown
    after: Shown


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """What a row may be the same as: a deal, or another line of the file."""

    why: str
    line: int | None
    deal_id: UUID | None
    deal_name: str | None
    amount: Amount | None


@dataclass(frozen=True, kw_only=True)
class RowProblem:
    """Why a row is rejected; `column` is empty where it is about the row as a whole."""

    column: str
    value: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CheckedRow:
    """A row of the file and what would become of it."""

    line: int
    tab: Tab
    name: str
    company: str | None
    amount: Amount | None
    stage_name: str | None
    deal_id: UUID | None
    changes: tuple[FieldChange, ...]
    likely: tuple[Likeness, ...]
    problems: tuple[RowProblem, ...]
    is_left_out: bool
