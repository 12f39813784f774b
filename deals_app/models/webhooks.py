"""Webhook endpoints and what became of each message to them. Legal states: migrations/versions/0010."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from deals_app.extensions import Base
from deals_app.models.columns import Id, MadeAt, Moment, String, TenantId


class WebhookEndpoint(Base):
    """An address of another system that is told events, and how far the telling has come."""

    __tablename__ = "webhook_endpoints"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    url: Mapped[String]
    description: Mapped[String] = mapped_column(server_default="")
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    secret: Mapped[String] = mapped_column(deferred=True)
    old_secret: Mapped[String | None] = mapped_column(deferred=True)
    old_secret_until: Mapped[Moment | None]
    state: Mapped[String] = mapped_column(server_default="active")
    disabled_reason: Mapped[String | None]
    disabled_at: Mapped[Moment | None]
    cursor_written_by: Mapped[int] = mapped_column(BigInteger)
    cursor_event_id: Mapped[UUID]
    failing_since: Mapped[Moment | None]
    failures_in_row: Mapped[int] = mapped_column(server_default="0")
    rests_until: Mapped[Moment | None]
    attended_at: Mapped[Moment | None]
    rings: Mapped[int] = mapped_column(BigInteger, server_default="0")
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class WebhookDelivery(Base):
    """One event on its way to one endpoint. `attempts` is the lease, `tries` how far the retries have come."""

    __tablename__ = "webhook_deliveries"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    endpoint_id: Mapped[UUID]
    event_id: Mapped[UUID]
    event_type: Mapped[String]
    deal_id: Mapped[UUID | None]
    deal_version: Mapped[int | None]
    state: Mapped[String] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    tries: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[MadeAt]
    leased_until: Mapped[Moment | None]
    status_code: Mapped[int | None]
    error: Mapped[String | None]
    response: Mapped[String | None]
    duration_ms: Mapped[int | None]
    attempted_at: Mapped[Moment | None]
    delivered_at: Mapped[Moment | None]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]
