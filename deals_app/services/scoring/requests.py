"""Asking for an analysis in the transaction that calls for it, and doing what was asked."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.models import Deal, Tenant
from deals_app.services.outbox import Lease, finish, system_actor, take_lease
from deals_app.services.scoring.analysing import analyse
from deals_app.services.scoring.usual import ANALYST, usual
from deals_app.services.unit_of_work import UnitOfWork, reading, unit_of_work

JOB, TOPIC = "deals_app.jobs.analysis.analyse_deal", "analysis.deal"
# Work that killed as many workers is given up.
MAX_ATTEMPTS = 10


def request_analysis(work: UnitOfWork, deal_id: UUID) -> UUID:
    """Have a deal analysed once this transaction is committed; returns the outbox row's id.

    Asked twice it is done twice, and the second time finds nothing to write.
    """
    return work.enqueue(JOB, TOPIC, {"deal_id": str(deal_id)})


def analyse_requested(tenant_id: str, outbox_id: str) -> None:
    """Do what an outbox row asks for; nothing happens when it is done or another worker is at it."""
    begun = begin(tenant_id, outbox_id)
    if begun is None:
        return
    actor, lease = begun
    deal_id = UUID(lease.payload["deal_id"])
    with unit_of_work(actor) as work:
        # One deal may be held from the start, so that its analysis is of the deal as it is.
        work.session.execute(select(Deal.id).where(Deal.id == deal_id).with_for_update(key_share=True))
        analyse(work, [deal_id], usual(work))
        finish(work.session, lease)


def begin(tenant_id: str, outbox_id: str) -> tuple[Actor, Lease] | None:
    """The tenant's analyst and the lease on a row; None when there is nothing to do, or it was tried too often."""
    lease = take_lease(UUID(tenant_id), UUID(outbox_id))
    if lease is None:
        return None
    actor = system_actor(lease.tenant_id, ANALYST, "job")
    with reading(actor) as session:
        tenant = session.scalars(select(Tenant)).one()
        actor = replace(actor, time_zone=tenant.time_zone, base_currency=tenant.base_currency)
    if lease.attempts_in_vain > MAX_ATTEMPTS:
        with unit_of_work(actor) as work:
            finish(work.session, lease, error=f"The analysis was given up after {MAX_ATTEMPTS} attempts")
        return None
    return actor, lease
