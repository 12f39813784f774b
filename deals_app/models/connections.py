"""Connections to other systems and their synchronisations. Legal states: migrations/versions/0017."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from deals_app.extensions import Base
from deals_app.models.columns import Id, MadeAt, Moment, String, TenantId


class Connection(Base):
    """An account of HubSpot or Salesforce; what is secret of it is sealed, and loaded only when asked for."""

    __tablename__ = "connections"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    system: Mapped[String]
    name: Mapped[String]
    portal_id: Mapped[String | None]
    organization_id: Mapped[String | None]
    instance_url: Mapped[String | None]
    token: Mapped[String]
    state: Mapped[String] = mapped_column(server_default="waiting")
    client_id: Mapped[String | None]
    client_secret: Mapped[String | None] = mapped_column(deferred=True)
    access_token: Mapped[String | None] = mapped_column(deferred=True)
    refresh_token: Mapped[String | None] = mapped_column(deferred=True)
    token_ends_at: Mapped[Moment | None]
    sign_in: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True), deferred=True)
    sign_in_at: Mapped[Moment | None]
    fields: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    stages: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    owners: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    pipelines: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    known: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    synced_until: Mapped[Moment | None]
    last_synced_at: Mapped[Moment | None]
    last_error: Mapped[String | None]
    last_error_at: Mapped[Moment | None]
    disconnected_at: Mapped[Moment | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class ConnectionSync(Base):
    """One run through what changed there; its id is that of its row of the outbox."""

    __tablename__ = "connection_syncs"
    tenant_id: Mapped[TenantId]
    id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID]
    state: Mapped[String] = mapped_column(server_default="queued")
    is_full: Mapped[bool] = mapped_column(server_default="false")
    since: Mapped[Moment | None]
    cursor: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    fetched: Mapped[int] = mapped_column(server_default="0")
    waits_for: Mapped[String | None]
    problem: Mapped[String | None]
    actor: Mapped[String]
    started_at: Mapped[Moment | None]
    finished_at: Mapped[Moment | None]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]
