"""What is kept of requests."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from deals_app.extensions import Base
from deals_app.models.columns import MadeAt, String, TenantId


class GivenAnswer(Base):
    """The answer to a request with an Idempotency-Key, for a day."""

    __tablename__ = "given_answers"
    tenant_id: Mapped[TenantId]
    key: Mapped[String] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    status: Mapped[int]
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    body: Mapped[bytes]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]
