"""The only place that commits. Returning from the block means it happened, raising means it did not.

The transaction carries the tenant, the actor and the door (row security and the ledger's trigger read them), and what
the block asked to be done afterwards is written to the outbox in the same transaction; RQ is rung after the commit,
best effort: the relay rings again for whatever is not done (DESIGN.md, idea 4).
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast
from uuid import UUID

import psycopg
from sqlalchemy import Connection, exc, insert, text
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Invalid, Unavailable
from deals_app.extensions import db
from deals_app.models import OutboxRow
from deals_app.services import doorbell
from deals_app.services.straight import driver_of

log = logging.getLogger(__name__)

# SQLAlchemy's errors, and the driver's own where it is asked directly (straight.py).
AWAY = (exc.OperationalError, exc.InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)

_told_over: ContextVar[Connection | None] = ContextVar("told_over", default=None)
# What is open in this request, job or thread: a service must not open a second transaction inside its own.
_open: ContextVar[UnitOfWork | None] = ContextVar("open", default=None)

CONTEXT = b"""
    SELECT set_config('app.tenant_id', %s, true), set_config('app.actor', %s, true), set_config('app.door', %s, true),
           set_config('app.request_id', %s, true), set_config('app.cause', %s, true),
           set_config('app.undoes', %s, true), set_config('app.at', %s, true),
           set_config('transaction_read_only', %s, true), set_config('app.operation', new_id()::text, true)
"""
# Before the first snapshot is taken, or never.
AT_ONE_MOMENT = b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
UNDOES = b"SELECT set_config('app.undoes', %s, true)"


@dataclass
class UnitOfWork:
    """An open transaction of one actor; `operation` is what the ledger calls it, and what an undo names.

    `connection` is for statements that need nothing of the ORM.
    """

    actor: Actor
    connection: Connection
    operation: UUID
    is_shared: bool = False
    failed: bool = False
    _rings: list[doorbell.Ring] = field(default_factory=list[doorbell.Ring])

    @cached_property
    def session(self) -> Session:
        """The ORM over the same transaction; made when it is first asked for."""
        return Session(self.connection)

    def enqueue(self, job: str, topic: str, payload: Mapping[str, Any]) -> UUID:
        """Write an outbox row whose job is rung once this transaction is committed; returns the row's id."""
        row = {"tenant_id": self.actor.tenant_id, "topic": topic, "payload": dict(payload), "job": job}
        outbox_id = cast("UUID", self.session.scalar(insert(OutboxRow).values(row).returning(OutboxRow.id)))
        self._rings.append(doorbell.Ring(job=job, tenant_id=self.actor.tenant_id, outbox_id=outbox_id, attempt=0))
        return outbox_id

    @contextmanager
    def guarded(self) -> Generator[None]:
        """A service inside `one_transaction`: what it began and did not end must not be kept."""
        try:
            yield
        except BaseException:
            self.failed = True
            raise

    @contextmanager
    def undoing(self, operation: UUID | None) -> Generator[None]:
        """What the ledger writes inside takes back that operation."""
        if operation is None:
            yield
            return
        driver_of(self.connection).execute(UNDOES, [str(operation)])
        yield
        driver_of(self.connection).execute(UNDOES, [""])

    def ring(self) -> None:
        """After the commit: wake a worker for each row. A Redis that is away costs seconds, not work."""
        for ring in self._rings:
            doorbell.ring(ring)


@contextmanager
def unit_of_work(
    actor: Actor, *, cause: UUID | None = None, undoes: UUID | None = None, as_owner: bool = False
) -> Generator[UnitOfWork]:
    """One read-write transaction of `actor`: one operation of the ledger.

    `cause` (an import's id) goes into every ledger entry it makes, `undoes` names the operation that it takes back.
    `as_owner` works over DATABASE_ADMIN_URL, for the few things the application may not do (make a tenant, say that a
    change happened at `actor.as_of`); row security holds there too. Raises Unavailable when the database cannot be
    reached.
    """
    around = _around(actor)
    if around is not None:
        if cause or as_owner:
            message = "an import and the owner's work are transactions of their own"
            raise RuntimeError(message)
        with around.guarded(), around.undoing(undoes):
            yield around
        return
    is_owner = as_owner or actor.as_of is not None
    with _kept(actor, as_owner=is_owner, cause=cause, undoes=undoes) as work:
        yield work


