"""A synchronisation: page by page, each kept in one transaction with the cursor behind it, under a lease.

Killed anywhere, the next worker goes on where the last page was kept. The first one asks for everything, later ones
for what changed since the one before began, and a little longer.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update

from deals_app.domain.actor import Actor
from deals_app.domain.connections import OVERLAP
from deals_app.domain.errors import RuleBroken
from deals_app.integrations.vendor_errors import RateLimited, SignInAgain, VendorDown, VendorError
from deals_app.integrations.vendor_systems import Page
from deals_app.models import Connection, ConnectionSync, InboundItem, Tenant
from deals_app.services.connections.access import (
    BEAT_SECONDS,
    Access,
    access_to,
    break_off,
    connection_actor,
    held,
    refreshed,
)
from deals_app.services.connections.editing import demand_admin, locked_connection
from deals_app.services.connections.pages import keep_objects, work_on
from deals_app.services.ingesting.inbox import Delivery
from deals_app.services.ingesting.processing import process_item
from deals_app.services.outbox import Lease, finish, postpone, renew, take_lease
from deals_app.services.unit_of_work import UnitOfWork, reading, unit_of_work

JOB, TOPIC = "deals_app.jobs.connections.run_sync", "connection.sync"
MAX_ATTEMPTS = 10
LONGEST_WAIT_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Run:
    """A synchronisation that a worker has taken."""

    actor: Actor
    lease: Lease
    connection_id: UUID
    is_full: bool
    since: datetime | None

    @property
    def id(self) -> UUID:
        """The synchronisation's."""
        return self.lease.outbox_id

    @property
    def context(self) -> Mapping[str, str]:
        """What its objects are kept with."""
        return {"connection_id": str(self.connection_id), "sync_id": str(self.id)}


def start_sync(actor: Actor, connection_id: UUID, *, is_full: bool = False) -> UUID:
    """Have it synchronised now; the id of the one that runs already, where one does.

    Raises Forbidden, NotFound, RuleBroken for a connection that nobody has signed in.
    """
    demand_admin(actor)
    with unit_of_work(actor) as work:
        found = locked_connection(work.session, connection_id)
        if found.state != "active":
            message = "Sign in first: this connection has no access" + (" any more" * (found.state == "broken"))
            raise RuleBroken(message)
        return enqueue_sync(work, connection_id, is_full=is_full)


def enqueue_sync(work: UnitOfWork, connection_id: UUID, *, is_full: bool) -> UUID:
    """`start_sync`, inside a transaction that holds the connection."""
    running = work.session.scalar(
        select(ConnectionSync.id).where(
            ConnectionSync.connection_id == connection_id, ConnectionSync.finished_at.is_(None)
        )
    )
    if running is not None:
        return running
    sync_id = work.enqueue(JOB, TOPIC, {"connection_id": str(connection_id)})
    values = {"tenant_id": work.actor.tenant_id, "id": sync_id, "connection_id": connection_id}
    work.session.execute(insert(ConnectionSync).values(**values, is_full=is_full, actor=work.actor.reference))
    return sync_id


def run_sync(tenant_id: str, outbox_id: str) -> None:
    """Bring a synchronisation to its end; nothing happens when it is done or another worker is at it."""
    lease = take_lease(UUID(tenant_id), UUID(outbox_id))
    run = None if lease is None else _begun(lease)
    if run is None:
        return
    try:
        access = access_to(run.actor, run.connection_id)
        _work_on_rest(run)
        try:
            _look_around(run, access)
            _all_pages(run, access)
        except SignInAgain:
            access = refreshed(run.actor, access)
            _look_around(run, access)
            _all_pages(run, access)
    except VendorError as problem:
        _put_off(run, problem)
        return
    _end(run)


def _begun(lease: Lease) -> Run | None:
    """None when it was ended meanwhile, or was tried too often."""
    connection_id = UUID(lease.payload["connection_id"])
    blank = connection_actor(lease.tenant_id, connection_id, "job")
    with unit_of_work(blank) as work:
        renew(work.session, lease)
        found = work.session.execute(
            select(Connection.system, Connection.synced_until).where(Connection.id == connection_id)
        ).one()
        tenant = work.session.execute(select(Tenant.time_zone, Tenant.base_currency)).one()
        row = work.session.execute(
            update(ConnectionSync)
            .where(ConnectionSync.id == lease.outbox_id, ConnectionSync.finished_at.is_(None))
            .values(
                state="running",
                started_at=func.coalesce(ConnectionSync.started_at, func.now()),
                since=func.coalesce(ConnectionSync.since, found.synced_until),
                is_full=ConnectionSync.is_full if found.synced_until else True,
                waits_for=None,
            )
            .returning(ConnectionSync.is_full, ConnectionSync.since)
        ).one_or_none()
        if row is None:
            finish(work.session, lease)
            return None
    actor = replace(
        connection_actor(lease.tenant_id, connection_id, found.system),
        time_zone=tenant.time_zone,
        base_currency=tenant.base_currency,
    )
    run = Run(actor=actor, lease=lease, connection_id=connection_id, is_full=row.is_full, since=row.since)
    if lease.attempts_in_vain > MAX_ATTEMPTS:
        _fail(run, f"It was given up after {MAX_ATTEMPTS} attempts", is_broken=False)
        return None
    return run


