"""Who is told: endpoints are made, changed, tested, given another secret, and ended. By admins, and audited."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.domain.lengths import LONGEST_NAME
from deals_app.domain.webhooks import STATES, TEST_EVENT
from deals_app.integrations.webhook_sending import url_problem
from deals_app.models import WebhookDelivery, WebhookEndpoint
from deals_app.services.audit import record
from deals_app.services.event_catalogue import BY_NAME
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

MOST_ENDPOINTS = 50
# How long the secret before the newest one signs too, so that a receiver can change over without missing a message.
BOTH_SIGN = timedelta(hours=24)
BY_HAND = "switched off by an admin"
# From now on: whatever has not yet ended cannot have been seen by anybody.
_NOW_IN_THE_LEDGER = text("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


@dataclass(frozen=True, kw_only=True)
class NewSecret:
    """A secret at the only moment when it can be read."""

    endpoint_id: UUID
    secret: str


def create_webhook(actor: Actor, *, url: str, description: str = "", event_types: Collection[str] = ()) -> NewSecret:
    """Tell `url` what happens from now on; no `event_types` means all. Raises Forbidden, Invalid naming the field."""
    _demand_admin(actor)
    facts = _checked({"url": url, "description": description, "event_types": event_types})
    made = _new_secret()
    with unit_of_work(actor) as work:
        if (work.session.scalar(select(func.count()).select_from(WebhookEndpoint)) or 0) >= MOST_ENDPOINTS:
            message = f"There are {MOST_ENDPOINTS} webhooks already; delete one that is not used"
            raise RuleBroken(message)
        endpoint_id = work.session.scalars(
            insert(WebhookEndpoint)
            .values(tenant_id=actor.tenant_id, secret=made, cursor_written_by=_NOW_IN_THE_LEDGER, **facts)
            .values(cursor_event_id=UUID(int=0))
            .returning(WebhookEndpoint.id)
        ).one()
        record(work, "webhook.created", f"webhook:{endpoint_id}", facts)
    return NewSecret(endpoint_id=endpoint_id, secret=made)


def change_webhook(actor: Actor, endpoint_id: UUID, facts: Mapping[str, Any]) -> None:
    """Set some of url, description, event_types and state (active, disabled); what does not differ is not written.

    An endpoint that is switched on again is told everything since it was switched off. Raises Forbidden, NotFound,
    Invalid naming the field.
    """
    _demand_admin(actor)
    wanted = _checked(facts)
    with unit_of_work(actor) as work:
        found = locked_endpoint(work.session, endpoint_id)
        changed = {name: value for name, value in wanted.items() if value != getattr(found, name)}
        if not changed:
            return
        values = changed | {"version": found.version + 1} | _of_state(changed.get("state"))
        work.session.execute(update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).values(values))
        if changed.get("state") == "active":
            _try_at_once(work.session, endpoint_id)
        record(work, "webhook.changed", f"webhook:{endpoint_id}", changed)


def delete_webhook(actor: Actor, endpoint_id: UUID) -> None:
    """End an endpoint with its log; raises Forbidden, NotFound."""
    _demand_admin(actor)
    with unit_of_work(actor) as work:
        found = locked_endpoint(work.session, endpoint_id)
        record(work, "webhook.deleted", f"webhook:{endpoint_id}", {"url": found.url})
        work.session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id))


def rotate_secret(actor: Actor, endpoint_id: UUID) -> NewSecret:
    """Sign with a new secret, and for BOTH_SIGN with the one before as well; raises Forbidden, NotFound."""
    _demand_admin(actor)
    made = _new_secret()
    with unit_of_work(actor) as work:
        found = locked_endpoint(work.session, endpoint_id)
        work.session.execute(
            update(WebhookEndpoint)
            .where(WebhookEndpoint.id == endpoint_id)
            .values(secret=made, old_secret=WebhookEndpoint.secret, version=found.version + 1)
            .values(old_secret_until=func.now() + BOTH_SIGN)
        )
        record(work, "webhook.secret_rotated", f"webhook:{endpoint_id}", {})
    return NewSecret(endpoint_id=endpoint_id, secret=made)


def send_test(actor: Actor, endpoint_id: UUID) -> UUID:
    """Send a `webhook.test` message as soon as a worker can; returns the delivery's id.

    Raises Forbidden, NotFound, RuleBroken for an endpoint that is switched off.
    """
    _demand_admin(actor)
    with unit_of_work(actor) as work:
        demand_active(locked_endpoint(work.session, endpoint_id))
        delivery_id = work.session.scalars(
            insert(WebhookDelivery)
            .values(tenant_id=actor.tenant_id, endpoint_id=endpoint_id, event_type=TEST_EVENT)
            .values(event_id=func.new_id())
            .returning(WebhookDelivery.id)
        ).one()
        wake(work, endpoint_id)
    return delivery_id


def locked_endpoint(session: Session, endpoint_id: UUID) -> WebhookEndpoint:
    """The endpoint, locked until the transaction ends; raises NotFound."""
    found = session.scalars(
        select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).with_for_update()
    ).one_or_none()
    if found is None:
        message = "There is no such webhook"
        raise NotFound(message)
    return found


def demand_active(endpoint: WebhookEndpoint) -> None:
    """Raises RuleBroken for one that is switched off."""
    if endpoint.state != "active":
        message = "This webhook is switched off; switch it on first"
        raise RuleBroken(message)


def wake(work: UnitOfWork, endpoint_id: UUID) -> None:
    """However long it was to rest: somebody wants to see what it does now."""
    work.session.execute(
        update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).values(rests_until=None, attended_at=None)
    )


def _demand_admin(actor: Actor) -> None:
    if not actor.administers:
        message = "Only admins change webhooks"
        raise Forbidden(message)


def _checked(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as they are stored; raises Invalid naming every wrong field."""
    found = dict(facts)
    problems: list[FieldProblem] = []
    if "url" in found:
        found["url"] = found["url"].strip()
        if problem := url_problem(found["url"]):
            problems.append(FieldProblem("url", problem))
    if "description" in found:
        found["description"] = (found["description"] or "").strip()
        if len(found["description"]) > LONGEST_NAME:
            problems.append(FieldProblem("description", f"must have at most {LONGEST_NAME} characters"))
    if "event_types" in found:
        wanted = set(found["event_types"])
        found["event_types"] = [name for name in BY_NAME if name in wanted]
        if unknown := sorted(wanted - BY_NAME.keys()):
            known = ", ".join(BY_NAME)
            problems.append(FieldProblem("event_types", f"{unknown[0]!r} is no event; known are {known}"))
    if "state" in found and found["state"] not in STATES:
        problems.append(FieldProblem("state", f"must be one of {', '.join(STATES)}"))
    if problems:
        raise Invalid(*problems)
    return found


def _of_state(state: str | None) -> dict[str, Any]:
    """What goes with a state that is set."""
    if state == "disabled":
        return {"disabled_reason": BY_HAND, "disabled_at": func.now()}
    if state == "active":
        return {
            "disabled_reason": None,
            "disabled_at": None,
            "failing_since": None,
            "failures_in_row": 0,
            "rests_until": None,
            "attended_at": None,
        }
    return {}


def _try_at_once(session: Session, endpoint_id: UUID) -> None:
    """What waits begins its retries anew."""
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint_id, WebhookDelivery.state == "pending")
        .values(tries=0, next_attempt_at=func.now())
    )


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
