"""What was worked out about a deal. Legal states: migrations/versions/0015."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from deals_app.extensions import Base
from deals_app.models.columns import MadeAt, TenantId


class DealAnalysis(Base):
    """How a deal's health score came about; the score and the insights are the deal's own columns."""

    __tablename__ = "deal_analyses"
    tenant_id: Mapped[TenantId]
    deal_id: Mapped[UUID] = mapped_column(primary_key=True)
    factors: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    analysed_at: Mapped[MadeAt]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]
