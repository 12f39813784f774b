"""Simulated vendors behind the application's own address book, and connections to them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select, text

from deals_app.domain.actor import Actor
from deals_app.integrations.hubspot_webhooks import SIGNATURE_HEADER, TIMESTAMP_HEADER, signature
from deals_app.integrations.simulator.hubspot import HubSpot
from deals_app.integrations.simulator.salesforce import Salesforce
from deals_app.integrations.simulator.serving import served
from deals_app.integrations.vendor_systems import systems
from deals_app.models import Deal, DealEvent, ExternalRef, OutboxRow
from deals_app.services.connections.following import follow_events
from deals_app.services.connections.signing_in import connect_simulator
from deals_app.services.connections.syncing import run_sync
from deals_app.services.ingesting.receiving import process_delivery
from deals_app.services.unit_of_work import reading
from tests.engines import TestEngines
from tests.sql import OWNER, connected

SECRET = "the app's own secret"
HOST = "http://localhost"
EVENTS = "/api/sales/deals/hubspot/sync"


@contextmanager
def simulated(app: Flask, simulation: HubSpot | Salesforce) -> Iterator[None]:
    """The vendor is this simulation until the end of the block."""
    settings = app.config["DEALS_SETTINGS"]
    with served(simulation) as url:
        where = {"hubspot_api_url": url} if isinstance(simulation, HubSpot) else {"salesforce_login_url": url}
        systems.bind(replace(settings, hubspot_client_id="ours", hubspot_client_secret=SECRET, **where))
        yield
        systems.bind(settings)


def connect(actor: Actor, system: str) -> UUID:
    """A connection to the simulator, as its button makes one; its first synchronisation waits in the outbox."""
    return connect_simulator(actor, system)


def work_off(tenant_id: UUID, engines: TestEngines) -> int:
    """Do what waits for workers, whatever it waits for; how many rows that were."""
    jobs = {"run_sync": run_sync, "follow_events": follow_events, "process_delivery": process_delivery}
    count = 0
    while True:
        with connected(engines, OWNER) as connection:
            connection.execute("UPDATE outbox SET leased_until = NULL WHERE done_at IS NULL")
            rows = connection.execute(
                "SELECT id, job FROM outbox WHERE tenant_id = %s AND done_at IS NULL AND job ~ 'connections|inbound'"
                " ORDER BY id",
                [tenant_id],
            ).fetchall()
        if not rows:
            return count
        for outbox_id, job in rows:
            jobs[job.rpartition(".")[2]](str(tenant_id), str(outbox_id))
            count += 1


def event(object_id: object, *, portal: int, kind: str = "deal.propertyChange", **more: Any) -> dict[str, Any]:
    """An event as HubSpot sends it."""
    at = int(datetime.now(UTC).timestamp() * 1000)
    return {
        "eventId": 1,
        "portalId": portal,
        "appId": 1,
        "occurredAt": at,
        "subscriptionType": kind,
        "attemptNumber": 0,
        "objectId": int(str(object_id)),
        **more,
    }


def signed(
    events: Sequence[Any] | bytes, *, secret: str = SECRET, path: str = EVENTS, late: float = 0
) -> dict[str, Any]:
    """The request HubSpot would make, for a test client."""
    body = events if isinstance(events, bytes) else json.dumps(events).encode()
    at = str(int((datetime.now(UTC).timestamp() - late) * 1000))
    sign = signature(secret, method="POST", url=HOST + path, body=body, timestamp=at)
    headers = {SIGNATURE_HEADER: sign, TIMESTAMP_HEADER: at}
    return {"path": path, "data": body, "headers": headers, "content_type": "application/json"}


def facts(actor: Actor) -> dict[str, Any]:
    """What a tenant has: live deals, all deals, entries of the ledger, names of other systems."""
    with reading(actor) as session:
        return {
            "live": session.scalar(select(func.count()).select_from(Deal).where(Deal.deleted_at.is_(None))),
            "deals": session.scalar(select(func.count()).select_from(Deal)),
            "events": session.scalar(
                select(func.count()).select_from(DealEvent).where(DealEvent.kind.not_in(("scored", "reordered")))
            ),
            "versions": session.scalar(select(func.sum(Deal.version))) or 0,
            "refs": session.scalar(select(func.count()).select_from(ExternalRef)),
        }


def deal_of(actor: Actor, external_id: str) -> Any:
    """The deal that another system's id leads to."""
    with reading(actor) as session:
        return session.execute(
            select(Deal).join(ExternalRef, ExternalRef.deal_id == Deal.id).where(ExternalRef.external_id == external_id)
        ).scalar_one_or_none()


def waiting(actor: Actor, topic: str = "connection.sync") -> list[UUID]:
    """Rows of the outbox that nobody has done."""
    with reading(actor) as session:
        return list(session.scalars(select(OutboxRow.id).where(OutboxRow.topic == topic, OutboxRow.done_at.is_(None))))


def bodies(actor: Actor) -> str:
    """Everything the inbox keeps, as one text."""
    with reading(actor) as session:
        found = session.scalars(text("SELECT convert_from(body, 'UTF8') FROM inbound_items"))
        return "\n".join(found)
