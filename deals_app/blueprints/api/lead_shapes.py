"""What the routes of leads take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from deals_app.blueprints.api.fields import Body, Changes, Identifier, Whole

LeadStatus = Literal["new", "contacted", "qualified", "converted", "disqualified"]


class LeadPath(BaseModel):
    """A lead's id in a path."""

    lead_id: UUID


class LeadQuery(BaseModel):
    """Which leads, and where to go on."""

    status: LeadStatus | None = None
    is_spam: bool = False
    source: str | None = None
    assigned_to: UUID | None = None
    q: str = Field(default="", description="a part of name, address or company")
    after: str | None = None
    page_size: Annotated[int, Field(ge=1)] = 50


class ChangeLead(Changes):
    """What is to change; what is not named stays. `converted` is for a lead that was converted before."""

    status: LeadStatus = "new"
    assigned_to: Identifier | None = None
    version: Whole | None = None


class MergeLead(Body):
    """The lead that is the same person."""

    other_lead_id: Identifier


class LeadAnswer(BaseModel):
    """A lead; `deal_count` and `last_at` speak of what was merged into it too."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    email: str
    first_name: str | None
    last_name: str | None
    company: str | None
    phone: str | None
    message: str | None
    source: str
    status: LeadStatus
    ai_score: int | None
    ai_qualification_summary: str | None
    is_spam: bool
    facts: dict[str, Any]
    assigned_to: UUID | None
    merged_into: UUID | None
    customer_id: UUID | None
    contact_id: UUID | None
    deal_id: UUID | None
    deal_count: int
    last_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class ConvertedAnswer(BaseModel):
    """What a lead was converted to; `is_new` says that it was this time."""

    model_config = ConfigDict(from_attributes=True)
    customer_id: UUID
    contact_id: UUID | None
    deal_id: UUID
    is_new: bool
