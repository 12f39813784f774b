"""Looking at every deal once an hour, as days pass by themselves: stretch by stretch, an outbox row for each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, text
from sqlalchemy.orm import Session

from deals_app.domain.health import MOST_POINTS, OPEN, WON
from deals_app.extensions import db
from deals_app.models import Deal
from deals_app.services.doorbell import Ring
from deals_app.services.outbox import finish
from deals_app.services.scoring.analysing import DEALS_AT_ONCE, analyse
from deals_app.services.scoring.requests import begin
from deals_app.services.scoring.usual import usual
from deals_app.services.unit_of_work import database_errors, unit_of_work

JOB, TOPIC = "deals_app.jobs.analysis.analyse_tenant", "analysis.sweep"
TENANTS_AT_ONCE = 100
FACTORS = 4

# Two schedulers at once must not begin the same sweep twice.
ONE_SCHEDULER = text("SELECT pg_advisory_xact_lock(hashtext('analysis.sweep'))")
# A sweep is over when its last stretch is done; the next begins an hour after that was asked for.
DUE = text("""
    INSERT INTO outbox (tenant_id, topic, payload, job)
    SELECT t.id, :topic, '{}', :job FROM tenants t
    WHERE NOT EXISTS (
        SELECT FROM outbox o WHERE o.tenant_id = t.id AND o.topic = 'analysis.sweep'
        AND (o.created_at > now() - interval '1 hour'
             OR (o.done_at IS NULL AND o.created_at > now() - interval '1 day')))
    LIMIT :most
    RETURNING tenant_id, id
""")


def begin_due_sweeps() -> list[Ring]:
    """For the schedule, over all tenants: begin a sweep where the last one is an hour old, and say whom to ring."""
    with database_errors(), Session(db.engines["admin"]) as session, session.begin():
        session.execute(ONE_SCHEDULER)
        rows = session.execute(DUE, {"topic": TOPIC, "job": JOB, "most": TENANTS_AT_ONCE}).all()
    return [Ring(job=JOB, tenant_id=row.tenant_id, outbox_id=row.id, attempt=0) for row in rows]


def sweep(tenant_id: str, outbox_id: str) -> None:
    """Analyse a stretch of a tenant's deals and ask for the next one, in one transaction; safe to ring twice."""
    begun = begin(tenant_id, outbox_id)
    if begun is None:
        return
    actor, lease = begun
    with unit_of_work(actor) as work:
        deal_ids = _stretch(work.session, lease.payload.get("after"))
        if deal_ids:
            analyse(work, deal_ids, usual(work), warns_at_first=False)
        if len(deal_ids) == DEALS_AT_ONCE:
            work.enqueue(JOB, TOPIC, {"after": str(deal_ids[-1])})
        finish(work.session, lease)


def _stretch(session: Session, after: Any) -> list[UUID]:
    """The next deals by id: the open ones, and those that were closed or scored otherwise since."""
    behind = [] if after is None else [Deal.id > UUID(after)]
    wanted = select(Deal.id).where(Deal.deleted_at.is_(None), _may_have_changed(), *behind)
    return list(session.scalars(wanted.order_by(Deal.id).limit(DEALS_AT_ONCE)))


def _may_have_changed() -> ColumnElement[bool]:
    """A closed deal has a score of its own (`health_of`), which no longer changes."""
    won, lost = Deal.status == WON, Deal.status.not_in((OPEN, WON))
    return or_(
        Deal.status == OPEN,
        and_(won, Deal.health_score != FACTORS * MOST_POINTS),
        and_(lost, Deal.health_score != 0),
    )
