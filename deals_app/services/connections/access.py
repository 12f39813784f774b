"""An account opened with the tokens that are kept for it: refreshed where they end, held while the vendor answers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select, update

from deals_app.domain.actor import Actor
from deals_app.integrations import oauth
from deals_app.integrations.oauth import Tokens
from deals_app.integrations.sealing import SealBroken, seal
from deals_app.integrations.vendor_errors import SignInAgain
from deals_app.integrations.vendor_systems import Account, App, systems
from deals_app.models import Connection
from deals_app.services.outbox import Lease, renew, system_actor
from deals_app.services.unit_of_work import reading, unit_of_work

# A token that ends while it is used is of no use.
SPARE = timedelta(minutes=1)
# Well within a lease.
BEAT_SECONDS = 5
NOT_SIGNED_IN = "Nobody has signed in for this connection yet"

Answered = TypeVar("Answered")


@dataclass(frozen=True, kw_only=True)
class Access:
    """What opens an account."""

    connection_id: UUID
    system: str
    app: App
    instance_url: str | None
    fields: tuple[str, ...]
    token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    ends_at: datetime | None

    def account(self) -> Account:
        """The account."""
        return systems[self.system].account(self.token, self.instance_url, self.fields)


def connection_actor(tenant_id: UUID, connection_id: UUID, system: str) -> Actor:
    """Whoever works for a connection, through its system's door."""
    return system_actor(tenant_id, f"connection:{connection_id}", system)


def access_to(actor: Actor, connection_id: UUID) -> Access:
    """The access, refreshed if it is about to end. Raises SignInAgain, VendorDown, VendorRefused."""
    found = _kept(actor, connection_id)
    is_ending = found.ends_at is not None and found.ends_at < datetime.now(UTC) + SPARE
    return refreshed(actor, found) if is_ending and found.refresh_token else found


def refreshed(actor: Actor, access: Access) -> Access:
    """With a new token, which is kept. Raises SignInAgain, VendorDown, VendorRefused."""
    if access.refresh_token is None:
        message = "The access has ended; sign in again"
        raise SignInAgain(message)
    tokens = oauth.refreshed(systems[access.system].provider(access.app), access.refresh_token)
    with unit_of_work(actor) as work:
        work.session.execute(
            update(Connection).where(Connection.id == access.connection_id).values(token_values(tokens))
        )
    return replace(access, token=tokens.access_token, refresh_token=tokens.refresh_token, ends_at=tokens.expires_at)


def token_values(tokens: Tokens) -> dict[str, Any]:
    """Columns of a connection that has these tokens."""
    return {
        "access_token": seal.closed(tokens.access_token),
        "refresh_token": seal.closed(tokens.refresh_token) if tokens.refresh_token else None,
        "token_ends_at": tokens.expires_at,
        "state": "active",
    }


def held(actor: Actor, lease: Lease, call: Callable[[], Answered]) -> Answered:
    """What a call to the vendor answers; the lease lives on while it does. Raises LeaseLost, and as the call."""
    with ThreadPoolExecutor(1, thread_name_prefix="vendor") as pool:
        future = pool.submit(call)
        while not wait([future], timeout=BEAT_SECONDS).done:
            with unit_of_work(actor) as work:
                renew(work.session, lease)
        return future.result()


def break_off(actor: Actor, connection_id: UUID, problem: str, *, is_broken: bool) -> None:
    """Note what went wrong; with `is_broken` nothing goes on until somebody signs in again."""
    with unit_of_work(actor) as work:
        values: dict[str, Any] = {"last_error": problem, "last_error_at": func.now()}
        statement = update(Connection).where(Connection.id == connection_id)
        work.session.execute(statement.values(values))
        if is_broken:
            work.session.execute(statement.where(Connection.state == "active").values(state="broken"))


def _kept(actor: Actor, connection_id: UUID) -> Access:
    columns = (
        *(Connection.system, Connection.instance_url, Connection.fields, Connection.client_id),
        *(Connection.client_secret, Connection.access_token, Connection.refresh_token, Connection.token_ends_at),
    )
    with reading(actor) as session:
        row = session.execute(
            select(*columns).where(Connection.id == connection_id, Connection.state != "disconnected")
        ).one_or_none()
    if row is None or row.access_token is None:
        raise SignInAgain(NOT_SIGNED_IN)
    try:
        return Access(
            connection_id=connection_id,
            system=row.system,
            app=own_app(row.system, row.client_id, row.client_secret),
            instance_url=row.instance_url,
            fields=tuple(row.fields),
            token=seal.opened_text(row.access_token),
            refresh_token=seal.opened_text(row.refresh_token) if row.refresh_token else None,
            ends_at=row.token_ends_at,
        )
    except SealBroken as problem:
        message = "SECRET_KEY has changed since somebody signed in; sign in again"
        raise SignInAgain(message) from problem


def own_app(system: str, client_id: str | None, sealed_secret: str | None) -> App:
    """The app that a connection brought with it, else ours. Raises SealBroken."""
    if client_id and sealed_secret:
        return App(client_id=client_id, client_secret=seal.opened_text(sealed_secret))
    return systems[system].app
