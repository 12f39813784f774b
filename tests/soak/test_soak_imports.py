"""An import under `deals up` whose workers are killed again and again, while Valkey is flushed and killed as well.

Nobody lends a hand: the supervisor starts what died, the relay rings, and the lease's cursor says where to go on.
"""

from __future__ import annotations

import csv
import io
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from sqlalchemy import text

from deals_app.app import create_app
from deals_app.domain.actor import Actor, Role
from deals_app.embedded.instance import running_instance
from deals_app.embedded.processes import wait_until
from deals_app.extensions import db, redis
from deals_app.services.accounts import create_tenant
from deals_app.services.queries.import_rows import rejected_csv
from deals_app.services.queries.imports import import_view
from deals_app.services.unit_of_work import reading
from deals_app.settings import Settings, settings_from_environment
from tests.filled import queue_file
from tests.people import PASSWORD
from tests.served import free_port

KILLS = int(os.environ.get("SOAK_KILLS", "50"))
ROWS = int(os.environ.get("SOAK_ROWS", "100000"))
EACH_BAD = 50
GOES_ON_SECONDS = 30.0
# What kills ten workers in a row is given up, and rightly so.
MOST_IN_VAIN = 7
# From here on an attempt that is left alone for long would bring the import to its end.
LAST_PART = 0.7


def file_of(rows: int) -> str:
    """Every fiftieth row has a value that is none."""
    lines = (
        f"{n},Deal {n % 997},{'to be done' if n % EACH_BAD == 0 else n},Firm {n % 3001}\n" for n in range(1, rows + 1)
    )
    return "Record ID,Deal Name,Amount,Company\n" + "".join(lines)


@contextmanager
def up(data_dir: Path) -> Iterator[psutil.Process]:
    """`deals up`, ready; what it says goes to a file, as nobody reads it meanwhile."""
    words = ["up", "--port", str(free_port()), "--no-demo", "--data-dir", str(data_dir)]
    clean = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "DATABASE_ADMIN_URL", "REDIS_URL"}}
    with (data_dir.parent / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "deals_app.cli", *words],
            env=clean | {"ASSETS": "local"},
            stdout=subprocess.PIPE,
            stderr=log,
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(b"Ready on")
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.communicate(timeout=60)


