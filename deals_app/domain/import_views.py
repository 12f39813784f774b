"""Imports as their pages, the command line and the API show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Undoing:
    """How far the taking back of an import is, and what became of its deals; each of `total` counts once.

    `already` are those that were back before, undone or deleted by hand; `kept` those on which something stays, as
    people have changed it since.
    """

    total: int
    deleted: int
    restored: int
    kept: int
    already: int
    by_name: str
    at: datetime | None

    @property
    def done(self) -> int:
        """Deals looked at so far."""
        return self.deleted + self.restored + self.kept + self.already

    @property
    def percent(self) -> int:
        """0-100."""
        return self.done * 100 // self.total if self.total else 0


@dataclass(frozen=True, kw_only=True)
class ImportView:
    """An import as its page, the CLI and the API show it.

    `plan` is what a check said before (create, update, unchanged, reject), empty without one. `remarks` are sentences
    about how the file was read. `rows_per_second` is None before the first row; `seconds_left` unless it is running.
    """

    id: UUID
    filename: str
    size_bytes: int
    state: str
    problem: str | None
    total: int
    processed: int
    created: int
    updated: int
    unchanged: int
    failed: int
    skipped: int
    header: tuple[str, ...]
    mapping: Mapping[str, str]
    system: str
    remarks: tuple[str, ...]
    plan: Mapping[str, int]
    actor_name: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    rows_per_second: int | None
    seconds_left: int | None
    undoing: Undoing | None

    @property
    def is_finished(self) -> bool:
        """Nothing more will happen by itself."""
        return self.state in {"done", "failed", "cancelled", "undone"}

    @property
    def can_be_undone(self) -> bool:
        """It has ended and changed something that is not taken back yet."""
        return self.state in {"done", "failed", "cancelled"} and self.created + self.updated > 0

    @property
    def percent(self) -> int:
        """How much of the file is through, 0-100."""
        return self.processed * 100 // self.total if self.total else 0

    @property
    def turned_out_differently(self) -> bool:
        """Whether the import did something else than its check had said, as deals were changed in between."""
        kinds = {"create": self.created, "update": self.updated, "unchanged": self.unchanged, "reject": self.failed}
        planned = {kind: self.plan[kind] for kind in kinds if kind in self.plan}
        return self.state == "done" and any(count > planned[kind] for kind, count in kinds.items() if kind in planned)


@dataclass(frozen=True, kw_only=True)
class RejectedRow:
    """A row of a file that was not taken, with every reason."""

    line: int
    cells: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class KeptDeal:
    """A deal on which an undo left `fields` as somebody has made them since; `is_there` unless it is deleted."""

    line: int
    deal_id: UUID
    name: str
    is_there: bool
    fields: tuple[str, ...]
    actor_name: str
    at: datetime
