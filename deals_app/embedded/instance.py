"""An instance's engines: started by whoever comes first, found by everyone else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from deals_app.embedded.home import open_home, remove_socket_directory
from deals_app.embedded.lock import InstanceLock, Occupant, guests
from deals_app.embedded.postgres import OWNER_ROLE, EmbeddedPostgres
from deals_app.embedded.processes import EmbeddedError, wait_until
from deals_app.embedded.redis import EmbeddedRedis
from deals_app.settings import Settings

Engine = EmbeddedPostgres | EmbeddedRedis
AnyEngine = TypeVar("AnyEngine", EmbeddedPostgres, EmbeddedRedis)

# A command that has the engines to itself takes seconds as a rule; an import may take longer.
_PATIENCE_SECONDS = 30.0


@contextmanager
def running_instance(settings: Settings) -> Iterator[Settings]:
    """The settings with every address filled in, good for the duration of the block.

    What the environment names is taken as it is. Otherwise the engines of whoever runs on this data directory are
    used, and if nobody does, our own, started here and stopped at the end.
    """
    if settings.database_url and settings.redis_url:
        yield settings
        return
    lock = InstanceLock(settings.data_dir)
    with ExitStack() as stack:
        if occupant := _wait_for_place(lock, settings.data_dir, stack):
            yield _fill(settings, occupant)
        else:
            with started_engines(settings) as (filled, _):
                lock.publish(_occupant(filled, is_up=False))
                try:
                    yield filled
                finally:
                    # While the addresses are still true; nobody new comes in from here on.
                    stack.enter_context(guests(settings.data_dir, alone=True))
                    lock.publish(None)


@contextmanager
def sole_instance(settings: Settings) -> Iterator[tuple[Settings, list[Engine]]]:
    """What `deals up` stands on: the data directory for itself, its engines running, their addresses published."""
    lock = InstanceLock(settings.data_dir)
    own = Occupant(os.getpid(), is_up=True)

    def acquired_or_taken() -> bool:
        return lock.try_acquire(own) or bool((other := lock.occupant()) and other.is_up)

    wait_until(acquired_or_taken, seconds=_PATIENCE_SECONDS, pause_seconds=0.05)
    if not lock.is_ours:
        other = lock.occupant()
        who = f"pid {other.pid}" if other else "pid unknown"
        what = "`deals up` already runs" if other and other.is_up else "Another command is at work"
        message = f"{what} on {settings.data_dir} ({who}): stop it, or choose another --data-dir"
        raise EmbeddedError(message)
    try:
        with started_engines(settings) as (filled, engines):
            lock.publish(_occupant(filled, is_up=True))
            yield filled, engines
    finally:
        lock.release()


@contextmanager
def started_engines(settings: Settings) -> Iterator[tuple[Settings, list[Engine]]]:
    """Start the engines whose address is not given. Only for the holder of the data directory's lock."""
    engines: list[Engine] = []
    if settings.database_url and settings.redis_url:
        yield settings, engines
        return
    home = open_home(settings.data_dir)
    with ExitStack() as stack:
        stack.callback(remove_socket_directory, home)
        if not settings.database_url:
            postgres = _start(EmbeddedPostgres(home), engines, stack)
            settings = replace(settings, database_url=postgres.url(), database_admin_url=postgres.url(OWNER_ROLE))
        if not settings.redis_url:
            redis = _start(EmbeddedRedis(home), engines, stack)
            settings = replace(settings, redis_url=redis.url())
        yield settings, engines


def _start(engine: AnyEngine, engines: list[Engine], stack: ExitStack) -> AnyEngine:
    stack.callback(engine.stop)
    engine.start()
    engines.append(engine)
    return engine


def _wait_for_place(lock: InstanceLock, data_dir: Path, stack: ExitStack) -> Occupant | None:
    """Either hold the lock ourselves (None) or be a registered guest of the occupant that is returned."""
    found: list[Occupant] = []

    def settled() -> bool:
        if lock.try_acquire(Occupant(os.getpid(), is_up=False)):
            stack.callback(lock.release)
            return True
        with ExitStack() as visit:
            visit.enter_context(guests(data_dir, alone=False))
            occupant = lock.occupant()  # asked as a guest: a leaving command has withdrawn its addresses by now
            if occupant is None or not occupant.is_ready:
                return False
            found.append(occupant)
            stack.push(visit.pop_all())
            return True

    if not wait_until(settled, seconds=_PATIENCE_SECONDS, pause_seconds=0.05):
        message = f"The instance on {data_dir} is starting or stopping and did not come to an end: try again"
        raise EmbeddedError(message)
    return found[0] if found else None


def _occupant(settings: Settings, *, is_up: bool) -> Occupant:
    return Occupant(os.getpid(), is_up, settings.database_url, settings.database_admin_url, settings.redis_url)


def _fill(settings: Settings, occupant: Occupant) -> Settings:
    if settings.database_url:
        return replace(settings, redis_url=occupant.redis_url)
    return replace(
        settings,
        database_url=occupant.database_url,
        database_admin_url=occupant.database_admin_url,
        redis_url=settings.redis_url or occupant.redis_url,
    )
