"""The demo as it is loaded: through the services, once, the same each time, and with a ledger that adds up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from deals_app.domain.actor import Actor
from deals_app.models import Activity, AuditEntry, Customer, Deal, DealEvent, FxRate, Stage
from deals_app.services.accounts import actor_for_tenant, create_tenant, members
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.demo import loading
from deals_app.services.demo.company import NORTHBEAM
from deals_app.services.demo.loading import demo_is_loaded, load_demo_once
from deals_app.services.demo.steps import Step
from deals_app.services.demo.telling import Known, tell
from deals_app.services.pipelines import pipelines
from deals_app.services.queries.board import board
from deals_app.services.sign_in import sign_in
from deals_app.services.unit_of_work import back_dating, reading, unit_of_work
from tests.conftest import application
from tests.engines import TestEngines
from tests.services.test_ledger import assert_ledger_adds_up
from tests.sql import APPLICATION, connected

SMALL = 0.03
UNTIL = datetime.now(UTC) - timedelta(minutes=1)


@pytest.fixture(scope="module")
def loaded(engines: TestEngines) -> Iterator[Actor]:
    """A small demo, shared by the tests that only look at it."""
    with application(engines):
        load_demo_once(scale=SMALL, until=UNTIL)
        yield demo()


def demo(slug: str = "demo") -> Actor:
    return actor_for_tenant(slug, reference="system:test", door="cli")


def rows(actor: Actor, statement: Any) -> list[Any]:
    with reading(actor) as session:
        return [tuple(row) for row in session.execute(statement).all()]


def what_is_there(actor: Actor) -> tuple[list[Any], list[Any], list[Any]]:
    """Deals, ledger and activities without the ids, which are new each time."""
    deals = select(
        Deal.name, Customer.name, Stage.key, Deal.value, Deal.currency, Deal.value_estimated, Deal.status, Deal.version,
        Deal.expected_close_date, Deal.actual_close_date, Deal.loss_reason, Deal.competitor, Deal.tags, Deal.created_at,
        Deal.stage_entered_at,
    ).join(Stage, Stage.id == Deal.stage_id).join(Customer, Customer.id == Deal.customer_id)  # fmt: skip
    events = select(Deal.name, DealEvent.version, DealEvent.kind, DealEvent.at, DealEvent.door)
    activities = select(Deal.name, Activity.kind, Activity.body, Activity.at, Activity.due_on, Activity.done_at)
    return (
        rows(actor, deals.order_by(Deal.name)),
        rows(actor, events.join(Deal, Deal.id == DealEvent.deal_id).order_by(Deal.name, DealEvent.version)),
        rows(actor, activities.join(Deal, Deal.id == Activity.deal_id).order_by(Deal.name, Activity.at)),
    )


def test_the_company_is_there(loaded: Actor) -> None:
    assert [pipeline.name for pipeline in pipelines(loaded)] == ["Sales Pipeline", "Partner Deals", "Renewals"]
    roles = [member.role for member in members(loaded)]
    assert (roles.count("rep"), roles.count("manager"), roles.count("admin")) == (8, 2, 1)
    counts = dict(rows(loaded, select(Deal.status, func.count()).group_by(Deal.status)))
    assert counts["open"] == round(350 * SMALL)
    assert counts["closed_won"] + counts["closed_lost"] == round(1500 * SMALL)
    assert len(rows(demo("demo-two"), select(Deal.id))) == 5


def test_its_logins_work(loaded: Actor) -> None:
    logins = load_demo_once()
    assert [(tenant, email) for tenant, email, _ in logins] == [
        ("Northbeam Systems", "admin@demo.example"),
        ("Northbeam Systems", "manager@demo.example"),
        ("Northbeam Systems", "priya@demo.example"),
        ("Small Harbour Studio", "admin@demo-two.example"),
    ]
    for _, email, password in logins:
        assert sign_in(email, password, user_agent="test")


def test_the_ledger_adds_up_in_the_order_of_time(loaded: Actor) -> None:
    assert assert_ledger_adds_up(loaded) > 100
    with reading(loaded) as session:
        disorder = session.scalar(
            text(
                "SELECT count(*) FROM (SELECT at, lag(at) OVER (PARTITION BY deal_id ORDER BY id) AS before"
                " FROM deal_events) e WHERE at <= before OR at > now()"
            )
        )
        later = session.scalar(select(func.count()).where(Activity.at > UNTIL))
        newest = session.scalar(select(func.max(DealEvent.at)))
    assert (disorder, later) == (0, 0)
    assert newest is not None
    assert UNTIL - timedelta(days=4) < newest < UNTIL


def test_people_did_it_themselves(loaded: Actor) -> None:
    actors = {actor for (actor,) in rows(loaded, select(DealEvent.actor).distinct())}
    known = {f"user:{member.id}" for member in members(loaded)}
    assert "system:demo" in actors
    assert len(actors & known) > 5
    assert actors <= known | {"system:demo"}


def test_a_lost_deal_has_the_reason_its_stage_asks_for(loaded: Actor) -> None:
    asked = select(Deal.loss_reason).join(Stage, Stage.id == Deal.stage_id)
    reasons = rows(loaded, asked.where(Stage.required_fields.contains(["loss_reason"])))
    assert reasons
    assert all(reason for (reason,) in reasons)


def test_an_offer_is_no_estimate(loaded: Actor) -> None:
    late = select(Deal.id).join(Stage, Stage.id == Deal.stage_id).where(Deal.value_estimated)
    assert rows(loaded, late.where(Stage.key.in_(("proposal", "negotiation", "closed_won", "renewed")))) == []


def test_every_column_has_a_total_in_the_base_currency(loaded: Actor) -> None:
    for pipeline in pipelines(loaded):
        columns = board(loaded, pipeline=str(pipeline.id)).columns
        assert [column.stage.name for column in columns if column.total.base_value is None] == []
    assert len(rows(loaded, select(FxRate.on_date).distinct())) == 15


def test_it_is_the_same_each_time(loaded: Actor, engines: TestEngines) -> None:
    first = what_is_there(loaded)
    with application(engines):
        load_demo_once(scale=SMALL, until=UNTIL)
        assert what_is_there(demo()) == first


def test_an_interrupted_loading_goes_on_where_it_stopped(
    loaded: Actor, engines: TestEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = what_is_there(loaded)
    with application(engines):
        for stop_after in (0, 37, 38, 120):
            interrupted(monkeypatch, stop_after)
            with pytest.raises(KeyboardInterrupt):
                load_demo_once(scale=SMALL, until=UNTIL)
            assert not demo_is_loaded()
        monkeypatch.undo()
        # By then it is later, and somebody asks for more: what was begun is what is told.
        load_demo_once(scale=0.5, until=datetime.now(UTC))
        assert demo_is_loaded()
        assert what_is_there(demo()) == whole


def interrupted(monkeypatch: pytest.MonkeyPatch, stop_after: int) -> None:
    """The large company's telling ends in the middle, after so many steps."""

    def tell_some(known: Known, story: Iterable[Step]) -> None:
        if known.program.tenant_name != NORTHBEAM.name:
            tell(known, story)
            return
        tell(known, islice(story, stop_after))
        raise KeyboardInterrupt

    monkeypatch.setattr(loading, "tell", tell_some)


