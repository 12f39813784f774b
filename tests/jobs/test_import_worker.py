"""The import's job in real workers: from the queue, and over the death of one of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest
from flask import Flask
from sqlalchemy import text

from deals_app.domain.actor import Actor
from deals_app.embedded.processes import wait_until
from deals_app.extensions import redis
from deals_app.jobs.relay import relay_once
from deals_app.services.importing import run
from deals_app.services.importing.run import ROWS_PER_CHUNK, run_import
from deals_app.services.importing.starting import cancel_import
from deals_app.services.outbox import LeaseLost
from deals_app.services.queries.imports import import_view
from deals_app.services.unit_of_work import reading
from deals_app.settings import environment_for_children
from tests.engines import TestEngines
from tests.filled import import_file, outbox_id_of, queue_file
from tests.people import People
from tests.sql import OWNER, SUPERUSER, connected

PATIENCE_SECONDS = 60


@pytest.fixture(autouse=True)
def empty_queue(app: Flask) -> None:
    redis.client.flushdb()


@contextmanager
def burst_worker(app: Flask) -> Iterator[subprocess.Popen[bytes]]:
    """`deals worker --burst` over the test's engines."""
    settings = app.config["DEALS_SETTINGS"]
    argv = [sys.executable, "-m", "deals_app.cli", "worker", "--burst"]
    with subprocess.Popen(
        argv,
        env=environment_for_children(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            kill_family(process)


def kill_family(process: subprocess.Popen[bytes]) -> None:
    """As the kernel's OOM killer would: no goodbye for the worker nor for its work-horse."""
    if process.poll() is not None:
        return
    parent = psutil.Process(process.pid)
    for victim in [*parent.children(recursive=True), parent]:
        os.kill(victim.pid, signal.SIGKILL)


def wait_for(condition: Callable[[], bool]) -> None:
    assert wait_until(condition, seconds=PATIENCE_SECONDS), "it never happened"


def rows_of(count: int) -> str:
    return "Record ID,Deal Name,Amount\n" + "".join(f"{n},Deal {n % 97},{n}\n" for n in range(count))


def assert_every_row_exactly_once(actor: Actor, count: int) -> None:
    with reading(actor) as session:
        found = session.execute(
            text(
                "SELECT (SELECT count(*) FROM deals), (SELECT sum(value) FROM deals),"
                " (SELECT count(*) FROM external_refs), (SELECT count(DISTINCT deal_id) FROM external_refs),"
                " (SELECT count(*) FROM deal_events), (SELECT count(*) FROM import_rows WHERE outcome = 'created')"
            )
        ).one()
    assert tuple(found) == (count, 100 * sum(range(count)), count, count, count, count)


def test_a_worker_brings_a_queued_import_to_its_end(app: Flask, people: People) -> None:
    import_id = queue_file(people.mona, rows_of(50))
    assert import_view(people.mona, import_id).state == "queued"
    with burst_worker(app) as worker:
        output, _ = worker.communicate(timeout=PATIENCE_SECONDS)
    assert worker.returncode == 0, output.decode()
    done = import_view(people.mona, import_id)
    assert (done.state, done.created, done.failed) == ("done", 50, 0)
    assert done.finished_at is not None
    assert_every_row_exactly_once(people.mona, 50)


def test_an_import_rung_twice_is_done_once(people: People) -> None:
    done = import_file(people.mona, rows_of(20))
    run_import(str(people.tenant_id), str(outbox_id_of(people.mona, done.id)))
    again = import_view(people.mona, done.id)
    assert again == done
    assert_every_row_exactly_once(people.mona, 20)


def test_a_killed_workers_import_goes_on_where_it_was(app: Flask, people: People, engines: TestEngines) -> None:
    count = 4 * ROWS_PER_CHUNK + 7
    import_id = queue_file(people.mona, rows_of(count))
    with burst_worker(app) as worker, connected(engines, SUPERUSER) as connection:
        wait_for(lambda: import_view(people.mona, import_id).processed >= ROWS_PER_CHUNK)
        with connection.transaction():
            # The lock of `applying.LOCK`: the worker stands still in the middle of a chunk.
            connection.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended('import:' || %s, 0))", [str(people.tenant_id)]
            )
            stopped = import_view(people.mona, import_id)
            kill_family(worker)
            worker.wait(PATIENCE_SECONDS)
    assert stopped.state == "running"
    assert ROWS_PER_CHUNK <= stopped.processed < count
    assert stopped.processed % ROWS_PER_CHUNK == 0

    with connected(engines, OWNER) as connection:
        connection.execute(
            "UPDATE outbox SET leased_until = now() - interval '1 second', rung_at = now() - interval '1 minute'"
            " WHERE job IS NOT NULL"
        )
        assert relay_once() == 1
    with burst_worker(app) as heir:
        output, _ = heir.communicate(timeout=PATIENCE_SECONDS)
    assert heir.returncode == 0, output.decode()
    done = import_view(people.mona, import_id)
    assert (done.state, done.total, done.processed, done.created) == ("done", count, count, count)
    assert_every_row_exactly_once(people.mona, count)


