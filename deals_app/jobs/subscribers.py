"""The subscribers' job."""

from __future__ import annotations

from deals_app.services.subscribers.following import follow_ledger


def follow(tenant_id: str, subscription_id: str) -> None:
    """Hand what has happened to a subscriber, for one turn; safe to ring twice."""
    follow_ledger(tenant_id, subscription_id)