@contextmanager
def one_transaction(actor: Actor) -> Generator[UnitOfWork]:
    """Several services in one transaction and one operation: a change, and the view of it that is answered.

    What they do is kept when the block ends, and none of it when one of them raises, even if that is caught inside.
    """
    with _kept(actor) as work:
        work.is_shared = True
        yield work


@contextmanager
def back_dating() -> Generator[None]:
    """Hold one connection for all the units of work as owner inside: a history is thousands of them.

    Their commits do not wait for the disk. A crash may take the newest with it, so whoever tells a history goes on
    from what is there, and whatever is committed elsewhere afterwards keeps it all.
    """
    with database_errors(), db.engines["admin"].connect() as connection:
        with connection.begin():
            connection.execute(text("SET synchronous_commit = off"))
        token = _told_over.set(connection)
        try:
            yield
        finally:
            _told_over.reset(token)


@contextmanager
def looking(actor: Actor, *, at_one_moment: bool = False) -> Generator[UnitOfWork]:
    """One read-only transaction of `actor`; nothing it does is kept.

    `at_one_moment` shows every statement the same state of the database, which only a transaction of its own can.
    """
    around = _around(actor)
    if around is not None:
        with around.guarded():
            yield around
        return
    with _transaction(actor, read_only=True, at_one_moment=at_one_moment) as work:
        yield work


@contextmanager
def reading(actor: Actor) -> Generator[Session]:
    """`looking`, by the ORM."""
    with looking(actor) as work:
        yield work.session


@contextmanager
def _kept(
    actor: Actor, *, as_owner: bool = False, cause: UUID | None = None, undoes: UUID | None = None
) -> Generator[UnitOfWork]:
    """What the block did is committed when it ends, and whoever is to be rung is rung after that."""
    with _transaction(actor, read_only=False, as_owner=as_owner, cause=cause, undoes=undoes) as work:
        yield work
        if work.failed:
            message = "a service failed inside this transaction, so nothing of it can be kept"
            raise RuntimeError(message)
    work.ring()


def _around(actor: Actor) -> UnitOfWork | None:
    """The transaction that `one_transaction` has opened around this one, for the same actor."""
    work = _open.get()
    if work is None or not work.is_shared:
        return None
    if work.actor != actor:
        message = "another actor's transaction is open"
        raise RuntimeError(message)
    return work


@contextmanager
def before_tenant() -> Generator[Connection]:
    """A connection without a tenant: it sees no tenant's rows and can only call the named look-up functions."""
    with database_errors(), db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


@contextmanager
def _transaction(
    actor: Actor,
    *,
    read_only: bool,
    at_one_moment: bool = False,
    as_owner: bool = False,
    cause: UUID | None = None,
    undoes: UUID | None = None,
) -> Generator[UnitOfWork]:
    """Every transaction starts by saying whose it is; without that it sees nothing.

    One that only reads ends with a COMMIT as well: at a rollback psycopg forgets every statement it has prepared.
    """
    if _open.get() is not None:
        message = "a service opened a second transaction inside its own: pass the session on instead"
        raise RuntimeError(message)
    context = (
        str(actor.tenant_id),
        actor.reference,
        actor.door,
        actor.request_id,
        str(cause or ""),
        str(undoes or ""),
        "" if actor.as_of is None or read_only else actor.as_of.isoformat(),
        "on" if read_only else "off",
    )
    with database_errors(), _connection(as_owner=as_owner) as connection, connection.begin():
        if at_one_moment:
            driver_of(connection).execute(AT_ONE_MOMENT)
        answer = driver_of(connection).execute(CONTEXT, context).fetchone()
        work = UnitOfWork(actor, connection, UUID(answer[-1]))  # type: ignore[index] (a SELECT without FROM has a row)
        _open.set(work)
        try:
            yield work
            connection.commit()
        finally:
            _open.set(None)
            if "session" in vars(work):
                work.session.close()


def _connection(*, as_owner: bool) -> AbstractContextManager[Connection]:
    if not as_owner:
        return db.engine.connect()
    told_over = _told_over.get()
    return db.engines["admin"].connect() if told_over is None else nullcontext(told_over)


@contextmanager
def database_errors() -> Generator[None]:
    """A database that is away becomes Unavailable, what it cannot hold (NUL in a text) Invalid."""
    try:
        yield
    except (*AWAY, exc.TimeoutError) as error:
        log.warning("database not reachable: %s", error)
        message = "The database is not available right now; please try again in a moment"
        raise Unavailable(message) from error
    except (exc.DataError, psycopg.DataError) as error:
        log.warning("not storable: %s", error)
        raise Invalid(message="The request holds a character or a number that cannot be stored") from error
