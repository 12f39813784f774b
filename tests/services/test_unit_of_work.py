"""Returning means it happened, raising means it did not; and nobody is rung for what did not happen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from rq import Queue
from sqlalchemy import exc, select, text

from deals_app.domain.errors import Conflict, Unavailable
from deals_app.extensions import db, redis
from deals_app.models import Deal, DealEvent, OutboxRow
from deals_app.services import doorbell
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.doorbell import QUEUE, Ring
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.queries.board import board
from deals_app.services.unit_of_work import before_tenant, one_transaction, reading, unit_of_work
from tests.engines import TestEngines
from tests.people import People
from tests.sql import SUPERUSER, connected, one

JOB = "deals_app.jobs.imports.run_import"


class Bell:
    """Writes down who was rung, and whether the row could be seen from outside at that moment."""

    def __init__(self, engines: TestEngines) -> None:
        self.engines = engines
        self.rung: list[tuple[UUID, bool]] = []

    def __call__(self, call: Ring) -> bool:
        with connected(self.engines, SUPERUSER) as connection:
            seen = one(connection, "SELECT count(*) FROM outbox WHERE id = %s", call.outbox_id)
        self.rung.append((call.outbox_id, seen == 1))
        return True


@pytest.fixture
def bell(engines: TestEngines, monkeypatch: pytest.MonkeyPatch) -> Bell:
    bell = Bell(engines)
    monkeypatch.setattr(doorbell, "ring", bell)
    return bell


@pytest.fixture
def no_redis(people: People) -> Iterator[None]:
    """People are there, Redis is away."""
    url = str(redis.client.connection_pool.connection_kwargs["path"])
    number = redis.client.connection_pool.connection_kwargs["db"]
    redis.init_url(f"unix://{Path(url).parent}/nowhere.sock")
    yield
    redis.init_url(f"unix://{url}?db={number}")


def outbox_count(people: People) -> int:
    with reading(people.alice) as session:
        return len(session.scalars(select(OutboxRow.id).where(OutboxRow.job.is_not(None))).all())


def test_the_bell_rings_once_per_row_after_the_commit(people: People, bell: Bell) -> None:
    with unit_of_work(people.alice) as work:
        ids = [work.enqueue(JOB, "test", {"n": n}) for n in range(2)]
        assert bell.rung == []
    assert bell.rung == [(outbox_id, True) for outbox_id in ids]


def test_raising_writes_nothing_and_rings_nothing(people: People, bell: Bell) -> None:
    with pytest.raises(ZeroDivisionError), unit_of_work(people.alice) as work:
        work.enqueue(JOB, "test", {})
        raise ZeroDivisionError
    assert (bell.rung, outbox_count(people)) == ([], 0)


def test_a_commit_that_fails_rings_nothing(people: People, bell: Bell) -> None:
    """A deferred constraint speaks up at the commit itself."""
    with pytest.raises(exc.IntegrityError), unit_of_work(people.ada) as work:
        work.enqueue(JOB, "test", {})
        work.session.execute(text("UPDATE stages SET position = 0"))
    assert (bell.rung, outbox_count(people)) == ([], 0)


def test_a_ring_reaches_the_queue(people: People) -> None:
    queue = Queue(QUEUE, connection=redis.client)
    queue.empty()
    with unit_of_work(people.alice) as work:
        outbox_id = work.enqueue(JOB, "test", {})
    assert queue.job_ids == [f"{outbox_id}-0"]


@pytest.mark.usefixtures("no_redis")
def test_without_redis_the_work_is_committed_all_the_same(people: People, caplog: pytest.LogCaptureFixture) -> None:
    with unit_of_work(people.alice) as work:
        work.enqueue(JOB, "test", {})
    assert outbox_count(people) == 1
    assert "could not ring" in caplog.text


def test_reading_can_change_nothing(people: People) -> None:
    create_deal(people.alice, NewDeal(name="Rollout", currency="USD"))
    with pytest.raises(exc.InternalError, match="read-only transaction"), reading(people.alice) as session:
        session.execute(text("UPDATE deals SET name = 'x', version = version + 1"))


def test_a_second_transaction_inside_the_first_is_refused_and_the_first_is_rolled_back(people: People) -> None:
    with pytest.raises(RuntimeError, match="second transaction inside its own"), unit_of_work(people.alice) as work:
        work.enqueue(JOB, "test", {})
        create_deal(people.alice, NewDeal(name="Rollout", currency="USD"))
    assert outbox_count(people) == 0
    assert board(people.alice).is_empty


def test_a_pooled_connection_forgets_whose_it_was(people: People) -> None:
    create_deal(people.alice, NewDeal(name="Rollout", currency="USD"))
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM deals")) == 0
    with before_tenant() as connection:
        assert connection.scalar(text("SELECT count(*) FROM deals")) == 0
    with reading(people.charlie) as session:
        assert session.scalars(select(Deal.id)).all() == []


def test_a_database_that_is_away_is_unavailable(people: People, engines: TestEngines) -> None:
    name = str(db.engine.url.database)
    with connected(engines, SUPERUSER, database="postgres") as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")  # pyright: ignore[reportCallIssue, reportArgumentType]
        db.engine.dispose()
        with pytest.raises(Unavailable), unit_of_work(people.alice) as work:
            work.enqueue(JOB, "test", {})
        with pytest.raises(Unavailable), before_tenant():
            pass
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")  # pyright: ignore[reportCallIssue, reportArgumentType]
    assert board(people.alice).is_empty


def test_several_services_in_one_transaction_are_one_operation(people: People) -> None:
    with one_transaction(people.alice):
        first, second = (create_deal(people.alice, NewDeal(name=name, currency="USD")) for name in "ab")
        assert {row.id for column in board(people.alice).columns for row in column.cards} == {first, second}
    with reading(people.alice) as session:
        assert len(set(session.scalars(select(DealEvent.operation)))) == 1


def test_a_failure_inside_is_not_kept_even_when_it_is_caught(people: People) -> None:
    with pytest.raises(RuntimeError, match="nothing of it can be kept"), one_transaction(people.alice):
        deal_id = create_deal(people.alice, NewDeal(name="a", currency="USD"))
        with suppress(Conflict):
            edit_deal(people.alice, deal_id, DealEdit(name="b"), version=7)
    assert board(people.alice).is_empty


def test_nobody_is_rung_before_the_whole_is_kept(people: People, bell: Bell) -> None:
    with one_transaction(people.alice):
        with unit_of_work(people.alice) as work:
            outbox_id = work.enqueue(JOB, "import.queued", {})
        assert bell.rung == []
    assert bell.rung == [(outbox_id, True)]


def test_another_actor_or_an_import_is_no_part_of_it(people: People) -> None:
    with pytest.raises(RuntimeError, match="another actor"), one_transaction(people.alice):
        board(people.bob)
    around = one_transaction(people.alice)
    with pytest.raises(RuntimeError, match="of their own"), around, unit_of_work(people.alice, cause=uuid4()):
        pass
