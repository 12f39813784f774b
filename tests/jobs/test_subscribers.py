"""The example of the README in a real worker: an order's task is made once for each win, whoever dies meanwhile."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from deals_app.extensions import redis
from deals_app.jobs.relay import relay_once
from deals_app.models import Activity
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.stage_transition import win_deal
from deals_app.services.subscribers.subscriber import subscribers
from deals_app.services.unit_of_work import reading
from deals_app.settings import environment_for_children
from tests.conftest import REPOSITORY
from tests.engines import TestEngines
from tests.jobs.test_import_worker import PATIENCE_SECONDS, burst_worker, kill_family, wait_for
from tests.people import People
from tests.sql import SUPERUSER, connected, one

EXAMPLE = ("examples.orders:orders",)
# The cursor is moved after the handler: whoever holds the lock stops a worker between its effect and its commit.
LOCK = "SELECT pg_advisory_xact_lock(4711)"
STOP_BEFORE_COMMIT = f"""
    CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM ({LOCK}); RETURN NULL; END $$;
    CREATE TRIGGER stop AFTER UPDATE ON subscriptions FOR EACH ROW
        WHEN (new.cursor_event_id <> old.cursor_event_id) EXECUTE FUNCTION stop();
"""
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted"


@pytest.fixture(autouse=True)
def listening(app: Flask, people: People) -> Iterator[None]:
    """The relay has seen the subscriber in both tenants."""
    redis.client.flushdb()
    app.config["DEALS_SETTINGS"] = replace(app.config["DEALS_SETTINGS"], subscribers=EXAMPLE)
    subscribers.load(EXAMPLE)
    assert relay_once() == 0
    yield
    subscribers.load(())


def test_the_readme_shows_the_example_as_it_is() -> None:
    shown = (REPOSITORY / "README.md").read_text().partition("```python\ndef make_order")[2].partition("```")[0]
    assert shown
    assert shown in (REPOSITORY / "examples" / "orders.py").read_text()


def won(people: People, name: str = "Rollout") -> UUID:
    deal_id = create_deal(people.alice, NewDeal(name=name, currency="USD", value=5, assigned_to=people.alice.user_id))
    win_deal(people.alice, deal_id, close_date=date(2026, 1, 2))
    return deal_id


def work(app: Flask) -> None:
    with burst_worker(app) as worker:
        output, _ = worker.communicate(timeout=PATIENCE_SECONDS)
    assert worker.returncode == 0, output.decode()


def orders(people: People, deal_id: UUID) -> list[str]:
    with reading(people.alice) as session:
        found = select(Activity.body).where(Activity.deal_id == deal_id, Activity.actor == "system:orders")
        return [*session.scalars(found)]


def test_a_win_makes_the_order_once(app: Flask, people: People) -> None:
    deal_id = won(people)
    assert relay_once() == 1
    work(app)
    assert orders(people, deal_id) == ["Make the order for Rollout"]
    assert relay_once() == 0


def test_what_was_won_before_it_came_is_not_ordered(app: Flask, people: People, engines: TestEngines) -> None:
    deal_id = won(people)
    with connected(engines, SUPERUSER) as connection:
        connection.execute("DELETE FROM subscriptions")
    assert relay_once() == 0
    work(app)
    assert orders(people, deal_id) == []


def test_a_worker_killed_between_the_effect_and_the_commit_makes_it_once(
    app: Flask, people: People, engines: TestEngines
) -> None:
    deal_id = won(people)
    assert relay_once() == 1
    with connected(engines, SUPERUSER) as connection:
        connection.execute(STOP_BEFORE_COMMIT)
        with connected(engines, SUPERUSER) as held, held.transaction(), burst_worker(app) as worker:
            held.execute(LOCK)
            wait_for(lambda: one(connection, WAITING) == 1)
            kill_family(worker)
            worker.wait(PATIENCE_SECONDS)
        wait_for(lambda: one(connection, "SELECT count(*) FROM pg_stat_activity WHERE xact_start < now()") == 0)
        connection.execute("UPDATE subscriptions SET attended_at = attended_at - interval '1 minute'")
    assert orders(people, deal_id) == []
    redis.client.flushdb()
    assert relay_once() == 1
    work(app)
    assert orders(people, deal_id) == ["Make the order for Rollout"]


@pytest.mark.parametrize(
    ("named", "trouble", "says"),
    [
        (EXAMPLE, None, "ok       subscriber orders: goes on in 2 tenants"),
        (
            EXAMPLE,
            "ValueError",
            "problem  subscriber orders: stands still in 2 of 2 tenants; last: Value",
        ),
        (("examples.orders:no",), None, "problem  subscriber: examples.orders:no cannot be imported: AttributeError"),
    ],
)
def test_the_doctor_says_how_they_are(
    app: Flask, engines: TestEngines, named: tuple[str, ...], trouble: str | None, says: str
) -> None:
    if trouble:
        with connected(engines, SUPERUSER) as connection:
            refused = "UPDATE subscriptions SET failures_in_row = 1, next_try_at = now(), last_error = %s"
            connection.execute(refused, [trouble])
    environ = environment_for_children(replace(app.config["DEALS_SETTINGS"], subscribers=named), ASSETS="cdn")
    command = [sys.executable, "-m", "deals_app.cli", "doctor"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert says in done.stdout, done.stdout + done.stderr
