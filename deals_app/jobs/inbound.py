"""The inbox's job."""

from __future__ import annotations

from deals_app.services.ingesting import receiving


def process_delivery(tenant_id: str, outbox_id: str) -> None:
    """Bring a delivery to its end, or as much of it as this worker lives; safe to ring twice."""
    receiving.process_delivery(tenant_id, outbox_id)
