"""HubSpot's events name deals and say nothing of them: here they are asked for, as they are now, and worked on.

What comes twice or late is asked for once more, and the newest version is what comes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.integrations.hubspot_webhooks import HubSpotEvent, events_in
from deals_app.integrations.vendor_errors import RateLimited, SignInAgain, VendorDown, VendorError
from deals_app.integrations.vendor_systems import AT_ONCE, Account
from deals_app.models import InboundItem
from deals_app.services.connections.access import access_to, break_off, held, refreshed
from deals_app.services.connections.pages import keep_objects, work_on
from deals_app.services.ingesting.processing import give_up, process_in
from deals_app.services.ingesting.receiving import sender_of_lease
from deals_app.services.outbox import Lease, finish, postpone, renew, take_lease
from deals_app.services.unit_of_work import reading, unit_of_work

MAX_ATTEMPTS = 10
LONGEST_WAIT_SECONDS = 300
Object = Mapping[str, Any]


def follow_events(tenant_id: str, outbox_id: str) -> None:
    """Ask for what a delivery of events speaks of; nothing happens when it is done or another worker is at it."""
    lease = take_lease(UUID(tenant_id), UUID(outbox_id))
    if lease is None:
        return
    actor = sender_of_lease(lease)
    with reading(actor) as session:
        item = session.scalars(
            select(InboundItem).where(InboundItem.delivery_id == lease.outbox_id, InboundItem.outcome == "received")
        ).one_or_none()
    if item is None:
        with unit_of_work(actor) as work:
            finish(work.session, lease)
        return
    connection_id = UUID(item.context["connection_id"])
    try:
        objects = _objects(actor, lease, connection_id, events_in(item.body).events)
    except VendorError as problem:
        _put_off(actor, lease, item.id, connection_id, problem)
        return
    _take(actor, lease, item, objects)


def _objects(actor: Actor, lease: Lease, connection_id: UUID, events: Sequence[HubSpotEvent]) -> Sequence[Object]:
    """The deals as they are now; one that is gone, and was said to be deleted, as HubSpot shows a deleted one."""
    access = access_to(actor, connection_id)
    ids = list(dict.fromkeys(event.object_id for event in events))
    try:
        found = held(actor, lease, lambda: _asked(access.account(), ids))
    except SignInAgain:
        again = refreshed(actor, access)
        found = held(actor, lease, lambda: _asked(again.account(), ids))
    there = {str(each["id"]) for each in found}
    deleted = {
        event.object_id: event
        for event in sorted(events, key=lambda event: event.occurred_at)
        if event.kind == "delete" and event.object_id not in there
    }
    gone = [
        {"id": each.object_id, "archived": True, "updatedAt": each.occurred_at.isoformat()} for each in deleted.values()
    ]
    return [*(_with_merged(each, events) for each in found), *gone]


def _asked(account: Account, ids: Sequence[str]) -> list[Object]:
    return [each for start in range(0, len(ids), AT_ONCE) for each in account.deals_of(ids[start : start + AT_ONCE])]


def _with_merged(found: Object, events: Sequence[HubSpotEvent]) -> Object:
    """What an event says of a merge may not stand in the deal yet."""
    merged = [each for event in events if event.object_id == str(found["id"]) for each in event.merged_ids]
    if not merged:
        return found
    properties: Object = found.get("properties") or {}
    known = str(properties.get("hs_merged_object_ids") or "").split(";")
    ids = ";".join(dict.fromkeys(each.strip() for each in [*known, *merged] if each.strip()))
    return {**found, "properties": {**properties, "hs_merged_object_ids": ids}}


def _take(actor: Actor, lease: Lease, item: InboundItem, objects: Sequence[Object]) -> None:
    context = {"connection_id": item.context["connection_id"], "event_item": str(item.id)}
    with unit_of_work(actor) as work:
        delivery = keep_objects(work, objects, context)
        process_in(work, item.id)
        finish(work.session, lease)
    if delivery is not None:
        work_on(actor, delivery)


def _put_off(actor: Actor, lease: Lease, item_id: UUID, connection_id: UUID, problem: VendorError) -> None:
    """Try later where that may help; else the next synchronisation brings what this would have brought."""
    is_over = not isinstance(problem, VendorDown) or lease.attempts_in_vain >= MAX_ATTEMPTS
    with unit_of_work(actor) as work:
        if is_over:
            give_up(work, item_id, f"{problem}; the next synchronisation brings what has changed")
            finish(work.session, lease, error=str(problem))
        elif isinstance(problem, RateLimited):
            postpone(work.session, lease, problem.seconds, gets_on=True)
        else:
            renew(work.session, lease)
            postpone(work.session, lease, min(LONGEST_WAIT_SECONDS, 2**lease.attempts_in_vain))
    if is_over:
        break_off(actor, connection_id, str(problem), is_broken=isinstance(problem, SignInAgain))
