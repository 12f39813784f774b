"""The short form of tests/soak/test_soak_imports.py: workers killed while they stage, apply and take back."""

from __future__ import annotations

from flask import Flask
from psycopg.sql import SQL, Identifier
from sqlalchemy import text

from deals_app.domain.actor import Actor
from deals_app.embedded.processes import wait_until
from deals_app.extensions import redis
from deals_app.jobs.relay import relay_once
from deals_app.services.importing.taking_back import take_back_import
from deals_app.services.queries.import_rows import rejected_csv
from deals_app.services.queries.imports import import_view
from deals_app.services.unit_of_work import reading
from tests.engines import TestEngines
from tests.filled import queue_file
from tests.jobs.test_import_worker import burst_worker, kill_family
from tests.people import People
from tests.sql import OWNER, SUPERUSER, connected, one

ROWS, EACH_BAD = 2_000, 50
SECONDS = 60
# A lock on each of these stops the worker at another place: when it stages rows, makes deals, remembers their ids.
PLACES = ("import_rows", "deals", "external_refs")
UNDO_PLACES = ("deals", "external_refs", "customers")


def file_of(rows: int) -> str:
    lines = (f"{n},Deal {n},{'to be done' if n % EACH_BAD == 0 else n},Firm {n % 7}\n" for n in range(1, rows + 1))
    return "Record ID,Deal Name,Amount,Company\n" + "".join(lines)


def kill_in_the_middle(app: Flask, engines: TestEngines, table: str) -> None:
    """A worker that has come as far as this table, killed; Redis forgets everything, and nobody tells anybody."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
    with connected(engines, SUPERUSER) as holder, connected(engines, SUPERUSER) as observer, holder.transaction():
        holder.execute(SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(Identifier(table)))
        with burst_worker(app) as worker:
            assert wait_until(lambda: one(observer, waiting, table) > 0, seconds=SECONDS), table
            kill_family(worker)
            worker.wait(SECONDS)
    redis.client.flushdb()
    with connected(engines, OWNER) as connection:
        # As if the lease had run out: 15 seconds that nobody has to wait for here.
        connection.execute(
            "UPDATE outbox SET leased_until = now() - interval '1 second', rung_at = now() - interval '1 minute'"
            " WHERE job IS NOT NULL AND done_at IS NULL"
        )
    assert relay_once() == 1


def let_it_end(app: Flask) -> None:
    with burst_worker(app) as heir:
        output, _ = heir.communicate(timeout=SECONDS)
    assert heir.returncode == 0, output.decode()


def found(actor: Actor) -> tuple[int, ...]:
    with reading(actor) as session:
        row = session.execute(
            text(
                "SELECT (SELECT count(*) FROM deals WHERE deleted_at IS NULL), (SELECT count(*) FROM external_refs),"
                " (SELECT count(DISTINCT deal_id) FROM external_refs),"
                " (SELECT count(*) FROM customers WHERE deleted_at IS NULL), (SELECT count(*) FROM deal_events)"
            )
        ).one()
    return tuple(row)


def test_every_row_exactly_once_over_three_deaths_and_back_again_over_three_more(
    app: Flask, people: People, engines: TestEngines
) -> None:
    redis.client.flushdb()
    good = ROWS - ROWS // EACH_BAD
    import_id = queue_file(people.mona, file_of(ROWS))
    for table in PLACES:
        kill_in_the_middle(app, engines, table)
    let_it_end(app)
    done = import_view(people.mona, import_id)
    assert (done.state, done.processed, done.created, done.failed) == ("done", ROWS, good, ROWS - good)
    assert found(people.mona) == (good, good, good, 7, good)
    told = "".join(rejected_csv(people.mona, import_id)).splitlines()[1:]
    assert [int(line.split(",")[4]) for line in told] == [n + 1 for n in range(EACH_BAD, ROWS + 1, EACH_BAD)]

    take_back_import(people.mona, import_id)
    for table in UNDO_PLACES:
        kill_in_the_middle(app, engines, table)
    let_it_end(app)
    assert import_view(people.mona, import_id).state == "undone"
    assert found(people.mona) == (0, 0, 0, 0, 2 * good)
