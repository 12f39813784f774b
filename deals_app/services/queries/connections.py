"""Connections as managers and admins see them: what they are, how far they are, what could not be taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.connections import UNDO_LASTS, ConnectionView, Rejected, SyncView
from deals_app.domain.errors import Forbidden, NotFound
from deals_app.domain.strict_json import strict_loads
from deals_app.models import Connection, ConnectionSync, InboundItem
from deals_app.services.unit_of_work import reading

MOST = 100
SHOWN_REJECTED = 20
SYNC_ID = InboundItem.context["sync_id"].astext
# Where a deal that vendors send has its name and id, whichever of them it is.
NAMES, IDS = ("dealname", "Name", "name"), ("id", "Id", "hs_object_id")


def connections(actor: Actor) -> list[ConnectionView]:
    """The tenant's connections in the order they were made; raises Forbidden for reps."""
    _demand_reader(actor)
    with reading(actor) as session:
        rows = session.scalars(
            select(Connection).where(Connection.state != "disconnected").order_by(Connection.created_at, Connection.id)
        )
        return [_view(row) for row in rows]


def disconnected(actor: Actor) -> list[ConnectionView]:
    """Those that can still be taken up again, the last one first; raises Forbidden for reps."""
    _demand_reader(actor)
    with reading(actor) as session:
        rows = session.scalars(
            select(Connection)
            .where(Connection.disconnected_at > func.now() - UNDO_LASTS, Connection.access_token.is_not(None))
            .order_by(Connection.disconnected_at.desc())
        )
        return [_view(row) for row in rows]


def connection(actor: Actor, connection_id: UUID) -> ConnectionView:
    """One of them; raises Forbidden for reps, NotFound."""
    _demand_reader(actor)
    with reading(actor) as session:
        return _view(_one(session, connection_id))


def syncs(actor: Actor, connection_id: UUID, *, limit: int = 20) -> list[SyncView]:
    """Its synchronisations, the newest first; raises Forbidden for reps, NotFound."""
    _demand_reader(actor)
    with reading(actor) as session:
        _one(session, connection_id)
        rows = session.scalars(
            select(ConnectionSync)
            .where(ConnectionSync.connection_id == connection_id)
            .order_by(ConnectionSync.id.desc())
            .limit(min(limit, MOST))
        ).all()
        return _with_counts(session, rows)


def sync(actor: Actor, connection_id: UUID, sync_id: UUID) -> SyncView:
    """One of them; raises Forbidden for reps, NotFound."""
    _demand_reader(actor)
    with reading(actor) as session:
        _one(session, connection_id)
        row = session.scalars(
            select(ConnectionSync).where(ConnectionSync.id == sync_id, ConnectionSync.connection_id == connection_id)
        ).one_or_none()
        if row is None:
            message = "There is no such synchronisation"
            raise NotFound(message)
        return _with_counts(session, [row])[0]


def rejected(actor: Actor, sync_id: UUID) -> list[Rejected]:
    """The first few that a synchronisation could not take; raises Forbidden for reps."""
    _demand_reader(actor)
    with reading(actor) as session:
        rows = session.execute(
            select(InboundItem.body, InboundItem.problems)
            .where(str(sync_id) == SYNC_ID, InboundItem.outcome == "rejected")
            .order_by(InboundItem.id)
            .limit(SHOWN_REJECTED)
        )
        return [_rejected(row.body, row.problems or []) for row in rows]


def _rejected(body: bytes, problems: Sequence[dict[str, str]]) -> Rejected:
    try:
        found = strict_loads(body)
    except ValueError:
        found = {}
    sent = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    properties = sent.get("properties")
    facts = sent | (cast("dict[str, Any]", properties) if isinstance(properties, dict) else {})
    reasons = tuple(": ".join(filter(None, (each["field"], each["message"]))) for each in problems)
    return Rejected(name=_first(facts, NAMES) or "Without a name", external_id=_first(facts, IDS), reasons=reasons)


def _first(facts: dict[str, Any], names: Sequence[str]) -> str:
    return next((str(facts[name]) for name in names if facts.get(name)), "")


def _with_counts(session: Session, rows: Sequence[ConnectionSync]) -> list[SyncView]:
    """Counted where the objects lie, in one statement for all."""
    counted = session.execute(
        select(SYNC_ID.label("sync_id"), InboundItem.outcome, func.count().label("many"))
        .where(SYNC_ID.in_([str(row.id) for row in rows]))
        .group_by(SYNC_ID, InboundItem.outcome)
    )
    counts: dict[tuple[str, str], int] = {(row.sync_id, row.outcome): row.many for row in counted}
    return [
        SyncView(
            id=row.id,
            connection_id=row.connection_id,
            state=row.state,
            is_full=row.is_full,
            fetched=row.fetched,
            created=counts.get((str(row.id), "created"), 0),
            updated=counts.get((str(row.id), "updated"), 0),
            unchanged=sum(counts.get((str(row.id), each), 0) for each in ("unchanged", "set_aside")),
            failed=counts.get((str(row.id), "rejected"), 0),
            waits_for=row.waits_for,
            problem=row.problem,
            created_at=row.created_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
        )
        for row in rows
    ]


def _one(session: Session, connection_id: UUID) -> Connection:
    row = session.scalars(
        select(Connection).where(Connection.id == connection_id, Connection.state != "disconnected")
    ).one_or_none()
    if row is None:
        message = "There is no such connection"
        raise NotFound(message)
    return row


def _view(row: Connection) -> ConnectionView:
    return ConnectionView(
        id=row.id,
        system=row.system,
        name=row.name,
        portal_id=row.portal_id,
        organization_id=row.organization_id,
        state=row.state,
        client_id=row.client_id,
        fields=row.fields,
        stages=row.stages,
        owners=row.owners,
        pipelines=row.pipelines,
        known=row.known,
        path=f"/api/sales/deals/salesforce/sync/{row.token}" if row.organization_id else None,
        last_synced_at=row.last_synced_at,
        last_error=row.last_error,
        last_error_at=row.last_error_at,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _demand_reader(actor: Actor) -> None:
    if not actor.manages:
        message = "Connections are for managers and admins"
        raise Forbidden(message)
