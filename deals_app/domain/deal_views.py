"""Frozen shapes of one deal among others and over time: a line of a list, what happened to it, what is to be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from deals_app.domain.views import DealView, MemberView, Page, PipelineView, StageView, StepView, Total


@dataclass(frozen=True, kw_only=True)
class DealRow:
    """A deal as a line of a list; its next step is the earliest of those planned."""

    id: UUID
    version: int
    name: str
    customer_name: str | None
    owner_name: str | None
    value: int | None
    currency: str
    value_estimated: bool
    pipeline_name: str
    stage_name: str
    rotting_days: int | None
    stage_entered_at: datetime
    status: str
    probability: Decimal
    expected_close_date: date | None
    actual_close_date: date | None
    is_overdue: bool
    closes_soon: bool
    next_step: StepView | None
    tags: tuple[str, ...]
    ingested_from: str
    created_at: datetime
    updated_at: datetime

    @property
    def weighted(self) -> int | None:
        """The value times its probability, in minor units."""
        if self.value is None:
            return None
        return int((self.value * self.probability / 100).to_integral_value(rounding=ROUND_HALF_UP))


@dataclass(frozen=True, kw_only=True)
class DealList:
    """A stretch of a list, what all that match come to, and who and what they can be narrowed or given to."""

    page: Page[DealRow]
    total: Total
    people: tuple[MemberView, ...]
    pipelines: tuple[PipelineView, ...]

    @property
    def tags(self) -> list[str]:
        """The tags of the rows that are here: what a filter can suggest without asking for all."""
        return sorted({tag for row in self.page.items for tag in row.tags})


@dataclass(frozen=True, kw_only=True)
class ChangeView:
    """One field of one ledger entry, in words: `before` and `after` are ready to show (None = nothing)."""

    field: str
    label: str
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True)
class TimelineEntry:
    """One line of a deal's timeline: a ledger event or an activity.

    `operation` is what a button on the line takes back, where `can_undo` (for an undo that is a redo); `undone_by` is
    who has taken it back already. `is_step` is a next step that was done at `at`.
    """

    id: UUID
    at: datetime
    kind: str
    actor_name: str
    door: str
    version: int | None = None
    changes: tuple[ChangeView, ...] = ()
    body: str | None = None
    operation: UUID | None = None
    can_undo: bool = False
    undone_by: str | None = None
    is_step: bool = False


@dataclass(frozen=True, kw_only=True)
class PlannedStep(StepView):
    """A next step in full, as it is ticked off on the deal's page."""

    id: UUID
    kind: str


@dataclass(frozen=True, kw_only=True)
class DealPage:
    """All that a deal's page shows; `stages` are those of its pipeline, `people` those of the team."""

    deal: DealView
    stages: tuple[StageView, ...]
    people: tuple[MemberView, ...]
    steps: tuple[PlannedStep, ...]
    timeline: tuple[TimelineEntry, ...]
