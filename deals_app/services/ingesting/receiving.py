"""Something comes in: it is kept, and then worked on at once, or by a worker where there is much of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Forbidden, NotFound
from deals_app.domain.inbound import Delivered
from deals_app.models import InboundItem, OutboxRow, Tenant
from deals_app.services.ingesting.inbox import TOPIC, Delivery, Raw, keep, sender_from, sender_of
from deals_app.services.ingesting.processing import Outcome, give_up, process_in, process_item
from deals_app.services.outbox import Lease, finish, renew, system_actor, take_lease
from deals_app.services.unit_of_work import looking, reading, unit_of_work

# More are left to a worker: nobody waits that long for an answer.
MOST_AT_ONCE = 500
# What had become of it is not forgotten when it comes to the same again.
REPLAYED = func.jsonb_build_array(
    func.jsonb_build_object(
        "step", "replayed", "before", func.coalesce(InboundItem.steps[0]["before"].astext, InboundItem.outcome)
    )
)
# A thing that kills ten workers would kill the eleventh.
MAX_ATTEMPTS = 10


def receive(actor: Actor, source: str, thing: Raw) -> Outcome:
    """One thing, kept and worked on; raises Unavailable. What is wrong with it stands in the outcome."""
    return _worked_on(actor, source, keep(actor, source, [thing]))[0]


def receive_many(actor: Actor, source: str, things: Sequence[Raw]) -> list[Outcome] | UUID:
    """Each for itself, in order: what is wrong with one stops no other. Above 500 the id of the delivery."""
    delivery = keep(actor, source, things, ring=len(things) > MOST_AT_ONCE)
    return delivery.id if len(things) > MOST_AT_ONCE else _worked_on(actor, source, delivery)


def delivered(actor: Actor, delivery_id: UUID) -> Delivered:
    """How far a delivery is; raises NotFound."""
    with reading(actor) as session:
        row = session.execute(
            select(OutboxRow.created_at, OutboxRow.done_at, OutboxRow.attempts).where(
                OutboxRow.id == delivery_id, OutboxRow.topic == TOPIC
            )
        ).one_or_none()
        if row is None:
            message = "There is no such import"
            raise NotFound(message)
        counted = session.execute(
            select(InboundItem.outcome, func.count(), func.min(InboundItem.settled_at))
            .where(InboundItem.delivery_id == delivery_id)
            .group_by(InboundItem.outcome)
        ).all()
    counts: dict[str, int] = {outcome: count for outcome, count, _ in counted}
    begun: list[datetime] = [first for _, _, first in counted if first is not None]
    return Delivered(
        id=delivery_id,
        counts=counts,
        received_at=row.created_at,
        begun_at=min(begun, default=None),
        done_at=row.done_at,
    )


def process_delivery(tenant_id: str, outbox_id: str) -> None:
    """Bring a delivery to its end; nothing happens when it is done or another worker is at it."""
    lease = take_lease(UUID(tenant_id), UUID(outbox_id))
    if lease is None:
        return
    actor = sender_of_lease(lease)
    while (item_id := _next(actor, lease.outbox_id)) is not None:
        with unit_of_work(actor) as work:
            renew(work.session, lease, gets_on=True)
            if lease.attempts_in_vain > MAX_ATTEMPTS:
                give_up(work, item_id, f"It could not be worked on in {MAX_ATTEMPTS} attempts")
            else:
                process_in(work, item_id)
    with unit_of_work(actor) as work:
        finish(work.session, lease)


def replay(actor: Actor, item_id: UUID) -> Outcome:
    """Work on an item once more, as it came; raises NotFound, Unavailable, Forbidden for reps."""
    if not actor.manages:
        message = "Managers and admins replay what came in"
        raise Forbidden(message)
    with unit_of_work(actor) as work:
        found = work.session.execute(
            update(InboundItem)
            .where(InboundItem.id == item_id, InboundItem.outcome != "received")
            .values(outcome="received", settled_at=None, problems=None, steps=REPLAYED)
            .returning(InboundItem.source)
        ).one_or_none()
        if found is None:
            message = "There is no such item"
            raise NotFound(message)
    return process_item(sender_of(actor, found.source), item_id)


def _worked_on(actor: Actor, source: str, delivery: Delivery) -> list[Outcome]:
    sender = sender_of(actor, source)
    *first, last = delivery.item_ids
    outcomes = [process_item(sender, item_id) for item_id in first]
    return [*outcomes, process_item(sender, last, last_of=delivery.id)]


def _next(actor: Actor, delivery_id: UUID) -> UUID | None:
    with looking(actor) as work:
        return work.session.scalar(
            select(InboundItem.id)
            .where(InboundItem.delivery_id == delivery_id, InboundItem.outcome == "received")
            .order_by(InboundItem.position)
            .limit(1)
        )


def sender_of_lease(lease: Lease) -> Actor:
    """Whoever sent the delivery that a lease is for, as a worker acts for them."""
    with reading(system_actor(lease.tenant_id, "system:ingestion", "job")) as session:
        tenant = session.execute(select(Tenant.time_zone, Tenant.base_currency)).one()
    return sender_from(lease.tenant_id, lease.payload, time_zone=tenant.time_zone, base_currency=tenant.base_currency)
