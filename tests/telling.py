"""What the tests of webhooks share: endpoints at a receiver, turns of the worker, time that passes in the database."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from deals_app.domain.actor import Actor
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.queries.webhooks import deliveries
from deals_app.services.webhooks.delivering import deliver_webhooks, due_webhooks
from deals_app.services.webhooks.endpoints import NewSecret
from tests.engines import TestEngines
from tests.sql import SUPERUSER, connected


def make(actor: Actor, name: str = "Rollout") -> UUID:
    """A deal, and so an event."""
    return create_deal(actor, NewDeal(name=name, currency="USD", value=100, assigned_to=actor.user_id))


def turn(actor: Actor, made: NewSecret) -> None:
    """What a worker does when it is rung for an endpoint."""
    deliver_webhooks(str(actor.tenant_id), str(made.endpoint_id))


def due() -> set[UUID]:
    """The endpoints that the relay would ring for."""
    return {ring.outbox_id for ring in due_webhooks()}


def states(actor: Actor, made: NewSecret) -> list[tuple[str, str, int]]:
    """(type, state, attempts) of each delivery, oldest first."""
    found = deliveries(actor, made.endpoint_id, limit=1000).items
    return [(each.event_type, each.state, each.attempts) for each in reversed(found)]


def later(engines: TestEngines, interval: str = "3 days") -> None:
    """As if so much time had passed: for retries, rests and leases. How long an endpoint has failed stays."""
    change(
        engines,
        f"UPDATE webhook_deliveries SET next_attempt_at = next_attempt_at - interval '{interval}',"
        f" leased_until = leased_until - interval '{interval}' WHERE state = 'pending'",
    )
    change(
        engines,
        f"UPDATE webhook_endpoints SET rests_until = rests_until - interval '{interval}',"
        f" attended_at = attended_at - interval '{interval}'",
    )


def change(engines: TestEngines, statement: str, *values: Any) -> None:
    """Something that only time does."""
    with connected(engines, SUPERUSER) as connection:
        connection.execute(statement, values)  # pyright: ignore[reportCallIssue, reportArgumentType]
