"""Leases and the relay: work is done once, by one worker at a time, whatever became of the others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from flask import Flask
from rq import Queue
from sqlalchemy import insert, select

from deals_app.extensions import redis
from deals_app.jobs.relay import relay_once
from deals_app.models import OutboxRow
from deals_app.services.doorbell import QUEUE
from deals_app.services.outbox import Lease, LeaseLost, due_rings, finish, renew, take_lease
from deals_app.services.unit_of_work import reading, unit_of_work
from tests.engines import TestEngines
from tests.people import People
from tests.sql import OWNER, connected

JOB = "deals_app.jobs.imports.run_import"


@pytest.fixture
def row(people: People) -> UUID:
    with unit_of_work(people.alice) as work:
        return work.enqueue(JOB, "test", {"n": 1})


def took(people: People, row: UUID) -> Lease:
    lease = take_lease(people.tenant_id, row)
    assert lease is not None
    return lease


def let_time_pass(engines: TestEngines, assignment: str) -> None:
    """Put a row's moments into the past, as the owner, instead of waiting for them."""
    with connected(engines, OWNER) as connection:
        connection.execute(f"UPDATE outbox SET {assignment} WHERE job IS NOT NULL")  # pyright: ignore[reportCallIssue, reportArgumentType]


def rung_long_ago(engines: TestEngines) -> None:
    let_time_pass(engines, "rung_at = now() - interval '1 minute'")


def lease_ran_out(engines: TestEngines) -> None:
    let_time_pass(engines, "leased_until = now() - interval '1 second'")


def test_a_lease_is_taken_once(people: People, row: UUID) -> None:
    lease = took(people, row)
    assert (lease.attempt, lease.payload) == (1, {"n": 1})
    assert take_lease(people.tenant_id, row) is None


def test_of_many_workers_at_once_one_gets_the_lease(app: Flask, people: People, row: UUID) -> None:
    start = Barrier(6)

    def worker(_number: int) -> Lease | None:
        with app.app_context():
            start.wait(10)
            return take_lease(people.tenant_id, row)

    with ThreadPoolExecutor(6) as pool:
        leases = list(pool.map(worker, range(6)))
    assert sorted(lease is not None for lease in leases) == [False] * 5 + [True]


def test_another_tenant_cannot_take_it(people: People, row: UUID) -> None:
    assert take_lease(people.charlie.tenant_id, row) is None


def test_who_was_thought_dead_notices_that_the_work_is_no_longer_his(
    people: People, engines: TestEngines, row: UUID
) -> None:
    first = took(people, row)
    lease_ran_out(engines)
    second = took(people, row)
    assert second.attempt == 2
    with pytest.raises(LeaseLost), unit_of_work(people.alice) as work:
        work.enqueue(JOB, "effect", {})
        renew(work.session, first)
    with pytest.raises(LeaseLost), unit_of_work(people.alice) as work:
        finish(work.session, first)
    with reading(people.alice) as session:
        topics = session.scalars(select(OutboxRow.topic)).all()
        assert topics == ["test"]
    with unit_of_work(people.alice) as work:
        finish(work.session, second)


def test_what_is_done_is_done(people: People, engines: TestEngines, row: UUID) -> None:
    lease = took(people, row)
    with unit_of_work(people.alice) as work:
        finish(work.session, lease, error="for the record")
    rung_long_ago(engines)
    assert take_lease(people.tenant_id, row) is None
    assert due_rings() == []
    with reading(people.alice) as session:
        assert session.scalar(select(OutboxRow.last_error)) == "for the record"


def test_work_that_fails_leaves_the_lease_as_it_was(people: People, engines: TestEngines, row: UUID) -> None:
    lease = took(people, row)
    with pytest.raises(ZeroDivisionError), unit_of_work(people.alice) as work:
        finish(work.session, lease)
        raise ZeroDivisionError
    lease_ran_out(engines)
    assert took(people, row).attempt == 2


def test_a_heartbeat_keeps_the_lease(people: People, engines: TestEngines, row: UUID) -> None:
    lease = took(people, row)
    lease_ran_out(engines)
    with unit_of_work(people.alice) as work:
        renew(work.session, lease)
    assert take_lease(people.tenant_id, row) is None


def test_the_relay_rings_only_for_what_is_due(people: People, engines: TestEngines, row: UUID) -> None:
    assert due_rings() == []
    rung_long_ago(engines)
    assert [ring.outbox_id for ring in due_rings()] == [row]
    assert due_rings() == []
    rung_long_ago(engines)
    took(people, row)
    assert due_rings() == []
    lease_ran_out(engines)
    assert [ring.attempt for ring in due_rings()] == [1]


def test_the_relay_works_for_all_tenants_and_leaves_records_alone(people: People, engines: TestEngines) -> None:
    ids = set[UUID]()
    for person in (people.alice, people.charlie):
        with unit_of_work(person) as work:
            ids.add(work.enqueue(JOB, "test", {}))
            work.session.execute(insert(OutboxRow).values(tenant_id=person.tenant_id, topic="record", payload={}))
    rung_long_ago(engines)
    assert {ring.outbox_id for ring in due_rings()} == ids


def test_what_redis_forgot_is_rung_again(people: People, engines: TestEngines, row: UUID) -> None:
    redis.client.flushdb()
    rung_long_ago(engines)
    assert relay_once() == 1
    assert Queue(QUEUE, connection=redis.client).job_ids == [f"{row}-0"]
    assert relay_once() == 0


def test_a_redis_that_is_away_is_asked_again_later(people: People, engines: TestEngines, row: UUID) -> None:
    redis.client.flushdb()
    kwargs = redis.client.connection_pool.connection_kwargs
    redis.init_url("unix:///nowhere/at/all.sock")
    rung_long_ago(engines)
    assert relay_once() == 0
    redis.init_url(f"unix://{kwargs['path']}?db={kwargs['db']}")
    rung_long_ago(engines)
    assert relay_once() == 1
    assert Queue(QUEUE, connection=redis.client).job_ids == [f"{row}-0"]
