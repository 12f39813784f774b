"""The inbox's job."""

from __future__ import annotations

from deals_app.services.ingesting import receiving, replaying


def process_delivery(tenant_id: str, outbox_id: str) -> None:
    """Bring a delivery to its end, or as much of it as this worker lives; safe to ring twice."""
    receiving.process_delivery(tenant_id, outbox_id)


def replay_items(tenant_id: str, outbox_id: str) -> None:
    """Work on rejected items once more; safe to ring twice."""
    replaying.replay_items(tenant_id, outbox_id)
