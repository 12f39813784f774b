"""An admin leaves for the vendor's sign-in and comes back with a code; what opens the account is kept, sealed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from deals_app.domain.actor import Actor
from deals_app.domain.connections import SIGN_IN_LASTS, SYSTEMS
from deals_app.domain.errors import FieldProblem, Invalid, NotFound, RuleBroken
from deals_app.integrations import oauth
from deals_app.integrations.oauth import Leave, Tokens
from deals_app.integrations.sealing import seal
from deals_app.integrations.simulated_sign_in import code_of
from deals_app.integrations.vendor_errors import VendorError
from deals_app.integrations.vendor_systems import App, systems
from deals_app.models import Connection
from deals_app.services.audit import record
from deals_app.services.connections.access import own_app, token_values
from deals_app.services.connections.editing import demand_admin, insert_connection, locked_connection
from deals_app.services.connections.syncing import enqueue_sync
from deals_app.services.unit_of_work import reading, unit_of_work

BACK = "/settings/connections/back"


@dataclass(frozen=True, kw_only=True)
class Departure:
    """Where an admin goes to sign in."""

    connection_id: UUID
    label: str
    url: str


def begin_sign_in(actor: Actor, *, system: str = "", connection_id: UUID | None = None) -> Departure:
    """For a new connection to `system`, or for one that is there. Raises Forbidden, NotFound, RuleBroken, Invalid."""
    demand_admin(actor)
    if connection_id is None:
        if system not in SYSTEMS:
            raise Invalid(FieldProblem("system", f"must be one of {', '.join(SYSTEMS)}"))
        _demand_app(system, systems[system].app)
        with unit_of_work(actor) as work:
            connection_id = insert_connection(work, {"system": system, "name": SYSTEMS[system]})
    found, app = _app_of(actor, connection_id)
    leave = _leave(found, app)
    _remember(actor, connection_id, leave)
    return Departure(connection_id=connection_id, label=SYSTEMS[found], url=leave.url)


def finish_sign_in(actor: Actor, *, state: str, code: str) -> UUID:
    """Keep what the code gives, and begin to synchronise; the connection's id.

    Raises Forbidden, NotFound for a sign-in that this person has not begun or that took too long, RuleBroken when the
    vendor refuses or the account is connected already.
    """
    demand_admin(actor)
    with reading(actor) as session:
        row = session.execute(
            select(Connection.id, Connection.sign_in, Connection.sign_in_at).where(
                Connection.sign_in["state"].astext == _digest(state), Connection.state != "disconnected"
            )
        ).one_or_none()
    is_fresh = row is not None and row.sign_in_at is not None and datetime.now(UTC) - row.sign_in_at < SIGN_IN_LASTS
    if row is None or not is_fresh or row.sign_in["user_id"] != str(actor.user_id):
        message = "This sign-in was not begun here, or took too long; begin it again"
        raise NotFound(message)
    verifier = row.sign_in.get("verifier")
    system, app = _app_of(actor, row.id)
    _finish(actor, row.id, system, app, code, seal.opened_text(verifier) if verifier else None)
    return row.id


def connect_simulator(actor: Actor, system: str) -> UUID:
    """Connect to the simulator that the settings name, without a person. Raises Forbidden, Invalid, RuleBroken."""
    demand_admin(actor)
    if system not in SYSTEMS or not systems.is_simulated(system):
        raise Invalid(FieldProblem("system", "is not simulated on this machine"))
    app = systems[system].app
    leave = _leave(system, app)
    try:
        code = code_of(leave)
    except VendorError as problem:
        raise RuleBroken(str(problem)) from problem
    with unit_of_work(actor) as work:
        values = {"system": system, "name": f"{SYSTEMS[system]} (simulated)"}
        connection_id = insert_connection(work, values)
    _finish(actor, connection_id, system, app, code, leave.code_verifier)
    return connection_id


def simulated_systems() -> list[str]:
    """Those that are simulated on this machine."""
    return [key for key in SYSTEMS if systems.is_simulated(key)]


def systems_with_app() -> list[str]:
    """Those to which an admin can be sent without more ado."""
    return [key for key in SYSTEMS if systems[key].app.is_known]


def _leave(system: str, app: App) -> Leave:
    return oauth.leave_for(systems[system].provider(app), systems.public_url + BACK)


def _remember(actor: Actor, connection_id: UUID, leave: Leave) -> None:
    kept = {"state": _digest(leave.state), "user_id": str(actor.user_id)}
    kept |= {"verifier": seal.closed(leave.code_verifier)} if leave.code_verifier else {}
    with unit_of_work(actor) as work:
        locked_connection(work.session, connection_id)
        work.session.execute(
            update(Connection).where(Connection.id == connection_id).values(sign_in=kept, sign_in_at=func.now())
        )


def _finish(actor: Actor, connection_id: UUID, system: str, app: App, code: str, verifier: str | None) -> None:
    """Where it cannot be finished, a connection that never was signed in leaves no trace in the list."""
    provider = systems[system].provider(app)
    try:
        tokens = oauth.tokens_for(provider, systems.public_url + BACK, code=code, code_verifier=verifier)
        identity = systems[system].identity(app, tokens)
    except VendorError as problem:
        _give_up(actor, connection_id)
        raise RuleBroken(str(problem)) from problem
    if not _keep(actor, connection_id, tokens, identity):
        _give_up(actor, connection_id)
        message = "This account is connected already, or it is another one than before"
        raise RuleBroken(message)


def _keep(actor: Actor, connection_id: UUID, tokens: Tokens, identity: dict[str, str]) -> bool:
    """False for an account that another connection has, or that is not the one this connection was of."""
    names = ("portal_id", "organization_id")
    with unit_of_work(actor) as work:
        found = locked_connection(work.session, connection_id)
        own = {name: getattr(found, name) for name in names if getattr(found, name)}
        others = [getattr(Connection, name) == identity[name] for name in names if name in identity]
        taken = work.session.scalar(
            select(Connection.id).where(*others, Connection.id != connection_id, Connection.state != "disconnected")
        )
        if taken is not None or any(identity.get(name) != value for name, value in own.items()):
            return False
        values: dict[str, Any] = {**token_values(tokens), **identity, "sign_in": None, "sign_in_at": None}
        values |= {"last_error": None, "last_error_at": None, "version": found.version + 1}
        work.session.execute(update(Connection).where(Connection.id == connection_id).values(values))
        record(work, "connection.signed_in", f"connection:{connection_id}", identity)
        enqueue_sync(work, connection_id, is_full=found.synced_until is None)
        return True


def _give_up(actor: Actor, connection_id: UUID) -> None:
    with unit_of_work(actor) as work:
        work.session.execute(
            update(Connection)
            .where(Connection.id == connection_id, Connection.state == "waiting", Connection.portal_id.is_(None))
            .where(Connection.organization_id.is_(None))
            .values(state="disconnected", disconnected_at=func.now(), sign_in=None, sign_in_at=None)
        )


def _app_of(actor: Actor, connection_id: UUID) -> tuple[str, App]:
    with reading(actor) as session:
        row = session.execute(
            select(Connection.system, Connection.client_id, Connection.client_secret).where(
                Connection.id == connection_id, Connection.state != "disconnected"
            )
        ).one_or_none()
    if row is None:
        message = "There is no such connection"
        raise NotFound(message)
    app = own_app(*row)
    _demand_app(row.system, app)
    return row.system, app


def _demand_app(system: str, app: App) -> None:
    if not app.is_known:
        name = system.upper()
        message = f"Set {name}_CLIENT_ID and {name}_CLIENT_SECRET first: people sign in through an app of yours"
        raise RuleBroken(message)


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()
