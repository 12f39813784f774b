"""The connections' jobs."""

from __future__ import annotations

from deals_app.services.connections import following, syncing


def run_sync(tenant_id: str, outbox_id: str) -> None:
    """Bring a synchronisation to its end, or as much of it as this worker lives; safe to ring twice."""
    syncing.run_sync(tenant_id, outbox_id)


def follow_events(tenant_id: str, outbox_id: str) -> None:
    """Ask for the deals that a delivery of events speaks of; safe to ring twice."""
    following.follow_events(tenant_id, outbox_id)
