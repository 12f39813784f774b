"""Leads: what statuses there are, and the frozen shapes in which they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from deals_app.domain.inbox_views import ItemRow

LEAD_STATUSES = ("new", "contacted", "qualified", "converted", "disqualified")
CONVERTED = "converted"


@dataclass(frozen=True, kw_only=True)
class LeadView:
    """A person behind deals. `message` is their last one; `deal_count` and `last_at` speak of merged leads too.

    `ai_score` is 0 to 100. `customer_id`, `contact_id` and `deal_id` are what the lead was converted to.
    """

    id: UUID
    email: str
    first_name: str | None
    last_name: str | None
    company: str | None
    phone: str | None
    message: str | None
    source: str
    status: str
    ai_score: int | None
    ai_qualification_summary: str | None
    is_spam: bool
    facts: Mapping[str, Any]
    assigned_to: UUID | None
    owner_name: str | None
    merged_into: UUID | None
    customer_id: UUID | None
    contact_id: UUID | None
    deal_id: UUID | None
    deal_count: int
    last_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def name(self) -> str:
        """First and last name, or the address."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.email


@dataclass(frozen=True, kw_only=True)
class LeadDealView:
    """A deal that a lead stands behind; `value` in minor units."""

    id: UUID
    name: str
    stage_name: str
    status: str
    value: int | None
    currency: str
    value_estimated: bool


@dataclass(frozen=True, kw_only=True)
class LeadName:
    """A lead by its address, for a choice."""

    id: UUID
    email: str
    name: str


@dataclass(frozen=True, kw_only=True)
class LeadPage:
    """A lead with its deals, what came from it, whom it may be the same as, and who was merged into it."""

    lead: LeadView
    deals: tuple[LeadDealView, ...]
    items: tuple[ItemRow, ...]
    alike: tuple[LeadName, ...]
    merged: tuple[LeadName, ...]


@dataclass(frozen=True, kw_only=True)
class LeadCounts:
    """How many leads have which status, spam apart."""

    by_status: Mapping[str, int]
    spam: int
