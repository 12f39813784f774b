"""Saved views. Legal states: migrations/versions/0013."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from deals_app.extensions import Base
from deals_app.models.columns import Id, MadeAt, Moment, String, TenantId


class SavedView(Base):
    """The words of a page's address under a name; `owner` is a reference as in the ledger."""

    __tablename__ = "saved_views"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    owner: Mapped[String]
    page: Mapped[String]
    name: Mapped[String]
    words: Mapped[dict[str, str]] = mapped_column(JSONB)
    is_shared: Mapped[bool] = mapped_column(server_default=text("false"))
    deleted_at: Mapped[Moment | None]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]
