"""Leases on outbox rows: who may do a row's work, until when, and when it is done.

A lease is a row's `attempts` number at the moment it was taken: whoever comes later counts it up, so a worker that was
thought dead notices in its next transaction that the work is no longer its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, func, or_, select, text, update
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import DealsError
from deals_app.extensions import db
from deals_app.models import OutboxRow
from deals_app.services.doorbell import Ring
from deals_app.services.unit_of_work import database_errors, unit_of_work

LEASE_SECONDS = 15
# In the payload: the last attempt that got something done. Only those in vain count towards giving up.
GOT_ON = "got_on"
# How long a ring may stay unanswered before the relay rings again.
RING_SECONDS = 8


class LeaseLost(DealsError):
    """Another worker has taken over; what this one was doing has been rolled back."""

    code = "LEASE_LOST"


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The right to do one row's work."""

    tenant_id: UUID
    outbox_id: UUID
    attempt: int
    payload: Mapping[str, Any]

    @property
    def attempts_in_vain(self) -> int:
        """How many attempts, this one included, came to nothing since the work last got on."""
        return self.attempt - int(self.payload.get(GOT_ON, 0))


def system_actor(tenant_id: UUID, reference: str, door: str) -> Actor:
    """Our own jobs act for a tenant under their own name."""
    return Actor(tenant_id=tenant_id, reference=reference, role=Role.SYSTEM, door=door)


def take_lease(tenant_id: UUID, outbox_id: UUID) -> Lease | None:
    """The row's lease, or None when it is done or another worker is at it."""
    with unit_of_work(system_actor(tenant_id, "system:outbox", "job")) as work:
        row = work.session.execute(
            update(OutboxRow)
            .where(OutboxRow.id == outbox_id, OutboxRow.done_at.is_(None))
            .where(or_(OutboxRow.leased_until.is_(None), OutboxRow.leased_until < func.now()))
            .values(leased_until=_lease_end(), attempts=OutboxRow.attempts + 1)
            .returning(OutboxRow.attempts, OutboxRow.payload)
        ).one_or_none()
    if row is None:
        return None
    return Lease(tenant_id=tenant_id, outbox_id=outbox_id, attempt=row.attempts, payload=row.payload)


def renew(session: Session, lease: Lease, *, gets_on: bool = False) -> None:
    """Heartbeat inside a transaction of the work itself; raises LeaseLost when another worker took over.

    With `gets_on` this transaction brings the work nearer to its end, however often it was begun.
    """
    noted = {"payload": OutboxRow.payload.op("||")(func.jsonb_build_object(GOT_ON, lease.attempt))} if gets_on else {}
    _hold(session, lease, leased_until=_lease_end(), **noted)


def finish(session: Session, lease: Lease, *, error: str | None = None) -> None:
    """Mark the row done, in the transaction of its effect; raises LeaseLost as `renew` does."""
    _hold(session, lease, done_at=func.now(), leased_until=None, last_error=error)


def due_rings(limit: int = 100) -> list[Ring]:
    """For the relay, over all tenants: rows whose lease and last ring have run out, now counted as rung."""
    with database_errors(), Session(db.engines["admin"]) as session, session.begin():
        due = (
            select(OutboxRow.tenant_id, OutboxRow.id)
            .where(OutboxRow.done_at.is_(None), OutboxRow.job.is_not(None))
            .where(or_(OutboxRow.leased_until.is_(None), OutboxRow.leased_until < func.now()))
            .where(OutboxRow.rung_at < func.now() - _seconds(RING_SECONDS))
            .order_by(OutboxRow.rung_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        rows = session.execute(
            update(OutboxRow)
            .where(OutboxRow.tenant_id == due.c.tenant_id, OutboxRow.id == due.c.id)
            .values(rung_at=func.now())
            .returning(OutboxRow.job, OutboxRow.tenant_id, OutboxRow.id, OutboxRow.attempts)
        ).all()
    return [Ring(job=row.job or "", tenant_id=row.tenant_id, outbox_id=row.id, attempt=row.attempts) for row in rows]


def _hold(session: Session, lease: Lease, **values: Any) -> None:
    result = session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == lease.outbox_id, OutboxRow.attempts == lease.attempt, OutboxRow.done_at.is_(None))
        .values(**values)
    )
    if cast("CursorResult[Any]", result).rowcount != 1:
        message = f"the lease on {lease.outbox_id} went to another worker"
        raise LeaseLost(message)


def _lease_end() -> Any:
    return func.now() + _seconds(LEASE_SECONDS)


def _seconds(count: int) -> Any:
    return text(f"interval '{count} seconds'")
