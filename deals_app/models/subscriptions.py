"""How far each in-process subscriber has come in the tenant's ledger. Legal states: migrations/versions/0020."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from deals_app.extensions import Base
from deals_app.models.columns import Id, MadeAt, Moment, String, TenantId


class Subscription(Base):
    """A subscriber in a tenant; the cursor is the last place of the settled order that is done."""

    __tablename__ = "subscriptions"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    name: Mapped[String]
    cursor_written_by: Mapped[int] = mapped_column(BigInteger)
    cursor_event_id: Mapped[UUID]
    failures_in_row: Mapped[int] = mapped_column(server_default="0")
    next_try_at: Mapped[Moment | None]
    last_error: Mapped[String | None]
    attended_at: Mapped[Moment | None]
    rings: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]
