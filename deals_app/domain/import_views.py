"""Imports as their pages, the command line and the API show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class ImportView:
    """An import as its page, the CLI and the API show it."""

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
    actor_name: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_finished(self) -> bool:
        """Nothing more will happen by itself."""
        return self.state in {"done", "failed", "cancelled"}

    @property
    def percent(self) -> int:
        """How much of the file is through, 0–100."""
        return self.processed * 100 // self.total if self.total else 0


@dataclass(frozen=True, kw_only=True)
class RejectedRow:
    """A row of a file that was not taken, with every reason."""

    line: int
    cells: tuple[str, ...]
    reasons: tuple[str, ...]
