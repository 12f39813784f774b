"""The inbox: what came in is kept as it came, before anything else is done with it.

A delivery (one request, one mail, one page of a sync) is one row of the outbox with the same id. Whoever received it
works on it at once; a worker brings it to its end when that did not happen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from deals_app.domain.actor import Actor, Role
from deals_app.models import InboundItem
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

JOB = "deals_app.jobs.inbound.process_delivery"
TOPIC = "ingestion.received"


@dataclass(frozen=True, kw_only=True)
class Raw:
    """One thing as it came. `context` is what the body does not say: a form, a connection, the kind of an event."""

    body: bytes
    content_type: str = "application/json"
    context: Mapping[str, Any] = field(default_factory=dict[str, Any])
    verdict: str | None = None
    """What is to be thought of its signature, where its door has one: `valid v3`, `none`, `wrong: …`."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What was kept: its things in the order in which they came."""

    id: UUID
    item_ids: tuple[UUID, ...]


def keep(actor: Actor, source: str, things: Sequence[Raw], *, ring: bool = False, job: str = JOB) -> Delivery:
    """Store what came in, for good, in one transaction.

    With `ring` a worker is woken for it; without, the caller processes it now and a worker only if the caller dies.
    `job` is what a worker does with it.
    """
    with unit_of_work(sender_of(actor, source)) as work:
        return keep_in(work, source, things, ring=ring, job=job)


def keep_in(work: UnitOfWork, source: str, things: Sequence[Raw], *, ring: bool = False, job: str = JOB) -> Delivery:
    """`keep`, inside a transaction of the sender."""
    actor = work.actor
    payload = {"source": source, "actor": actor.reference, "role": actor.role.value}
    payload |= {"user_id": str(actor.user_id)} if actor.user_id else {}
    delivery_id = work.enqueue(job, TOPIC, payload, ring=ring)
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "source": source,
            "content_type": thing.content_type[:200],
            "body": thing.body,
            "signature_verdict": thing.verdict,
            "context": dict(thing.context),
            "delivery_id": delivery_id,
            "position": position,
        }
        for position, thing in enumerate(things)
    ]
    ids = work.session.scalars(insert(InboundItem).returning(InboundItem.id, sort_by_parameter_order=True), rows)
    return Delivery(id=delivery_id, item_ids=tuple(ids))


def sender_of(actor: Actor, source: str) -> Actor:
    """Who acts when something comes in: the sender, through the source's door."""
    return replace(actor, door=source)


def sender_from(tenant_id: UUID, payload: Mapping[str, Any], *, time_zone: str, base_currency: str) -> Actor:
    """`sender_of` for a worker that finishes a delivery."""
    return Actor(
        tenant_id=tenant_id,
        reference=payload["actor"],
        role=Role(payload["role"]),
        door=payload["source"],
        user_id=UUID(payload["user_id"]) if "user_id" in payload else None,
        time_zone=time_zone,
        base_currency=base_currency,
    )