def _look_around(run: Run, access: Access) -> None:
    """What the vendor's pipelines, stages and owners are now: objects are read by them, and people map them."""
    known = held(run.actor, run.lease, lambda: access.account().known())
    with unit_of_work(run.actor) as work:
        renew(work.session, run.lease)
        work.session.execute(update(Connection).where(Connection.id == run.connection_id).values(known=known))


def _all_pages(run: Run, access: Access) -> None:
    cursor = _cursor(run)
    if cursor is None:
        return
    pages = access.account().pages(run.since, cursor, is_full=run.is_full)
    while (page := held(run.actor, run.lease, lambda: next(pages, None))) is not None:
        delivery, goes_on = _keep(run, page)
        if delivery is not None:
            work_on(run.actor, delivery, meanwhile=_Beat(run))
        if not goes_on:
            return


def _cursor(run: Run) -> Mapping[str, Any] | None:
    """Where the next page begins; None when it was cancelled."""
    with reading(run.actor) as session:
        row = session.execute(
            select(ConnectionSync.cursor, ConnectionSync.state).where(ConnectionSync.id == run.id)
        ).one()
    return row.cursor if row.state == "running" else None


def _keep(run: Run, page: Page) -> tuple[Delivery | None, bool]:
    """The page in one transaction with the cursor behind it; False beside it when nobody wants more."""
    with unit_of_work(run.actor) as work:
        renew(work.session, run.lease, gets_on=True)
        found = work.session.execute(
            update(ConnectionSync)
            .where(ConnectionSync.id == run.id, ConnectionSync.state == "running")
            .values(cursor=dict(page.cursor), fetched=ConnectionSync.fetched + len(page.objects))
            .returning(ConnectionSync.id)
        ).one_or_none()
        if found is None:
            return None, False
        return keep_objects(work, page.objects, run.context), True


class _Beat:
    """Renews the lease between two objects, when it is time."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._last = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._last >= BEAT_SECONDS:
            with unit_of_work(self._run.actor) as work:
                renew(work.session, self._run.lease, gets_on=True)
            self._last = time.monotonic()


def _work_on_rest(run: Run) -> None:
    """What a worker had kept and not worked on when it died."""
    beat = _Beat(run)
    with reading(run.actor) as session:
        rest = session.scalars(
            select(InboundItem.id)
            .where(InboundItem.context["sync_id"].astext == str(run.id), InboundItem.outcome == "received")
            .order_by(InboundItem.id)
        ).all()
    for item_id in rest:
        process_item(run.actor, item_id)
        beat()


def _end(run: Run) -> None:
    """Done, and known until when: the next one asks from a little before this one began."""
    with unit_of_work(run.actor) as work:
        row = work.session.execute(
            update(ConnectionSync)
            .where(ConnectionSync.id == run.id, ConnectionSync.state == "running")
            .values(state="done", finished_at=func.now())
            .returning(ConnectionSync.started_at)
        ).one_or_none()
        if row is not None:
            values = {"synced_until": row.started_at - OVERLAP, "last_synced_at": func.now()}
            values |= {"last_error": None, "last_error_at": None}
            work.session.execute(update(Connection).where(Connection.id == run.connection_id).values(values))
        finish(work.session, run.lease)


def _put_off(run: Run, problem: VendorError) -> None:
    """Later, when the vendor asks for it or is down; given up when trying again would not help."""
    is_last = not isinstance(problem, RateLimited) and run.lease.attempts_in_vain >= MAX_ATTEMPTS
    if not isinstance(problem, VendorDown) or is_last:
        _fail(run, str(problem), is_broken=isinstance(problem, SignInAgain))
        return
    asked = problem.seconds if isinstance(problem, RateLimited) else None
    seconds = asked or min(LONGEST_WAIT_SECONDS, 2**run.lease.attempts_in_vain)
    with unit_of_work(run.actor) as work:
        postpone(work.session, run.lease, seconds, gets_on=asked is not None)
        work.session.execute(
            update(ConnectionSync).where(ConnectionSync.id == run.id).values(waits_for=f"{problem}; asked again soon")
        )


def _fail(run: Run, problem: str, *, is_broken: bool) -> None:
    with unit_of_work(run.actor) as work:
        work.session.execute(
            update(ConnectionSync)
            .where(ConnectionSync.id == run.id, ConnectionSync.finished_at.is_(None))
            .values(state="failed", problem=problem, finished_at=func.now())
        )
        finish(work.session, run.lease, error=problem)
    break_off(run.actor, run.connection_id, problem, is_broken=is_broken)