def test_an_import_that_dies_after_any_chunk_goes_on(
    people: People, engines: TestEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in the middle of a chunk: what it had done of it is rolled back with its cursor."""
    monkeypatch.setattr(run, "ROWS_PER_CHUNK", 3)
    import_id = queue_file(people.mona, rows_of(10))
    outbox_id = outbox_id_of(people.mona, import_id)
    honest = run.apply_chunk

    def dies(*args: object, **kwargs: object) -> None:
        honest(*args, **kwargs)  # type: ignore[arg-type]
        raise ZeroDivisionError

    seen: list[int] = []
    for chunk in range(4):
        calls = iter(range(100))
        monkeypatch.setattr(run, "apply_chunk", lambda *a, c=calls, **k: (dies if next(c) else honest)(*a, **k))
        with pytest.raises(ZeroDivisionError):
            run_import(str(people.tenant_id), str(outbox_id))
        seen.append(import_view(people.mona, import_id).processed)
        assert import_view(people.mona, import_id).state == "running", chunk
        with connected(engines, OWNER) as connection:
            connection.execute("UPDATE outbox SET leased_until = NULL WHERE job IS NOT NULL")
    assert seen == [3, 6, 9, 10]
    monkeypatch.setattr(run, "apply_chunk", honest)
    run_import(str(people.tenant_id), str(outbox_id))
    done = import_view(people.mona, import_id)
    assert (done.state, done.processed, done.created) == ("done", 10, 10)
    assert_every_row_exactly_once(people.mona, 10)


def test_a_worker_that_was_thought_dead_writes_nothing_more(
    people: People, engines: TestEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "ROWS_PER_CHUNK", 3)
    import_id = queue_file(people.mona, rows_of(10))
    outbox_id = outbox_id_of(people.mona, import_id)
    honest = run._chunk

    def overtaken_after(*args: object) -> bool:
        going = honest(*args)  # type: ignore[arg-type]
        with connected(engines, OWNER) as connection:
            connection.execute("UPDATE outbox SET attempts = attempts + 1 WHERE job IS NOT NULL")
        return going

    monkeypatch.setattr(run, "_chunk", overtaken_after)
    with pytest.raises(LeaseLost):
        run_import(str(people.tenant_id), str(outbox_id))
    assert import_view(people.mona, import_id).processed == 3
    assert_every_row_exactly_once(people.mona, 3)


def test_a_file_that_kills_every_worker_is_given_up(people: People, engines: TestEngines) -> None:
    import_id = queue_file(people.mona, rows_of(5))
    with connected(engines, OWNER) as connection:
        connection.execute("UPDATE outbox SET attempts = %s WHERE job IS NOT NULL", [run.MAX_ATTEMPTS])
    run_import(str(people.tenant_id), str(outbox_id_of(people.mona, import_id)))
    ended = import_view(people.mona, import_id)
    assert (ended.state, ended.processed) == ("failed", 0)
    assert str(run.MAX_ATTEMPTS) in (ended.problem or "")


def test_a_cancelled_import_stops_before_its_next_chunk(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "ROWS_PER_CHUNK", 3)
    import_id = queue_file(people.mona, rows_of(10))
    honest = run._chunk

    def cancelled_after_the_first(*args: object) -> bool:
        going = honest(*args)  # type: ignore[arg-type]
        if going and import_view(people.mona, import_id).state == "running":
            cancel_import(people.mona, import_id)
        return going

    monkeypatch.setattr(run, "_chunk", cancelled_after_the_first)
    run_import(str(people.tenant_id), str(outbox_id_of(people.mona, import_id)))
    ended = import_view(people.mona, import_id)
    assert (ended.state, ended.processed, ended.created) == ("cancelled", 3, 3)
    assert ended.finished_at is not None
