"""Leads: the people behind deals. Legal states: migrations/versions/0014."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from deals_app.extensions import Base
from deals_app.models.columns import Id, MadeAt, String, TenantId


class Lead(Base):
    """A person who came in through a door; one per e-mail address."""

    __tablename__ = "leads"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    email: Mapped[String]
    email_key: Mapped[String]
    first_name: Mapped[String | None]
    last_name: Mapped[String | None]
    company: Mapped[String | None]
    phone: Mapped[String | None]
    message: Mapped[String | None]
    source: Mapped[String]
    status: Mapped[String] = mapped_column(server_default="new")
    ai_score: Mapped[int | None]
    ai_qualification_summary: Mapped[String | None]
    is_spam: Mapped[bool] = mapped_column(server_default=text("false"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    assigned_to: Mapped[UUID | None]
    merged_into: Mapped[UUID | None]
    gave: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    customer_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    deal_id: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class LeadDeal(Base):
    """That a person stands behind a deal."""

    __tablename__ = "lead_deals"
    tenant_id: Mapped[TenantId]
    lead_id: Mapped[UUID] = mapped_column(primary_key=True)
    deal_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]
