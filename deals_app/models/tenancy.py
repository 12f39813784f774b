"""Tenants, people and how they come in. Legal states: migrations/versions/0001."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Numeric, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from deals_app.extensions import Base
from deals_app.models.columns import Id, MadeAt, Moment, String, TenantId


class Tenant(Base):
    """A company that uses Deals. Row security shows only the current one."""

    __tablename__ = "tenants"
    id: Mapped[Id]
    slug: Mapped[String]
    name: Mapped[String]
    base_currency: Mapped[String] = mapped_column(server_default="USD")
    time_zone: Mapped[String] = mapped_column(server_default="UTC")
    loss_reason_required: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class Workspace(Base):
    """Owns pipelines and connections; every tenant has a default one."""

    __tablename__ = "workspaces"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    name: Mapped[String]
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class User(Base):
    """A person, perhaps of several tenants. The application's role cannot read `password_hash`."""

    __tablename__ = "users"
    id: Mapped[Id]
    email: Mapped[String]
    name: Mapped[String]
    password_hash: Mapped[String | None] = mapped_column(deferred=True)
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class Membership(Base):
    """A person's role in a tenant; what `deals.assigned_to` refers to."""

    __tablename__ = "memberships"
    tenant_id: Mapped[TenantId]
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[String]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class UserSession(Base):
    """A signed-in browser. Deleting the row ends it, whoever still holds the cookie."""

    __tablename__ = "sessions"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    user_id: Mapped[UUID]
    token_hash: Mapped[bytes]
    user_agent: Mapped[String] = mapped_column(server_default="")
    expires_at: Mapped[Moment]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class ApiKey(Base):
    """A key of another system: prefix and SHA-256, never the key."""

    __tablename__ = "api_keys"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    name: Mapped[String]
    prefix: Mapped[String]
    key_hash: Mapped[bytes]
    role: Mapped[String]
    expires_at: Mapped[Moment | None]
    revoked_at: Mapped[Moment | None]
    last_used_at: Mapped[Moment | None]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class AuditEntry(Base):
    """Who did what that is not a change of a deal (those are in the ledger). Append-only."""

    __tablename__ = "audit_log"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    action: Mapped[String]
    subject: Mapped[String]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    actor: Mapped[String]
    door: Mapped[String]
    request_id: Mapped[String] = mapped_column(server_default="")
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class FxRate(Base):
    """How many units of `quote` one unit of `base` buys on a day; the same for all tenants."""

    __tablename__ = "fx_rates"
    base: Mapped[String] = mapped_column(primary_key=True)
    quote: Mapped[String] = mapped_column(primary_key=True)
    on_date: Mapped[date] = mapped_column(primary_key=True)
    rate: Mapped[Decimal] = mapped_column(Numeric)
    source: Mapped[String]
    created_at: Mapped[MadeAt]