def test_a_second_start_changes_nothing(loaded: Actor) -> None:
    before = rows(loaded, select(func.count(), func.max(AuditEntry.created_at)).select_from(AuditEntry))
    ledger = rows(loaded, select(func.count()).select_from(DealEvent))
    load_demo_once()
    assert rows(loaded, select(func.count(), func.max(AuditEntry.created_at)).select_from(AuditEntry)) == before
    assert rows(loaded, select(func.count()).select_from(DealEvent)) == ledger


def test_a_tenant_of_that_name_that_others_have_filled_is_left_alone(app: Flask) -> None:
    create_tenant(slug="demo", name="Mine", owner_email="me@x.example", owner_name="Me", password="a long one")
    create_deal(demo(), NewDeal(name="My own", currency="USD"))
    load_demo_once(scale=SMALL)
    assert rows(demo(), select(Deal.name)) == [("My own",)]
    assert [pipeline.name for pipeline in pipelines(demo())] == ["Sales Pipeline"]


def test_a_story_is_told_over_one_connection(loaded: Actor) -> None:
    then = replace(loaded, as_of=UNTIL)
    connections: set[int | None] = set()
    with back_dating():
        for _ in range(2):
            with unit_of_work(then) as work:
                connections.add(work.session.scalar(text("SELECT pg_backend_pid()")))
        with pytest.raises(RuntimeError, match="second transaction"), unit_of_work(then), unit_of_work(then):
            pass
    with unit_of_work(then) as work:
        assert work.session.scalar(text("SELECT pg_backend_pid()")) not in connections
    assert len(connections) == 1


def test_the_application_cannot_tell_such_stories(loaded: Actor, engines: TestEngines) -> None:
    with connected(engines, APPLICATION, tenant=loaded.tenant_id) as connection:
        connection.execute(
            "SELECT set_config('app.actor', 'user:x', false), set_config('app.door', 'page', false),"
            " set_config('app.operation', new_id()::text, false), set_config('app.at', '2026-01-01', false)"
        )
        said = "INSERT INTO activities (tenant_id, deal_id, kind, body, actor) SELECT tenant_id, id, 'note', 'x', 'y'"
        for statement in ("UPDATE deals SET name = 'Long ago', version = version + 1", f"{said} FROM deals"):
            with pytest.raises(Exception, match="only the owner of the schema"):
                connection.execute(statement)
