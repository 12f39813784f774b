"""Messages sent again on demand: one whatever became of it, or all that were given up."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, update

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Forbidden, NotFound
from deals_app.models import WebhookDelivery
from deals_app.services.audit import record
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work
from deals_app.services.webhooks.endpoints import demand_active, locked_endpoint, wake


def replay_delivery(actor: Actor, endpoint_id: UUID, delivery_id: UUID) -> None:
    """Send one message again, under its id, as soon as a worker can; one that waits is sent now.

    Raises Forbidden, NotFound, RuleBroken for an endpoint that is switched off.
    """
    with unit_of_work(actor) as work:
        replayed = _replayed(work, endpoint_id, WebhookDelivery.id == delivery_id)
        if not replayed:
            message = "There is no such delivery"
            raise NotFound(message)


def replay_failed(actor: Actor, endpoint_id: UUID, *, since: datetime) -> int:
    """Send again whatever was given up of what happened since then; how many messages that are.

    Raises Forbidden, NotFound, RuleBroken for an endpoint that is switched off.
    """
    with unit_of_work(actor) as work:
        given_up = (WebhookDelivery.state == "failed", WebhookDelivery.created_at >= since)
        return _replayed(work, endpoint_id, *given_up)


def _replayed(work: UnitOfWork, endpoint_id: UUID, *which: ColumnElement[bool]) -> int:
    if not work.actor.administers:
        message = "Only admins replay webhooks"
        raise Forbidden(message)
    demand_active(locked_endpoint(work.session, endpoint_id))
    # The retries begin anew; a lease that runs is left to its holder.
    values: dict[str, Any] = {"state": "pending", "tries": 0, "next_attempt_at": func.now(), "delivered_at": None}
    ids = work.session.scalars(
        update(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint_id, *which)
        .values(values)
        .returning(WebhookDelivery.id)
    ).all()
    if ids:
        wake(work, endpoint_id)
        record(work, "webhook.replayed", f"webhook:{endpoint_id}", {"messages": len(ids)})
    return len(ids)
