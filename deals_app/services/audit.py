"""The audit log: what was done that is no change of a deal. Written inside the transaction of the deed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert

from deals_app.models import AuditEntry
from deals_app.services.unit_of_work import UnitOfWork


def record(work: UnitOfWork, action: str, subject: str, details: Mapping[str, Any]) -> None:
    """Add a line; `subject` is `<noun>:<id>`."""
    work.session.execute(
        insert(AuditEntry).values(
            tenant_id=work.actor.tenant_id,
            action=action,
            subject=subject,
            details=dict(details),
            actor=work.actor.reference,
            door=work.actor.door,
            request_id=work.actor.request_id,
        )
    )
