"""Whatever was refused is tried again: the rejected items of a filter, one after the other, by a worker."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import update

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Forbidden
from deals_app.models import InboundItem
from deals_app.services.audit import record
from deals_app.services.ingesting.processing import process_in
from deals_app.services.ingesting.receiving import ONCE_MORE, sender_of_lease
from deals_app.services.outbox import finish, renew, take_lease
from deals_app.services.queries.inbox import ItemFilter, rejected_items
from deals_app.services.unit_of_work import unit_of_work

JOB = "deals_app.jobs.inbound.replay_items"
TOPIC = "ingestion.replay"
# Whoever has more asks again.
MOST_AT_ONCE = 500


def replay_rejected(actor: Actor, wanted: ItemFilter) -> int:
    """Have the newest rejected items of a filter worked on once more; returns how many. Raises Invalid, Forbidden."""
    if not actor.manages:
        message = "Managers and admins replay what came in"
        raise Forbidden(message)
    found = rejected_items(actor, wanted, MOST_AT_ONCE)
    if not found:
        return 0
    with unit_of_work(actor) as work:
        payload: dict[str, Any] = {"source": actor.door, "actor": actor.reference, "role": actor.role.value}
        payload |= {"items": [(str(item_id), source) for item_id, source in found]}
        payload |= {"user_id": str(actor.user_id)} if actor.user_id else {}
        outbox_id = work.enqueue(JOB, TOPIC, payload)
        record(work, "inbox.replayed", f"outbox:{outbox_id}", {"items": len(found)} | vars(wanted))
    return len(found)


def replay_items(tenant_id: str, outbox_id: str) -> None:
    """Work on each item that is still rejected; a worker that dies is followed by one that begins anew."""
    lease = take_lease(UUID(tenant_id), UUID(outbox_id))
    if lease is None:
        return
    actor = sender_of_lease(lease)
    for item_id, source in lease.payload["items"]:
        with unit_of_work(replace(actor, door=source)) as work:
            renew(work.session, lease, gets_on=True)
            still = (InboundItem.id == UUID(item_id), InboundItem.outcome == "rejected")
            statement = update(InboundItem).where(*still).values(ONCE_MORE).returning(InboundItem.id)
            if work.session.scalar(statement) is not None:
                process_in(work, UUID(item_id))
    with unit_of_work(actor) as work:
        finish(work.session, lease)
