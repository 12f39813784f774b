"""The analysis' jobs in a real worker, from the queue to the deal; whoever is in the way of a score."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from flask import Flask

from deals_app.extensions import redis
from deals_app.jobs.relay import schedule_once
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.queries.deal import deal
from deals_app.services.scoring import analysing
from deals_app.services.scoring.analysing import analyse_deals
from deals_app.services.scoring.requests import request_analysis
from deals_app.services.unit_of_work import unit_of_work
from tests.jobs.test_import_worker import PATIENCE_SECONDS, burst_worker
from tests.people import People


@pytest.fixture(autouse=True)
def empty_queue(app: Flask) -> None:
    redis.client.flushdb()


@pytest.fixture
def deal_id(people: People) -> UUID:
    return create_deal(people.alice, NewDeal(name="Rollout", currency="USD", assigned_to=people.alice.user_id))


def ask(people: People, deal_id: UUID) -> None:
    with unit_of_work(people.alice) as work:
        request_analysis(work, deal_id)


def an_hour_passes(_people: People, _deal_id: UUID) -> None:
    assert schedule_once() == 2


@pytest.mark.parametrize("call", [ask, an_hour_passes])
def test_a_worker_analyses_what_was_asked_for_or_is_due(
    app: Flask, people: People, deal_id: UUID, call: Callable[[People, UUID], None]
) -> None:
    call(people, deal_id)
    with burst_worker(app) as worker:
        output, _ = worker.communicate(timeout=PATIENCE_SECONDS)
    assert worker.returncode == 0, output.decode()
    assert deal(people.alice, deal_id).insights


def test_a_deal_that_is_changed_meanwhile_keeps_the_change_and_is_scored_next_time(
    app: Flask, people: People, deal_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = analysing.rows_of

    def change() -> None:
        with app.app_context():
            edit_deal(people.alice, deal_id, DealEdit(value=5_00))

    def read_and_be_overtaken(*args: object) -> object:
        rows = read(*args)  # type: ignore[arg-type] (as it was called)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(change).result(30)
        return rows

    monkeypatch.setattr(analysing, "rows_of", read_and_be_overtaken)
    assert analyse_deals(people.ada, [deal_id]) == 0
    monkeypatch.undo()
    assert (deal(people.alice, deal_id).value, deal(people.alice, deal_id).health_score) == (5_00, None)
    assert analyse_deals(people.ada, [deal_id]) == 1
