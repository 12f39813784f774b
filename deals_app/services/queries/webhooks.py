"""Webhooks as managers and admins see them: endpoints with what waits, and the log of deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid, NotFound
from deals_app.domain.webhooks import DELIVERY_STATES, DeliveryView, EndpointView
from deals_app.models import WebhookDelivery, WebhookEndpoint
from deals_app.services.statements import AnySelect
from deals_app.services.unit_of_work import reading

MOST = 100


@dataclass(frozen=True, kw_only=True)
class DeliveryPage:
    """Some deliveries, newest first; `next_after` is null at the end."""

    items: Sequence[DeliveryView]
    next_after: str | None


def webhooks(actor: Actor) -> list[EndpointView]:
    """The tenant's endpoints in the order they were made; raises Forbidden for reps."""
    _demand_reader(actor)
    with reading(actor) as session:
        rows = session.execute(_endpoints().order_by(WebhookEndpoint.created_at, WebhookEndpoint.id))
        return [_endpoint_view(*row) for row in rows]


def webhook(actor: Actor, endpoint_id: UUID) -> EndpointView:
    """One of them; raises Forbidden for reps, NotFound."""
    _demand_reader(actor)
    with reading(actor) as session:
        return _one(session, endpoint_id)


def deliveries(
    actor: Actor, endpoint_id: UUID, *, state: str | None = None, after: str | None = None, limit: int = 50
) -> DeliveryPage:
    """The log of an endpoint after a cursor; raises Forbidden for reps, NotFound, Invalid naming state or after."""
    _demand_reader(actor)
    if state and state not in DELIVERY_STATES:
        raise Invalid(FieldProblem("state", f"must be one of {', '.join(DELIVERY_STATES)}"))
    statement = (
        select(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint_id)
        .order_by(WebhookDelivery.id.desc())
        .limit(limit + 1)
    )
    if state:
        statement = statement.where(WebhookDelivery.state == state)
    if after:
        statement = statement.where(WebhookDelivery.id < _read(after))
    with reading(actor) as session:
        _one(session, endpoint_id)
        found = session.scalars(statement).all()
    items = [delivery_view(row) for row in found[:limit]]
    return DeliveryPage(items=items, next_after=str(items[-1].id) if len(found) > limit else None)


def delivery(actor: Actor, endpoint_id: UUID, delivery_id: UUID) -> DeliveryView:
    """One line of the log; raises Forbidden for reps, NotFound."""
    _demand_reader(actor)
    with reading(actor) as session:
        row = session.scalars(
            select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id, WebhookDelivery.id == delivery_id)
        ).one_or_none()
    if row is None:
        message = "There is no such delivery"
        raise NotFound(message)
    return delivery_view(row)


def delivery_view(row: WebhookDelivery) -> DeliveryView:
    """A delivery as it is shown."""
    return DeliveryView(
        id=row.id,
        event_id=row.event_id,
        event_type=row.event_type,
        deal_id=row.deal_id,
        state=row.state,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at if row.state == "pending" else None,
        status_code=row.status_code,
        error=row.error,
        response=row.response,
        duration_ms=row.duration_ms,
        attempted_at=row.attempted_at,
        delivered_at=row.delivered_at,
        created_at=row.created_at,
    )


def _demand_reader(actor: Actor) -> None:
    if not actor.manages:
        message = "Webhooks are for managers and admins"
        raise Forbidden(message)


def _endpoints() -> AnySelect:
    def count(state: str) -> Any:
        return (
            select(func.count())
            .where(WebhookDelivery.endpoint_id == WebhookEndpoint.id, WebhookDelivery.state == state)
            .correlate(WebhookEndpoint)
            .scalar_subquery()
        )

    return select(WebhookEndpoint, count("pending"), count("failed"))


def _one(session: Session, endpoint_id: UUID) -> EndpointView:
    row = session.execute(_endpoints().where(WebhookEndpoint.id == endpoint_id)).one_or_none()
    if row is None:
        message = "There is no such webhook"
        raise NotFound(message)
    return _endpoint_view(*row)


def _endpoint_view(row: WebhookEndpoint, waiting: int, failed: int) -> EndpointView:
    return EndpointView(
        id=row.id,
        url=row.url,
        description=row.description,
        event_types=tuple(row.event_types),
        state=row.state,
        disabled_reason=row.disabled_reason,
        disabled_at=row.disabled_at,
        failing_since=row.failing_since,
        old_secret_until=row.old_secret_until,
        waiting=waiting,
        failed=failed,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _read(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError as error:
        raise Invalid(FieldProblem("after", "is not a cursor of this list")) from error
