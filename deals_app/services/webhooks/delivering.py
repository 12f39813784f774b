"""The job of an endpoint: plan what is new, send what is due, write down what came of it, several at once.

HTTP happens in threads that know no database; between two answers one short transaction settles the finished and
claims the next. Killed anywhere, the leases run out and the same messages go out again under the same ids.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, undefer

from deals_app.domain.actor import Actor
from deals_app.domain.webhooks import DISABLED_AFTER, TEST_EVENT, rest_after
from deals_app.extensions import db
from deals_app.integrations.webhook_sending import Message, Outcome, send
from deals_app.models import DealEvent, WebhookEndpoint
from deals_app.services.audit import record
from deals_app.services.doorbell import Ring
from deals_app.services.event_catalogue import event_of
from deals_app.services.outbox import system_actor
from deals_app.services.queries.names import ActorNames
from deals_app.services.unit_of_work import UnitOfWork, database_errors, unit_of_work
from deals_app.services.webhooks.claiming import Claim, claim, settle
from deals_app.services.webhooks.planning import plan_deliveries

JOB = "deals_app.jobs.webhooks.deliver"
AT_ONCE = 8
# Then the next endpoint, or an import, has its turn; the relay rings again for what is left.
TURN_SECONDS = 20
# While one answer takes its time there may be more to send, and the relay wants a sign of life.
LOOK_SECONDS = 1
# So many failures in a row are an endpoint's own, not a message's: from then on it rests, and is asked once at a time.
PATIENCE = 4
# How long a ring or a worker may give no sign before the relay rings again.
UNANSWERED_SECONDS = 20


def deliver_webhooks(tenant_id: str, endpoint_id: str) -> None:
    """Send what is due at an endpoint, for one turn; safe to ring twice, and for endpoints that are gone."""
    actor = system_actor(UUID(tenant_id), "system:webhooks", "job")
    ends = time.monotonic() + TURN_SECONDS
    running: dict[Future[Outcome], Claim] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as pool:
        while True:
            done = [future for future in running if future.done()]
            finished = [(running.pop(future), future.result()) for future in done]
            free = AT_ONCE - len(running) if time.monotonic() < ends else 0
            for claimed, message in _between(actor, UUID(endpoint_id), finished, free, under_way=len(running)):
                running[pool.submit(send, message)] = claimed
            if not running:
                return
            wait(running, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)


def due_webhooks(limit: int = 100) -> list[Ring]:
    """For the relay, over all tenants: endpoints with something to be told and nobody at them, now counted as rung."""
    asked = text("SELECT * FROM due_webhooks(make_interval(secs => :unanswered), :most)")
    with database_errors(), db.engines["admin"].begin() as connection:
        rows = connection.execute(asked, {"unanswered": UNANSWERED_SECONDS, "most": limit}).all()
    return [Ring(job=JOB, tenant_id=tenant, outbox_id=endpoint, attempt=rings) for tenant, endpoint, rings in rows]


def _between(
    actor: Actor, endpoint_id: UUID, finished: Sequence[tuple[Claim, Outcome]], free: int, *, under_way: int
) -> list[tuple[Claim, Message]]:
    """One transaction: what is finished is settled, what is new is planned, what is due is claimed."""
    with unit_of_work(actor) as work:
        session = work.session
        found = session.execute(
            select(WebhookEndpoint, func.now().label("now"))
            .where(WebhookEndpoint.id == endpoint_id)
            .options(undefer(WebhookEndpoint.secret), undefer(WebhookEndpoint.old_secret))
            .with_for_update()
        ).one_or_none()
        if found is None:
            return []
        endpoint, now = found
        for claimed, outcome in finished:
            settle(session, claimed, outcome)
        if finished:
            _note(work, endpoint, [outcome for _, outcome in finished], now)
        claims: Sequence[Claim] = ()
        if endpoint.state == "active" and free and not _rests(endpoint, now):
            plan_deliveries(session, endpoint)
            is_well = endpoint.failures_in_row <= PATIENCE
            claims = claim(session, endpoint, free if is_well else max(0, 1 - under_way))
        endpoint.attended_at = now if claims or under_way else None
        session.flush()
        return _messages(session, endpoint, claims, now)


def _note(work: UnitOfWork, endpoint: WebhookEndpoint, outcomes: Sequence[Outcome], now: datetime) -> None:
    """What attempts say about the endpoint itself: it works, it fails, it is to be left alone."""
    if any(outcome.got_through for outcome in outcomes):
        endpoint.failing_since, endpoint.failures_in_row, endpoint.rests_until = None, 0, None
    else:
        failing_since = endpoint.failing_since = endpoint.failing_since or now
        # Those that were under way when it began to rest say nothing new.
        if not _rests(endpoint, now):
            so_far = endpoint.failures_in_row
            endpoint.failures_in_row = max(so_far + 1, min(so_far + len(outcomes), PATIENCE + 1))
            if endpoint.failures_in_row > PATIENCE:
                endpoint.rests_until = now + rest_after(endpoint.failures_in_row - PATIENCE)
        if now - failing_since >= DISABLED_AFTER:
            hours = DISABLED_AFTER.total_seconds() / 3600
            _disable(work, endpoint, f"nothing got through for {hours:.0f} hours; last: {outcomes[-1].error}", now)
    if any(outcome.is_gone for outcome in outcomes):
        _disable(work, endpoint, "it answered 410 Gone: it wants no more", now)


def _disable(work: UnitOfWork, endpoint: WebhookEndpoint, reason: str, now: datetime) -> None:
    if endpoint.state == "active":
        endpoint.state, endpoint.disabled_reason, endpoint.disabled_at = "disabled", reason, now
        endpoint.version += 1
        record(work, "webhook.disabled", f"webhook:{endpoint.id}", {"reason": reason})


def _rests(endpoint: WebhookEndpoint, now: datetime) -> bool:
    return endpoint.rests_until is not None and endpoint.rests_until > now


def _messages(
    session: Session, endpoint: WebhookEndpoint, claims: Sequence[Claim], now: datetime
) -> list[tuple[Claim, Message]]:
    """What is sent for each claim, as the ledger has it."""
    if not claims:
        return []
    entries = {
        entry.id: entry
        for entry in session.scalars(select(DealEvent).where(DealEvent.id.in_([each.event_id for each in claims])))
    }
    names = ActorNames(session) if entries else None
    is_both = endpoint.old_secret_until is not None and endpoint.old_secret_until > now
    secrets = [endpoint.secret, *([endpoint.old_secret] if is_both and endpoint.old_secret else [])]
    found: list[tuple[Claim, Message]] = []
    for each in claims:
        entry = entries.get(each.event_id)
        payload = _test(endpoint, each) if entry is None or names is None else _told(entry, names)
        message = Message(url=endpoint.url, message_id=str(each.event_id), payload=payload, secrets=secrets)
        found.append((each, message))
    return found


def _told(entry: DealEvent, names: ActorNames) -> Mapping[str, Any]:
    """The catalogue's event with the specification's names for its time; its place in the ledger says nothing here."""
    event = event_of(entry, actor_name=names.of(entry.actor), cursor="")
    told = event.model_dump(mode="json", exclude={"occurred_at", "cursor", "data"})
    return {
        "type": event.type,
        "timestamp": event.occurred_at.isoformat(),
        **told,
        "data": event.data.model_dump(mode="json"),
    }


def _test(endpoint: WebhookEndpoint, each: Claim) -> Mapping[str, Any]:
    return {
        "type": TEST_EVENT,
        "timestamp": each.planned_at.isoformat(),
        "id": str(each.event_id),
        "data": {"endpoint_id": str(endpoint.id), "says": "This is a test; nothing happened to any deal"},
    }
