"""The mailboxes' job."""

from __future__ import annotations

from deals_app.services.mailboxes import looking


def look(tenant_id: str, mailbox_id: str) -> None:
    """Take what is new in a mailbox, for one turn; safe to ring twice."""
    looking.look(tenant_id, mailbox_id)
