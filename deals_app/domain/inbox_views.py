"""Frozen shapes of what came in, as the pages of sources and inbox show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from deals_app.domain.errors import FieldProblem

OUTCOMES = ("received", "created", "updated", "unchanged", "rejected", "held", "set_aside")
# Of what came to something at all, in the order of a table.
COUNTED = ("created", "updated", "unchanged", "rejected", "held")


@dataclass(frozen=True, kw_only=True)
class SourceFigures:
    """How often a source came to what, by outcome: today in the tenant's zone, and in the last 30 days."""

    today: Mapping[str, int]
    days_30: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class ItemRow:
    """An item in a list. `title` is what was understood of it, `says` why it was refused."""

    id: UUID
    source: str
    outcome: str
    title: str
    says: str
    deal_id: UUID | None
    deal_name: str | None
    lead_id: UUID | None
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that was understood, decided or done; `found_in` are the words that a fact was taken from."""

    step: str
    says: str
    found_in: tuple[tuple[str, str], ...] = ()
    details: tuple[tuple[str, str], ...] = ()
    deal_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of what came; `facts` are those that were taken from it."""

    text: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ItemView:
    """An item in full. `pieces` are its text, `is_cut` says that there is more of it, `is_text` that it is one."""

    row: ItemRow
    content_type: str
    size_bytes: int
    pieces: tuple[Piece, ...]
    is_text: bool
    is_cut: bool
    signature_verdict: str | None
    context: Mapping[str, Any]
    steps: tuple[Step, ...]
    problems: tuple[FieldProblem, ...]
    settled_at: datetime | None
    lead_name: str | None


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What became of something that was sent from a page."""

    item_id: UUID
    action: str
    deal_id: UUID | None
    deal_name: str | None
