"""Imports through the whole job, beside COPY of the same rows into the same table with its indexes."""

from __future__ import annotations

import io
import time
from statistics import median
from typing import Any

import psycopg

from bench.figures import Ratio
from bench.scene import Scene
from deals_app.domain.actor import Actor
from deals_app.services.importing.intake import receive_file
from deals_app.services.importing.starting import start_import

DEMANDED = 0.15
PATIENCE_SECONDS = 900.0
STAGES = ("lead", "qualified", "proposal", "negotiation")
# With everything that a deal's table has but foreign keys and triggers: the physical limit knows no rules of ours.
COPIED = "CREATE TABLE IF NOT EXISTS copied (LIKE deals INCLUDING ALL)"


def measured_imports(made: Scene, slugs: list[str], rows: int) -> Ratio:
    """One import into each new tenant, from its start until it is done, each followed by a COPY of what it made."""
    ours: list[float] = []
    limit: list[float] = []
    receiving: list[float] = []
    for slug in slugs:
        actor = made.tenant(slug)
        received, started, done = _import(made, actor, rows)
        receiving.append(started - received)
        ours.append(rows / (done - started))
        limit.append(rows / _copy_seconds(made, actor))
    return Ratio(
        name=f"import of {rows:,}",
        unit="rows",
        ours=tuple(ours),
        limit=tuple(limit),
        demanded=DEMANDED,
        limit_is="COPY of the same rows into the same table with its indexes, no foreign keys, no ledger",
        facts={"receiving_the_file_seconds": round(median(receiving), 3)},
    )


def content(rows: int) -> bytes:
    """A file as another system exports it."""
    lines = [f"{n},Deal {n},Company {n % 500},{n}.50,{STAGES[n % 4]},2027-03-{n % 28 + 1:02}" for n in range(rows)]
    return "\n".join(["Record ID,Deal Name,Company,Amount,Deal Stage,Close Date", *lines]).encode()


def _import(made: Scene, actor: Actor, rows: int) -> tuple[float, float, float]:
    """When the file came in, when the import was started, and when a worker had it done."""
    received = time.monotonic()
    import_id = receive_file(actor, "bench.csv", io.BytesIO(content(rows)))
    started = time.monotonic()
    start_import(actor, import_id)
    with psycopg.connect(made.conninfo, autocommit=True) as connection:
        while (state := _state(connection, import_id)) != ("done", rows):
            if state[0] not in {"queued", "running"} or time.monotonic() - started > PATIENCE_SECONDS:
                message = f"the import is {state}"
                raise RuntimeError(message)
            time.sleep(0.005)
    return received, started, time.monotonic()


def _state(connection: psycopg.Connection[Any], import_id: object) -> tuple[str, int]:
    row = connection.execute("SELECT state, created FROM imports WHERE id = %s", [import_id]).fetchone()
    assert row is not None  # noqa: S101 (for the types: it was made above)
    return row


def _copy_seconds(made: Scene, actor: Actor) -> float:
    """COPY and COMMIT of a tenant's deals into a table that already holds the others'."""
    out = io.BytesIO()
    with psycopg.connect(made.conninfo) as connection:
        connection.execute(COPIED)
        with connection.cursor() as cursor, cursor.copy(_rows_of(actor)) as copy:
            out.writelines(copy)
        connection.commit()
        start = time.monotonic()
        with connection.cursor() as cursor, cursor.copy("COPY copied FROM STDIN") as copy:
            copy.write(out.getvalue())
        connection.commit()
        return time.monotonic() - start


def _rows_of(actor: Actor) -> Any:
    return f"COPY (SELECT * FROM deals WHERE tenant_id = '{actor.tenant_id}' ORDER BY id) TO STDOUT"
