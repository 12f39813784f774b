"""Customers, pipelines, stages, deals, their ledger and activities. Legal states: migrations/versions/0002."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Numeric, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from deals_app.extensions import Base
from deals_app.models.columns import Id, MadeAt, Moment, String, TenantId


class Customer(Base):
    """Whom a deal is made with; `match_key` is the name as `domain/matching.py` folds it."""

    __tablename__ = "customers"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    name: Mapped[String]
    kind: Mapped[String] = mapped_column(server_default="company")
    match_key: Mapped[String]
    domain: Mapped[String | None]
    churn_risk: Mapped[Decimal | None] = mapped_column(Numeric(5, 4))
    deleted_at: Mapped[Moment | None]
    import_id: Mapped[UUID | None]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class Pipeline(Base):
    """A row of stages that deals go through."""

    __tablename__ = "pipelines"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    workspace_id: Mapped[UUID]
    name: Mapped[String]
    description: Mapped[String | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class Stage(Base):
    """A step of a pipeline; a won stage is at 100 %, a lost one at 0 %."""

    __tablename__ = "stages"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    pipeline_id: Mapped[UUID]
    key: Mapped[String]
    name: Mapped[String]
    description: Mapped[String | None]
    position: Mapped[int]
    probability: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    status: Mapped[String] = mapped_column(server_default="open")
    rotting_days: Mapped[int | None]
    required_fields: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class Deal(Base):
    """A sales opportunity. Its status is its stage's (by foreign key); closed means dated; an edit takes a version."""

    __tablename__ = "deals"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    customer_id: Mapped[UUID | None]
    assigned_to: Mapped[UUID | None]
    name: Mapped[String]
    match_key: Mapped[String]
    value: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[String]
    value_estimated: Mapped[bool] = mapped_column(server_default=text("false"))
    pipeline_id: Mapped[UUID]
    stage_id: Mapped[UUID]
    status: Mapped[String]
    probability: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    source: Mapped[String] = mapped_column(server_default="inbound")
    ingested_from: Mapped[String]
    expected_close_date: Mapped[date | None]
    actual_close_date: Mapped[date | None]
    stage_entered_at: Mapped[MadeAt]
    loss_reason: Mapped[String | None]
    competitor: Mapped[String | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    custom_fields: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    extra: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB, server_default="{}")
    position: Mapped[Decimal] = mapped_column(Numeric)
    health_score: Mapped[int | None] = mapped_column(SmallInteger)
    risk_level: Mapped[String | None]
    insights: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    win_probability: Mapped[Decimal | None] = mapped_column(Numeric(5, 4))
    predicted_close_date: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]
    deleted_at: Mapped[Moment | None]


class ExternalRef(Base):
    """The name another system has for a deal: one look-up by primary key."""

    __tablename__ = "external_refs"
    tenant_id: Mapped[TenantId]
    system: Mapped[String] = mapped_column(primary_key=True)
    external_id: Mapped[String] = mapped_column(primary_key=True)
    deal_id: Mapped[UUID]
    source_updated_at: Mapped[Moment | None]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class DealEvent(Base):
    """The ledger: what changed from what to what. Written by triggers alone; the application can only read it."""

    __tablename__ = "deal_events"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    deal_id: Mapped[UUID]
    kind: Mapped[String]
    version: Mapped[int]
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    actor: Mapped[String]
    door: Mapped[String]
    cause: Mapped[UUID | None]
    operation: Mapped[UUID]
    undoes: Mapped[UUID | None]
    request_id: Mapped[String] = mapped_column(server_default="")
    written_by: Mapped[int] = mapped_column(BigInteger, server_default=text("((pg_current_xact_id())::text)::bigint"))
    at: Mapped[MadeAt]


class Activity(Base):
    """What people did about a deal: notes, calls, mails, meetings, tasks."""

    __tablename__ = "activities"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    deal_id: Mapped[UUID]
    kind: Mapped[String]
    body: Mapped[String]
    actor: Mapped[String]
    at: Mapped[MadeAt]
    due_on: Mapped[date | None]
    done_at: Mapped[Moment | None]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]
