"""Public forms. Legal states: migrations/versions/0016."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from deals_app.extensions import Base
from deals_app.models.columns import Id, MadeAt, Moment, String, TenantId

_NEW_KEY = "substr(replace(gen_random_uuid()::text, '-', ''), 1, 20)"


class Form(Base):
    """A page through which strangers write to a tenant."""

    __tablename__ = "forms"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    form_key: Mapped[String] = mapped_column(server_default=text(_NEW_KEY))
    name: Mapped[String]
    title: Mapped[String] = mapped_column(server_default="")
    intro: Mapped[String] = mapped_column(server_default="")
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    products: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    company_size_values: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
    thank_you: Mapped[String] = mapped_column(server_default="")
    consent: Mapped[String] = mapped_column(server_default="")
    allowed_origins: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    pipeline_id: Mapped[UUID | None]
    stage_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    deleted_at: Mapped[Moment | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]