def called(supervisor: psutil.Process, word: str) -> list[psutil.Process]:
    """The supervisor's descendants whose command line has the word."""
    found: list[psutil.Process] = []
    for process in supervisor.children(recursive=True):
        try:
            if any(word in part for part in process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


class Work:
    """What the outbox says of the import's work."""

    def __init__(self, actor: Actor, import_id: UUID) -> None:
        self.actor = actor
        self.import_id = import_id

    def attempts(self) -> tuple[int, int]:
        """How often it was begun, and how often in vain since it last got on."""
        with reading(self.actor) as session:
            row = session.execute(
                text("SELECT attempts, payload FROM outbox WHERE job IS NOT NULL AND payload ->> 'import_id' = :id"),
                {"id": str(self.import_id)},
            ).one()
        return row.attempts, row.attempts - int(row.payload.get("got_on", 0))

    def processed(self) -> int:
        return import_view(self.actor, self.import_id).processed

    def is_over(self) -> bool:
        return import_view(self.actor, self.import_id).is_finished


@dataclass
class Deaths:
    """What has been killed so far, and the longest that the import then stood still, in seconds."""

    supervisor: psutil.Process
    chance: random.Random
    workers: int = 0
    flushes: int = 0
    valkeys: int = 0
    longest: float = 0.0

    def wait_for_heir(self, work: Work, known: int) -> None:
        """Until somebody has begun the work once more than `known` times."""
        asked = time.monotonic()
        went_on = wait_until(
            lambda: work.attempts()[0] > known or work.is_over(), seconds=4 * GOES_ON_SECONDS, pause_seconds=0.02
        )
        self.longest = max(self.longest, time.monotonic() - asked)
        assert went_on, "nobody went on"

    def wait_for_moment(self, work: Work) -> None:
        """Some time within an attempt: soon where the import is ahead of its killers, later where they are."""
        if work.attempts()[1] >= MOST_IN_VAIN:
            before = work.processed()
            wait_until(lambda: work.is_over() or work.processed() > before, seconds=120, pause_seconds=0.02)
            return
        share = work.processed() / ROWS
        is_ahead = share > (self.workers + 1) / (KILLS + 1)
        time.sleep(self.chance.uniform(0.0, 0.25 if is_ahead else 2.0 if share < LAST_PART else 0.5))

    def strike(self) -> None:
        """The worker and its work-horse; now and then Valkey forgets, or dies as well."""
        kill(called(self.supervisor, "rq:") + called(self.supervisor, "deals_app.cli worker"))
        self.workers += 1
        if self.workers % 5 == 0:
            redis.client.flushall()
            self.flushes += 1
        if self.workers % 7 == 0:
            kill(called(self.supervisor, "valkey-server"))
            self.valkeys += 1

    def __str__(self) -> str:
        return (
            f"{self.workers} kills, {self.flushes} flushes, {self.valkeys} kills of Valkey,"
            f" went on within {self.longest:.1f} s"
        )


def test_every_row_exactly_once_over_many_deaths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("SOAK_SEED", random.randrange(10**6)))
    data_dir = tmp_path / "data"
    with (
        up(data_dir) as supervisor,
        running_instance(settings_from_environment(data_dir=data_dir)) as instance,
        connected_application(instance),
    ):
        made = create_tenant(slug="soak", name="Soak", owner_email="a@soak.example", owner_name="A", password=PASSWORD)
        actor = Actor(tenant_id=made.tenant_id, reference=f"user:{made.user_id}", role=Role.ADMIN, door="page")
        work = Work(actor, queue_file(actor, file_of(ROWS)))
        deaths, known, began = Deaths(supervisor, random.Random(seed)), 0, time.monotonic()
        while not work.is_over() and deaths.workers < KILLS:
            deaths.wait_for_heir(work, known)
            deaths.wait_for_moment(work)
            known = work.attempts()[0]
            if not work.is_over():
                deaths.strike()
            with capsys.disabled():
                print(f"\r{deaths}, {work.processed()} rows, seed {seed}   ", end="")
        deaths.wait_for_heir(work, known)
        assert wait_until(work.is_over, seconds=600)
        with capsys.disabled():
            print(f"\n{ROWS} rows, {deaths}, {time.monotonic() - began:.0f} s, seed {seed}")
        assert_exactly_once(actor, work.import_id)
    assert deaths.workers == KILLS, "the import was quicker than its killers: more rows, or fewer kills"
    assert deaths.longest <= GOES_ON_SECONDS


@contextmanager
def connected_application(instance: Settings) -> Iterator[None]:
    """Our services over the engines that `deals up` runs."""
    app = create_app(instance)
    with app.app_context():
        yield
        for engine in db.engines.values():
            engine.dispose()


def assert_exactly_once(actor: Actor, import_id: UUID) -> None:
    """Every good row is a deal, every bad one is told with its line."""
    good = [n for n in range(1, ROWS + 1) if n % EACH_BAD]
    done = import_view(actor, import_id)
    counted = (done.total, done.processed, done.created, done.updated, done.unchanged, done.failed)
    assert (done.state, *counted) == ("done", ROWS, ROWS, len(good), 0, 0, ROWS - len(good))
    with reading(actor) as session:
        found = session.execute(
            text(
                "SELECT (SELECT count(*) FROM deals), (SELECT sum(value) FROM deals),"
                " (SELECT count(*) FROM external_refs), (SELECT count(DISTINCT deal_id) FROM external_refs),"
                " (SELECT count(*) FROM deal_events), (SELECT count(*) - count(DISTINCT match_key) FROM customers)"
            )
        ).one()
    assert tuple(found) == (len(good), 100 * sum(good), len(good), len(good), len(good), 0)
    told = list(csv.reader(io.StringIO("".join(rejected_csv(actor, import_id)))))[1:]
    assert [int(row[-2]) for row in told] == [n + 1 for n in range(1, ROWS + 1) if n % EACH_BAD == 0]
