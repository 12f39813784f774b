"""The analysis' jobs."""

from __future__ import annotations

from deals_app.services.scoring.requests import analyse_requested
from deals_app.services.scoring.sweeping import sweep


def analyse_deal(tenant_id: str, outbox_id: str) -> None:
    """Work out how a deal is doing; safe to ring twice."""
    analyse_requested(tenant_id, outbox_id)


def analyse_tenant(tenant_id: str, outbox_id: str) -> None:
    """Look at a stretch of a tenant's deals; safe to ring twice."""
    sweep(tenant_id, outbox_id)
