"""What comes in and what must go out: inbox, imports, outbox. Legal states: migrations/versions/0002 and 0003."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from deals_app.extensions import Base
from deals_app.models.columns import Id, MadeAt, Moment, String, TenantId


class InboundItem(Base):
    """Whatever came through one of the seven doors, raw, with what became of it."""

    __tablename__ = "inbound_items"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    source: Mapped[String]
    content_type: Mapped[String] = mapped_column(server_default="")
    body: Mapped[bytes]
    signature_verdict: Mapped[String | None]
    parsed: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    decision: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    outcome: Mapped[String] = mapped_column(server_default="received")
    deal_id: Mapped[UUID | None]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class Import(Base):
    """One file on its way in; its counts always add up to the rows processed."""

    __tablename__ = "imports"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    pipeline_id: Mapped[UUID]
    filename: Mapped[String]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    shape: Mapped[dict[str, Any]] = mapped_column(JSONB)
    mapping: Mapped[dict[str, str]] = mapped_column(JSONB)
    system: Mapped[String]
    stage_map: Mapped[dict[str, str | None]] = mapped_column(JSONB, server_default="{}")
    owner_map: Mapped[dict[str, str | None]] = mapped_column(JSONB, server_default="{}")
    header_key: Mapped[String] = mapped_column(server_default="")
    state: Mapped[String] = mapped_column(server_default="draft")
    problem: Mapped[String | None]
    total: Mapped[int] = mapped_column(server_default="0")
    processed: Mapped[int] = mapped_column(server_default="0")
    created: Mapped[int] = mapped_column(server_default="0")
    updated: Mapped[int] = mapped_column(server_default="0")
    unchanged: Mapped[int] = mapped_column(server_default="0")
    failed: Mapped[int] = mapped_column(server_default="0")
    skipped: Mapped[int] = mapped_column(server_default="0")
    plan: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    checked_line: Mapped[int] = mapped_column(server_default="0")
    checked_at: Mapped[Moment | None]
    undo: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    undone_at: Mapped[Moment | None]
    staged_at: Mapped[Moment | None]
    cursor_line: Mapped[int] = mapped_column(server_default="0")
    actor: Mapped[String]
    started_at: Mapped[Moment | None]
    finished_at: Mapped[Moment | None]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class ImportFile(Base):
    """A part of an uploaded file, one megabyte at most."""

    __tablename__ = "import_files"
    tenant_id: Mapped[TenantId]
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class ImportRow(Base):
    """A row of the file: as it came, as it was understood, and what became of it."""

    __tablename__ = "import_rows"
    tenant_id: Mapped[TenantId]
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[list[str]] = mapped_column(JSONB)
    problems: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB)
    name: Mapped[String | None]
    match_key: Mapped[String | None]
    company: Mapped[String | None]
    company_key: Mapped[String | None]
    value: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[String | None]
    stage_id: Mapped[UUID | None]
    status: Mapped[String | None]
    probability: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    owner_id: Mapped[UUID | None]
    expected_close_date: Mapped[date | None]
    actual_close_date: Mapped[date | None]
    ref_system: Mapped[String | None]
    external_id: Mapped[String | None]
    source: Mapped[String | None]
    loss_reason: Mapped[String | None]
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    custom_fields: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    extra: Mapped[dict[str, Any] | None] = mapped_column("metadata", JSONB)
    verdict: Mapped[String | None]
    changes: Mapped[dict[str, list[Any]] | None] = mapped_column(JSONB)
    review: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB)
    decision: Mapped[String | None]
    outcome: Mapped[String | None]
    deal_id: Mapped[UUID | None]
    made_ref: Mapped[bool] = mapped_column(server_default=text("false"))
    kept: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB)
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class OutboxRow(Base):
    """Something that must happen after a commit. `job` names the RQ job to ring; without one it is only a record."""

    __tablename__ = "outbox"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    topic: Mapped[String]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    job: Mapped[String | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    rung_at: Mapped[MadeAt]
    leased_until: Mapped[Moment | None]
    done_at: Mapped[Moment | None]
    last_error: Mapped[String | None]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]
