"""The webhooks' job."""

from __future__ import annotations

from deals_app.services.webhooks.delivering import deliver_webhooks


def deliver(tenant_id: str, endpoint_id: str) -> None:
    """Send what is due at an endpoint, for one turn; safe to ring twice."""
    deliver_webhooks(tenant_id, endpoint_id)
