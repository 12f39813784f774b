"""Who looks into a mailbox, until when; how far that look is; and what is written down about it afterwards.

The lease is the mailbox's `looks` number at the moment it was taken, as in the outbox: whoever was thought dead finds
another number, and what it was about to keep is rolled back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import CursorResult, func, or_, select, text, update
from sqlalchemy.orm import Session, undefer

from deals_app.domain.actor import Actor
from deals_app.domain.mailboxes import IMAP, LOOK_EVERY, rest_after
from deals_app.extensions import db
from deals_app.integrations.imap_reading import Account
from deals_app.integrations.sealing import SealBroken, seal
from deals_app.integrations.webhook_sending import outside
from deals_app.models import Mailbox, Tenant
from deals_app.services.doorbell import Ring
from deals_app.services.mailboxes.receiving import context_of, mailbox_actor
from deals_app.services.outbox import LeaseLost
from deals_app.services.unit_of_work import database_errors, unit_of_work

JOB: Final = "deals_app.jobs.mailboxes.look"
LEASE: Final = timedelta(seconds=40)
# How long a ring may stay unanswered before there is another.
UNANSWERED: Final = timedelta(minutes=2)

# The same row for two schedulers at once goes to one of them.
DUE = text("""
    UPDATE mailboxes m SET rung_at = now()
    FROM (SELECT tenant_id, id FROM mailboxes
          WHERE kind = 'imap' AND state = 'active' AND next_look_at <= now()
            AND (rung_at IS NULL OR rung_at < now() - :unanswered)
            AND (leased_until IS NULL OR leased_until < now())
          ORDER BY next_look_at LIMIT :most FOR UPDATE SKIP LOCKED) due
    WHERE m.tenant_id = due.tenant_id AND m.id = due.id
    RETURNING m.tenant_id, m.id, extract(epoch FROM m.rung_at)::bigint AS rung
""")


@dataclass
class Look:
    """One look of one worker: what it may do, and how far it is."""

    actor: Actor
    mailbox_id: UUID
    number: int
    account: Account
    begins_with: str
    marks_seen: bool
    uid_validity: int | None
    last_uid: int
    old_below: int
    old_since: date | None
    looked_at: datetime | None
    context: dict[str, str]
    renewed_at: float
    taken: int = 0


def due_mailboxes(limit: int = 100) -> list[Ring]:
    """For the schedule, over all tenants: active mailboxes whose minute is over, now counted as rung."""
    with database_errors(), Session(db.engines["admin"]) as session, session.begin():
        rows = session.execute(DUE, {"unanswered": UNANSWERED, "most": limit}).all()
    return [Ring(job=JOB, tenant_id=row.tenant_id, outbox_id=row.id, attempt=row.rung) for row in rows]


def begin_look(actor: Actor, mailbox_id: UUID, *, only_when_due: bool) -> Look | str:
    """The lease, or why there is none: another worker has it, the mailbox is paused, gone, or cannot be read."""
    is_free = or_(Mailbox.leased_until.is_(None), Mailbox.leased_until < func.now())
    wanted = select(Mailbox).where(Mailbox.id == mailbox_id, Mailbox.kind == IMAP, Mailbox.state == "active", is_free)
    if only_when_due:
        wanted = wanted.where(Mailbox.next_look_at <= func.now())
    with unit_of_work(actor) as work:
        session = work.session
        row = session.scalars(wanted.options(undefer(Mailbox.sealed)).with_for_update()).one_or_none()
        if row is None:
            return "somebody is looking into it right now, or it is paused"
        try:
            secret = seal.opened(row.sealed)["secret"]
        except SealBroken as error:
            _note_failure(session, row, str(error))
            return str(error)
        tenant = session.execute(select(Tenant.time_zone, Tenant.base_currency)).one()
        looking = _look(row, secret, mailbox_actor(actor.tenant_id, row.id, tenant.time_zone, tenant.base_currency))
        session.execute(
            update(Mailbox)
            .where(Mailbox.id == mailbox_id)
            .values(looks=looking.number, leased_until=func.now() + LEASE, rung_at=None)
        )
        return looking


def _look(row: Mailbox, secret: str, actor: Actor) -> Look:
    return Look(
        actor=actor,
        mailbox_id=row.id,
        number=row.looks + 1,
        account=Account(
            host=row.host or "",
            port=row.port or 0,
            user=row.user_name or "",
            password=secret,
            is_plain=row.security == "none",
            allow_internal=outside.allow_internal,
        ),
        begins_with=row.begins_with,
        marks_seen=row.marks_seen,
        uid_validity=row.uid_validity,
        last_uid=row.last_uid,
        old_below=row.old_below,
        old_since=row.old_since,
        looked_at=row.looked_at,
        context=context_of(row.id, row.pipeline_id, row.owner_id),
        renewed_at=time.monotonic(),
    )


def hold(looking: Look) -> None:
    """Write down how far it is, and that somebody is at it; raises LeaseLost."""
    with unit_of_work(looking.actor) as work:
        advance(work.session, looking)


def advance(session: Session, looking: Look, **more: Any) -> None:
    """`hold`, in the transaction of what was kept."""
    result = session.execute(
        update(Mailbox)
        .where(Mailbox.id == looking.mailbox_id, Mailbox.looks == looking.number)
        .values(
            uid_validity=looking.uid_validity,
            last_uid=looking.last_uid,
            old_below=looking.old_below,
            old_since=looking.old_since,
            leased_until=func.now() + LEASE,
            **more,
        ),
        execution_options={"synchronize_session": False},
    )
    if cast("CursorResult[Any]", result).rowcount != 1:
        message = f"mailbox {looking.mailbox_id} is somebody else's to look into"
        raise LeaseLost(message)
    looking.renewed_at = time.monotonic()


def end_look(looking: Look, *, has_more: bool) -> None:
    """It went well: due again in a minute, or at once where there is more."""
    wait = timedelta(0) if has_more else LOOK_EVERY
    values = {"looked_at": func.now(), "last_error": None, "failing_since": None, "failures_in_row": 0}
    _release(looking, {**values, "next_look_at": func.now() + wait})


def fail_look(looking: Look, why: str) -> None:
    """It could not be looked into, for the reason given."""
    with unit_of_work(looking.actor) as work:
        row = work.session.scalars(
            select(Mailbox).where(Mailbox.id == looking.mailbox_id, Mailbox.looks == looking.number).with_for_update()
        ).one_or_none()
        if row is not None:
            _note_failure(work.session, row, why)


def _note_failure(session: Session, row: Mailbox, why: str) -> None:
    """It rests a little longer after each failure in a row."""
    failures = row.failures_in_row + 1
    session.execute(
        update(Mailbox)
        .where(Mailbox.id == row.id)
        .values(
            last_error=why[:500],
            failures_in_row=failures,
            failing_since=func.coalesce(Mailbox.failing_since, func.now()),
            next_look_at=func.now() + rest_after(failures),
            leased_until=None,
            rung_at=None,
        )
    )


def _release(looking: Look, values: dict[str, Any]) -> None:
    with unit_of_work(looking.actor) as work:
        work.session.execute(
            update(Mailbox)
            .where(Mailbox.id == looking.mailbox_id, Mailbox.looks == looking.number)
            .values(**values, leased_until=None, rung_at=None)
        )
