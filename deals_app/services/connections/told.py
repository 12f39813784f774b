"""What the vendors tell by themselves: kept with a good sign of who tells it, answered at once, worked on later.

Nobody of ours has asked for it, so there is no key: HubSpot signs, Salesforce knows a secret path.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text

from deals_app.domain.actor import Actor
from deals_app.domain.errors import DealsError, Forbidden, NotFound
from deals_app.domain.raw_items import items_of
from deals_app.integrations import hubspot_webhooks, salesforce_soap
from deals_app.integrations.salesforce_ids import is_same_id
from deals_app.integrations.sealing import SealBroken, seal
from deals_app.integrations.vendor_systems import systems
from deals_app.services.connections.access import connection_actor
from deals_app.services.ingesting.inbox import Raw, keep
from deals_app.services.ingesting.processing import ENVELOPE
from deals_app.services.lookups import look_up
from deals_app.services.statements import AnyRow
from deals_app.services.unit_of_work import before_tenant

FOLLOW = "deals_app.jobs.connections.follow_events"
# Accounts one unsigned request may make us look up.
MOST_PORTALS = 20


class NotSigned(DealsError):
    """Nobody we know has signed it."""

    code = "UNAUTHORIZED"


class Unreadable(DealsError):
    """It is no message of the vendor's; the message says why."""

    code = "UNREADABLE"


@dataclass(frozen=True, kw_only=True)
class SignedRequest:
    """A request as it came. `urls` are what its sender may have called it: our public address, and the one it took."""

    body: bytes
    urls: Sequence[str]
    headers: Mapping[str, str]
    method: str = "POST"

    def is_signed(self, secret: str) -> bool:
        """Whether HubSpot signed it with this secret, within five minutes."""
        now = datetime.now(UTC)
        return any(
            hubspot_webhooks.is_signed(
                secret, method=self.method, url=url, body=self.body, headers=self.headers, now=now
            )
            for url in dict.fromkeys(self.urls)
        )


def receive_events(request: SignedRequest, *, tenant_id: str | None, request_id: str) -> int:
    """Keep the events of HubSpot's request with each connection of their portals; how many events that were.

    Raises NotSigned, Forbidden when `tenant_id` is given and not that of every connection, Invalid for what is no
    list. Events of portals that nobody has connected are dropped.
    """
    by_app = request.is_signed(systems["hubspot"].app.client_secret)
    portals = _by_portal(request.body) if by_app else _by_portal(request.body, most=MOST_PORTALS)
    connected = [(row, portals[portal]) for portal in portals for row in _connections_of(portal)]
    if not by_app:
        connected = [(row, raws) for row, raws in connected if _is_signed_by_own(request, row)]
        if not connected:
            message = "The signature is not HubSpot's, or is older than five minutes"
            raise NotSigned(message)
    _demand_tenant(tenant_id, [row.tenant_id for row, _ in connected])
    for row, raws in connected:
        context = {"connection_id": str(row.connection_id), ENVELOPE: True}
        raw = Raw(body=b"[" + b",".join(raws) + b"]", context=context, verdict="valid v3")
        keep(_actor(row, "hubspot", request_id), "hubspot", [raw], ring=True, job=FOLLOW)
    return sum(len(raws) for _, raws in connected)


def demand_token(token: str, *, tenant_id: str | None) -> AnyRow:
    """The connection whose secret path this is; raises NotFound, Forbidden for another tenant's id."""
    found = look_up("SELECT * FROM connection_of_token(%s)", token) if "\x00" not in token else None
    if found is None:
        message = "There is nothing at this address"
        raise NotFound(message)
    _demand_tenant(tenant_id, [found.tenant_id])
    return found


def receive_message(connection: AnyRow, body: bytes, *, request_id: str) -> str:
    """Keep an Outbound Message and the opportunities in it; the Ack, which is only given once that is done.

    Raises Unreadable, Forbidden for another organisation's.
    """
    try:
        message = salesforce_soap.read_message(body)
    except salesforce_soap.BadMessage as problem:
        raise Unreadable(str(problem)) from problem
    if not is_same_id(message.organization_id, connection.organization_id or ""):
        refusal = "The message is another organisation's than this connection's"
        raise Forbidden(refusal)
    context = {"connection_id": str(connection.connection_id)}
    whole = Raw(
        body=salesforce_soap.without_session(body),
        content_type="text/xml",
        context=context | {ENVELOPE: True},
        verdict="secret path",
    )
    things = [
        Raw(
            body=json.dumps(each.record, ensure_ascii=False).encode(),
            context=context | {"notification_id": each.id[:40]},
            verdict="secret path",
        )
        for each in message.notifications
        if each.is_opportunity
    ]
    keep(_actor(connection, "salesforce", request_id), "salesforce", [whole, *things], ring=True)
    return salesforce_soap.ack(is_taken=True)


def fault(message: str) -> str:
    """The answer to what is no message of Salesforce's."""
    return salesforce_soap.fault(message)


def _by_portal(body: bytes, *, most: int | None = None) -> dict[str, list[bytes]]:
    """The events about deals, as they were sent, by the portal they name."""
    found: dict[str, list[bytes]] = {}
    for raw in items_of(body):
        for event in hubspot_webhooks.events_in(b"[" + raw + b"]").events:
            if most is None or len(found) < most or event.portal_id in found:
                found.setdefault(event.portal_id, []).append(raw)
    return found


def _connections_of(portal_id: str) -> Sequence[AnyRow]:
    statement = text("SELECT * FROM connections_of_portal(:portal)")
    with before_tenant() as connection:
        return connection.execute(statement, {"portal": portal_id}).all()


def _is_signed_by_own(request: SignedRequest, row: AnyRow) -> bool:
    """A connection may have an app of its own, whose secret speaks for that connection alone."""
    if not row.client_secret:
        return False
    try:
        return request.is_signed(seal.opened_text(row.client_secret))
    except SealBroken:
        return False


def _demand_tenant(named: str | None, own: Sequence[UUID]) -> None:
    if named is not None and {str(each) for each in own} != {named.lower()}:
        message = "tenant_id is not this connection's"
        raise Forbidden(message)


def _actor(row: AnyRow, system: str, request_id: str) -> Actor:
    actor = connection_actor(row.tenant_id, row.connection_id, system)
    return replace(actor, time_zone=row.time_zone, base_currency=row.base_currency, request_id=request_id)
