"""The only place that commits. Returning from the block means it happened, raising means it did not.

The transaction carries the tenant, the actor and the door (row security and the ledger's trigger read them), and what
the block asked to be done afterwards is written to the outbox in the same transaction; RQ is rung after the commit,
best effort: the relay rings again for whatever is not done (DESIGN.md, idea 4).
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, event, exc, insert, text
from sqlalchemy.orm import Session, SessionTransaction

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Invalid, Unavailable
from deals_app.extensions import db
from deals_app.models import OutboxRow
from deals_app.services import doorbell

log = logging.getLogger(__name__)

_told_over: ContextVar[Session | None] = ContextVar("told_over", default=None)

CONTEXT = text(
    "SELECT set_config('app.tenant_id', :tenant_id, true), set_config('app.actor', :actor, true),"
    " set_config('app.door', :door, true), set_config('app.request_id', :request_id, true),"
    " set_config('app.cause', :cause, true), set_config('app.undoes', :undoes, true),"
    " set_config('app.at', :at, true), set_config('transaction_read_only', :read_only, true),"
    " set_config('app.operation', new_id()::text, true) AS operation"
)


@dataclass
class UnitOfWork:
    """An open transaction of one actor."""

    actor: Actor
    session: Session
    failed: bool = False
    _rings: list[doorbell.Ring] = field(default_factory=list[doorbell.Ring])

    @property
    def operation(self) -> UUID:
        """What the ledger calls this transaction; an undo names it."""
        self.session.connection()
        return self.session.info["operation"]

    @property
    def connection(self) -> Connection:
        """For statements that need nothing of the ORM."""
        return self.session.connection()

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
        if cause or undoes or as_owner:
            message = "an import, an undo and the owner's work are transactions of their own"
            raise RuntimeError(message)
        with around.guarded():
            yield around
        return
    owned = (_told_over.get() or Session(db.engines["admin"])) if as_owner or actor.as_of is not None else None
    with _kept(owned or db.session(), actor, cause=cause, undoes=undoes) as work:
        yield work


@contextmanager
def one_transaction(actor: Actor) -> Generator[None]:
    """Several services in one transaction and one operation: a change, and the view of it that is answered.

    What they do is kept when the block ends, and none of it when one of them raises, even if that is caught inside.
    """
    with _kept(db.session(), actor) as work:
        work.session.info["around"] = work
        try:
            yield
        finally:
            del work.session.info["around"]


@contextmanager
def back_dating() -> Generator[None]:
    """Hold one connection for all the units of work as owner inside: a history is thousands of them.

    Their commits do not wait for the disk. A crash may take the newest with it, so whoever tells a history goes on
    from what is there, and whatever is committed elsewhere afterwards keeps it all.
    """
    with database_errors(), db.engines["admin"].connect() as connection:
        with connection.begin():
            connection.execute(text("SET synchronous_commit = off"))
        token = _told_over.set(Session(connection))
        try:
            yield
        finally:
            _told_over.reset(token)


@contextmanager
def reading(actor: Actor) -> Generator[Session]:
    """One read-only transaction of `actor`; nothing it does is kept."""
    around = _around(actor)
    if around is not None:
        with around.guarded():
            yield around.session
        return
    with _transaction(db.session(), actor, read_only=True) as session:
        yield session


@contextmanager
def _kept(
    session: Session, actor: Actor, *, cause: UUID | None = None, undoes: UUID | None = None
) -> Generator[UnitOfWork]:
    """What the block did is committed when it ends, and whoever is to be rung is rung after that."""
    with _transaction(session, actor, read_only=False, cause=cause, undoes=undoes):
        work = UnitOfWork(actor, session)
        yield work
        if work.failed:
            message = "a service failed inside this transaction, so nothing of it can be kept"
            raise RuntimeError(message)
        session.commit()
    work.ring()


def _around(actor: Actor) -> UnitOfWork | None:
    """The transaction that `one_transaction` has opened around this one, for the same actor."""
    work: UnitOfWork | None = db.session().info.get("around")
    if work is not None and work.actor != actor:
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
    session: Session, actor: Actor, *, read_only: bool, cause: UUID | None = None, undoes: UUID | None = None
) -> Generator[Session]:
    if "context" in session.info:
        message = "a service opened a second transaction inside its own: pass the session on instead"
        raise RuntimeError(message)
    session.info["context"] = {
        "tenant_id": str(actor.tenant_id),
        "actor": actor.reference,
        "door": actor.door,
        "request_id": actor.request_id,
        "cause": str(cause or ""),
        "undoes": str(undoes or ""),
        "at": "" if actor.as_of is None or read_only else actor.as_of.isoformat(),
        "read_only": "on" if read_only else "off",
    }
    try:
        with database_errors():
            yield session
    finally:
        session.close()
        del session.info["context"]


@contextmanager
def database_errors() -> Generator[None]:
    """A database that is away becomes Unavailable, what it cannot hold (NUL in a text) Invalid."""
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        log.warning("database not reachable: %s", error)
        message = "The database is not available right now; please try again in a moment"
        raise Unavailable(message) from error
    except exc.DataError as error:
        log.warning("not storable: %s", error)
        raise Invalid(message="The request holds a character or a number that cannot be stored") from error


@event.listens_for(Session, "after_begin")
def _carry_context(session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    """Every transaction of a session starts by saying whose it is; without a context it sees nothing."""
    context = session.info.get("context")
    if context is not None:
        session.info["operation"] = UUID(connection.execute(CONTEXT, context).one().operation)
