"""Frozen shapes that queries give and templates and APIs show. Money in minor units, times in UTC, dates plain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class StageView:
    """A stage as a form or a column header needs it."""

    id: UUID
    key: str
    name: str
    position: int
    probability: Decimal
    status: str
    rotting_days: int | None = None
    required_fields: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether deals here are still being worked on."""
        return self.status == "open"


@dataclass(frozen=True, kw_only=True)
class PipelineView:
    """A pipeline with its stages in order."""

    id: UUID
    name: str
    description: str | None
    is_active: bool
    is_default: bool
    stages: tuple[StageView, ...]


@dataclass(frozen=True, kw_only=True)
class CurrencyPart:
    """What deals of one currency add up to; values in that currency's minor units, unknown values left out.

    Estimated values stand beside the sums and not in them.
    """

    currency: str
    count: int
    value: int
    weighted: int
    estimated_count: int = 0
    estimated_value: int = 0


@dataclass(frozen=True, kw_only=True)
class Total:
    """A sum over deals: those without a value are counted, estimated values are summed apart.

    `base_value` and its like are None where a rate is missing: parts are never added raw. `rate_date` is that of the
    oldest rate used, None where every value is in the base currency.
    """

    count: int
    unknown_count: int
    parts: tuple[CurrencyPart, ...]
    base_currency: str
    base_value: int | None
    base_weighted: int | None
    estimated_count: int = 0
    base_estimated: int | None = 0
    rate_date: date | None = None


@dataclass(frozen=True, kw_only=True)
class StepView:
    """What is to be done next about a deal, its first words."""

    body: str
    due_on: date
    is_overdue: bool
    is_today: bool


@dataclass(frozen=True, kw_only=True)
class CardView:
    """A deal as its card on the board shows it."""

    id: UUID
    name: str
    customer_name: str | None
    value: int | None
    currency: str
    value_estimated: bool
    owner_name: str | None
    expected_close_date: date | None
    actual_close_date: date | None
    stage_id: UUID
    stage_key: str
    status: str
    ingested_from: str
    tags: tuple[str, ...]
    position: Decimal
    version: int
    is_overdue: bool
    closes_soon: bool
    days_in_stage: int
    is_rotting: bool
    next_step: StepView | None
    may_change: bool


@dataclass(frozen=True, kw_only=True)
class ColumnView:
    """A column of the board: its stage, its total over all the deals that fit, and the first cards.

    `closed_days` says how far back a closed column looks; None in open ones, and where it shows all. A folded column
    has a total and no cards.
    """

    stage: StageView
    total: Total
    cards: tuple[CardView, ...]
    next_after: str | None
    closed_days: int | None = None
    is_folded: bool = False


@dataclass(frozen=True, kw_only=True)
class BoardView:
    """The board of one pipeline; `pipelines` are the ones to switch to, `people` those who may own deals.

    `has_deals` is False only where there is none at all, and not where none fits what is asked for.
    """

    pipeline: PipelineView
    pipelines: tuple[PipelineView, ...]
    people: tuple[MemberView, ...]
    columns: tuple[ColumnView, ...]
    has_deals: bool

    @property
    def is_empty(self) -> bool:
        """No deal in any column."""
        return all(column.total.count == 0 for column in self.columns)

    @property
    def tags(self) -> list[str]:
        """The tags on the cards that are here: what a tag filter can suggest without asking for all."""
        return sorted({tag for column in self.columns for card in column.cards for tag in card.tags})


@dataclass(frozen=True, kw_only=True)
class DealView:
    """The whole deal, as its page and the APIs show it (CONTRACT.md section 6, "Deals")."""

    id: UUID
    customer_id: UUID | None
    customer_name: str | None
    assigned_to: UUID | None
    owner_name: str | None
    name: str
    value: int | None
    currency: str
    value_estimated: bool
    pipeline_id: UUID
    pipeline_name: str
    stage_id: UUID
    stage_key: str
    stage_name: str
    status: str
    probability: Decimal
    source: str
    ingested_from: str
    expected_close_date: date | None
    actual_close_date: date | None
    stage_entered_at: datetime
    loss_reason: str | None
    competitor: str | None
    tags: tuple[str, ...]
    custom_fields: Mapping[str, Any]
    metadata: Mapping[str, Any]
    health_score: int | None
    risk_level: str | None
    insights: tuple[Mapping[str, Any], ...]
    is_at_risk: bool
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def is_open(self) -> bool:
        """Not won and not lost."""
        return self.status == "open"


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """A stretch of a growing list; `next_after` is the cursor of the next stretch, None at the end."""

    items: tuple[T, ...]
    next_after: str | None


@dataclass(frozen=True, kw_only=True)
class CustomerView:
    """A customer with what its deals come to."""

    id: UUID
    name: str
    kind: str
    domain: str | None
    churn_risk: Decimal | None
    open_deals: int
    won_deals: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class MemberView:
    """A person of the tenant."""

    id: UUID
    name: str
    email: str
    role: str
    is_active: bool


@dataclass(frozen=True, kw_only=True)
class ApiKeyView:
    """A key without its secret."""

    id: UUID
    name: str
    prefix: str
    role: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class MonthForecast:
    """Open deals by the month they are expected to close; `month` is its first day, None = no date."""

    month: date | None
    total: Total


@dataclass(frozen=True, kw_only=True)
class Analytics:
    """The figures of `/analytics`, over live deals of one pipeline."""

    pipeline: PipelineView
    by_stage: tuple[tuple[StageView, Total], ...]
    won: Total
    lost: Total
    win_rate_percent: Decimal | None
    average_days_to_win: Decimal | None
    loss_reasons: tuple[tuple[str, int], ...] = field(default=())
