"""Analyses that are asked for: in the transaction that calls for one, and by the clock for every deal of a tenant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from deals_app.extensions import redis
from deals_app.jobs.analysis import analyse_deal, analyse_tenant
from deals_app.jobs.relay import schedule_once
from deals_app.models import Deal, OutboxRow
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.queries.deal import deal
from deals_app.services.scoring import sweeping
from deals_app.services.scoring.requests import MAX_ATTEMPTS, request_analysis
from deals_app.services.scoring.sweeping import TOPIC, begin_due_sweeps
from deals_app.services.stage_transition import win_deal
from deals_app.services.unit_of_work import reading, unit_of_work
from tests.engines import TestEngines
from tests.people import People
from tests.sql import OWNER, connected


@pytest.fixture(autouse=True)
def empty_queue(app: Flask) -> Iterator[None]:
    yield
    redis.client.flushdb()


@pytest.fixture
def deal_id(people: People) -> UUID:
    return make(people)


def make(people: People, name: str = "Rollout") -> UUID:
    return create_deal(people.alice, NewDeal(name=name, currency="USD", assigned_to=people.alice.user_id))


def asked(people: People, deal_id: UUID) -> UUID:
    with unit_of_work(people.alice) as work:
        return request_analysis(work, deal_id)


def row(people: People, outbox_id: UUID) -> Any:
    with reading(people.ada) as session:
        return session.execute(
            select(OutboxRow.done_at, OutboxRow.last_error, OutboxRow.payload).where(OutboxRow.id == outbox_id)
        ).one()


def run_sweeps(people: People) -> int:
    """Every stretch of the tenant's sweep that waits, as workers would; how many there were."""
    waiting = select(OutboxRow.id).where(OutboxRow.topic == TOPIC, OutboxRow.done_at.is_(None))
    done = 0
    while True:
        with reading(people.ada) as session:
            outbox_id = session.scalar(waiting.limit(1))
        if outbox_id is None:
            return done
        analyse_tenant(str(people.tenant_id), str(outbox_id))
        done += 1


def hours_pass(engines: TestEngines, hours: int) -> None:
    with connected(engines, OWNER) as connection:
        connection.execute("UPDATE outbox SET created_at = created_at - make_interval(hours => %s)", [hours])


def test_an_analysis_is_asked_for_and_done_once(people: People, deal_id: UUID) -> None:
    outbox_id = asked(people, deal_id)
    for _ in range(2):
        analyse_deal(str(people.tenant_id), str(outbox_id))
    assert deal(people.alice, deal_id).health_score is not None
    assert deal(people.alice, deal_id).insights
    assert row(people, outbox_id).done_at is not None


def test_what_was_asked_for_in_a_transaction_that_failed_was_not_asked_for(people: People, deal_id: UUID) -> None:
    with pytest.raises(ZeroDivisionError), unit_of_work(people.alice) as work:
        request_analysis(work, deal_id)
        raise ZeroDivisionError
    with reading(people.ada) as session:
        assert session.scalar(select(func.count()).where(OutboxRow.topic == "analysis.deal")) == 0


def test_asking_twice_is_harmless(people: People, deal_id: UUID) -> None:
    for outbox_id in (asked(people, deal_id), asked(people, deal_id)):
        analyse_deal(str(people.tenant_id), str(outbox_id))
    assert deal(people.alice, deal_id).version == 1


def test_a_row_that_was_tried_too_often_is_given_up(people: People, deal_id: UUID, engines: TestEngines) -> None:
    outbox_id = asked(people, deal_id)
    with connected(engines, OWNER) as connection:
        connection.execute("UPDATE outbox SET attempts = %s WHERE id = %s", [MAX_ATTEMPTS, outbox_id])
    analyse_deal(str(people.tenant_id), str(outbox_id))
    assert row(people, outbox_id).last_error == "The analysis was given up after 10 attempts"
    assert deal(people.alice, deal_id).health_score is None


def test_a_sweep_begins_for_each_tenant_once_an_hour(people: People, engines: TestEngines) -> None:
    assert {ring.tenant_id for ring in begin_due_sweeps()} == {people.tenant_id, people.charlie.tenant_id}
    assert begin_due_sweeps() == []
    hours_pass(engines, 2)
    assert begin_due_sweeps() == []
    assert run_sweeps(people) == 1
    assert [ring.tenant_id for ring in begin_due_sweeps()] == [people.tenant_id]


def test_a_sweep_that_is_stuck_does_not_end_all_others(people: People, engines: TestEngines) -> None:
    begin_due_sweeps()
    hours_pass(engines, 25)
    assert schedule_once() == 2


def test_a_sweep_goes_through_all_open_deals_in_stretches(people: People) -> None:
    ids = [make(people, f"Deal {number}") for number in range(5)]
    closed = make(people, "Closed before it was ever looked at")
    win_deal(people.alice, closed)
    begin_due_sweeps()
    with patch.object(sweeping, "DEALS_AT_ONCE", 2):
        assert run_sweeps(people) == 3
    assert all(deal(people.alice, each).health_score is not None for each in ids)
    assert deal(people.alice, closed).health_score is None
    win_deal(people.alice, ids[0])
    with unit_of_work(people.ada) as work:
        work.enqueue(sweeping.JOB, TOPIC, {})
    assert run_sweeps(people) == 1
    assert deal(people.alice, ids[0]).health_score == 100


def test_a_sweep_leaves_other_tenants_alone(people: People, deal_id: UUID) -> None:
    theirs = create_deal(people.charlie, NewDeal(name="Theirs", currency="USD"))
    begin_due_sweeps()
    run_sweeps(people)
    assert deal(people.charlie, theirs).health_score is None
    with reading(people.ada) as session:
        assert session.scalar(select(func.count()).where(Deal.health_score.is_not(None))) == 1
