"""The health of deals as it is stored: for many at once, silent in the ledger, with a warning at a high risk."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from deals_app.domain.actor import Actor
from deals_app.models import Activity, Deal, DealAnalysis, DealEvent, OutboxRow
from deals_app.services.activities import finish_step, note_deal, plan_step
from deals_app.services.deals import NewDeal, create_deal, delete_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.queries.deal import deal
from deals_app.services.reopening import reopen_deal
from deals_app.services.scoring.analysing import analyse_deals
from deals_app.services.scoring.usual import ANALYST
from deals_app.services.stage_transition import lose_deal, move_deal, win_deal
from deals_app.services.unit_of_work import reading
from tests.engines import TestEngines
from tests.heard import heard
from tests.people import People
from tests.services.test_ledger import assert_ledger_adds_up
from tests.sql import SUPERUSER, Connection, connected

NOW = datetime.now(UTC)


def make(actor: Actor, name: str = "Rollout", *, days_ago: int = 0, **facts: Any) -> UUID:
    """A deal of the actor's, made that many days ago."""
    new = NewDeal(**{"name": name, "currency": "USD", "value": 10_000, "assigned_to": actor.user_id} | facts)
    return create_deal(replace(actor, as_of=NOW - timedelta(days=days_ago)) if days_ago else actor, new)


def analyse(people: People, *deal_ids: UUID, **how: Any) -> int:
    return analyse_deals(people.ada, deal_ids, **how)


def factors(people: People, deal_id: UUID) -> dict[str, tuple[int, str]]:
    with reading(people.ada) as session:
        found = session.scalars(select(DealAnalysis.factors).where(DealAnalysis.deal_id == deal_id)).one()
    return {each["name"]: (each["points"], each["reason"]) for each in found}


def warnings(people: People) -> list[Any]:
    with reading(people.ada) as session:
        return [
            tuple(row)
            for row in session.execute(
                select(Activity.deal_id, Activity.body, Activity.due_on, Activity.kind).where(Activity.actor == ANALYST)
            )
        ]


def around_the_ledger(connection: Connection, statement: str) -> None:
    """What only the passing of time or another module would do."""
    connection.execute("ALTER TABLE deals DISABLE TRIGGER USER")
    connection.execute(statement)  # pyright: ignore[reportCallIssue, reportArgumentType]
    connection.execute("ALTER TABLE deals ENABLE TRIGGER USER")


def test_a_new_deal_starts_healthy(people: People) -> None:
    deal_id = make(people.alice, expected_close_date=people.alice.today + timedelta(days=60))
    assert deal(people.alice, deal_id).health_score is None
    assert analyse(people, deal_id) == 1
    view = deal(people.alice, deal_id)
    assert (view.health_score, view.risk_level, view.version) == (70 + 6, "low", 1)
    assert view.health_score == sum(points for points, _ in factors(people, deal_id).values())
    assert [insight["kind"] for insight in view.insights] == ["next_action"]


def test_a_deal_that_nobody_cares_for_comes_to_be_a_high_risk(people: People) -> None:
    forgotten = make(people.alice, days_ago=90, expected_close_date=people.alice.today - timedelta(days=40))
    analyse(people, forgotten)
    view = deal(people.alice, forgotten)
    assert (view.risk_level, view.is_at_risk) == ("high", True)
    told = factors(people, forgotten)
    assert told["velocity"] == (0, "In Lead for 90 days; 14 days are usual")
    assert told["engagement"] == (0, "Last touched 90 days ago; nothing is planned")
    assert told["risk"][1].startswith("Should have closed 40 days ago")
    assert {insight["kind"] for insight in view.insights} == {"risk", "next_action"}


def test_scores_are_told_once_take_no_version_and_leave_the_moment_of_the_last_edit(people: People) -> None:
    deal_id = make(people.alice)
    before = deal(people.alice, deal_id)
    assert analyse(people, deal_id) == 1
    assert analyse(people, deal_id) == 0
    after = deal(people.alice, deal_id)
    assert (after.version, after.updated_at) == (before.version, before.updated_at)
    with reading(people.ada) as session:
        kinds = session.execute(select(DealEvent.kind, DealEvent.actor).order_by(DealEvent.id)).all()
        topics = session.scalars(select(OutboxRow.topic)).all()
    assert [tuple(row) for row in kinds] == [("created", people.alice.reference), ("scored", ANALYST)]
    assert topics == ["customer.deal.created"]
    edit_deal(people.alice, deal_id, DealEdit(name="Rollout II"), version=before.version)
    assert deal(people.alice, deal_id).updated_at > after.updated_at
    assert_ledger_adds_up(people.ada)


def test_what_is_told_is_what_happened(people: People) -> None:
    day = people.alice.today
    deal_id = make(people.alice, days_ago=3, expected_close_date=day + timedelta(days=5))
    for put_off_by in (10, 20):
        edit_deal(people.alice, deal_id, DealEdit(expected_close_date=day + timedelta(days=put_off_by)))
    move_deal(people.alice, deal_id, stage="negotiation")
    move_deal(people.alice, deal_id, stage="proposal")
    note_deal(people.alice, deal_id, "They want a demo")
    plan_step(people.alice, deal_id, body="Show it", due_on=day + timedelta(days=2))
    analyse(people, deal_id)
    told = factors(people, deal_id)
    assert told["risk"] == (25 - 8 - 4, "Was put off twice; went back a stage once")
    assert told["engagement"][0] == 15 + 2 + 6
    assert told["velocity"][0] == 25


def test_a_value_is_compared_within_its_pipeline_and_by_a_known_rate_only(people: People) -> None:
    small, middle, large = (make(people.alice, f"Deal {value}", value=value) for value in (100, 10_000, 90_000))
    foreign = make(people.alice, "Foreign", value=90_000, currency="EUR")
    analyse(people, small, middle, large, foreign)
    points = [factors(people, each)["value"][0] for each in (small, middle, large, foreign)]
    assert points == [8, 16, 16, 12]
    assert "nothing to compare" in factors(people, foreign)["value"][1]


def test_the_record_against_a_competitor_is_told(people: People, engines: TestEngines) -> None:
    for number in range(3):
        lost = make(people.alice, f"Lost {number}")
        lose_deal(people.alice, lost, reason="Price", competitor="Globex" if number else "globex")
    deal_id = make(people.alice)
    with connected(engines, SUPERUSER) as connection:
        around_the_ledger(connection, "UPDATE deals SET competitor = 'Globex' WHERE status = 'open'")
    analyse(people, deal_id)
    told = deal(people.alice, deal_id).insights
    assert told[-1] == {"kind": "market", "text": "Against Globex 0 of 3 deals were won."}


def test_a_closed_deal_has_a_score_and_an_insight_too(people: People) -> None:
    won, lost = make(people.alice, "Won"), make(people.alice, "Lost")
    win_deal(people.alice, won)
    lose_deal(people.alice, lost, reason="Price")
    analyse(people, won, lost)
    assert [deal(people.alice, each).health_score for each in (won, lost)] == [100, 0]
    assert all(deal(people.alice, each).insights for each in (won, lost))
    assert warnings(people) == []


def test_the_owner_is_warned_once_until_the_deal_recovers(people: People, engines: TestEngines) -> None:
    deal_id = make(people.alice, days_ago=90, expected_close_date=people.alice.today - timedelta(days=40))
    analyse(people, deal_id)
    [(warned, body, due_on, kind)] = warnings(people)
    assert (warned, due_on, kind) == (deal_id, people.alice.today + timedelta(days=1), "task")
    assert body.startswith("Deal at risk: It should have closed on ")
    analyse(people, deal_id)
    assert len(warnings(people)) == 1
    with reading(people.ada) as session:
        step_id = session.scalars(select(Activity.id)).one()
    finish_step(people.alice, deal_id, step_id)
    analyse(people, deal_id)
    assert len(warnings(people)) == 1
    edit_deal(people.alice, deal_id, DealEdit(expected_close_date=people.alice.today + timedelta(days=40)))
    move_deal(people.alice, deal_id, stage="negotiation")
    analyse(people, deal_id)
    assert deal(people.alice, deal_id).risk_level != "high"
    with connected(engines, SUPERUSER) as connection:
        around_the_ledger(
            connection,
            "UPDATE deals SET stage_entered_at = now() - interval '80 days',"
            " expected_close_date = now() - interval '60 days'",
        )
        connection.execute("UPDATE activities SET at = at - interval '80 days', done_at = done_at - interval '79 days'")
    analyse(people, deal_id)
    assert deal(people.alice, deal_id).risk_level == "high"
    assert len(warnings(people)) == 2


def test_a_warning_is_no_sign_of_life(people: People) -> None:
    deal_id = make(people.alice, days_ago=90, expected_close_date=people.alice.today - timedelta(days=40))
    analyse(people, deal_id)
    first = factors(people, deal_id)
    assert len(warnings(people)) == 1
    analyse(people, deal_id)
    assert factors(people, deal_id) == first


@pytest.mark.parametrize(("owner", "how"), [(None, {}), ("alice", {"warns_at_first": False})])
def test_nobody_is_warned_of_what_nobody_owns_or_was_always_so(
    people: People, owner: str | None, how: dict[str, bool]
) -> None:
    assigned_to = getattr(people, owner).user_id if owner else None
    overdue = people.alice.today - timedelta(days=40)
    deal_id = make(people.alice, days_ago=90, assigned_to=assigned_to, expected_close_date=overdue)
    analyse(people, deal_id, **how)
    assert deal(people.alice, deal_id).risk_level == "high"
    assert warnings(people) == []


def test_deals_that_are_not_there_are_left_out(people: People) -> None:
    deleted = make(people.alice)
    delete_deal(people.alice, deleted)
    theirs = create_deal(people.charlie, NewDeal(name="Theirs", currency="USD"))
    assert analyse(people, deleted, theirs, uuid4()) == 0
    assert deal(people.charlie, theirs).health_score is None


def test_a_reopened_deal_is_judged_anew(people: People) -> None:
    deal_id = make(people.alice)
    win_deal(people.alice, deal_id)
    analyse(people, deal_id)
    reopen_deal(people.mona, deal_id, reason="They changed their minds")
    analyse(people, deal_id)
    assert deal(people.alice, deal_id).health_score not in {0, 100, None}


def test_many_deals_cost_as_many_statements_as_one(people: People) -> None:
    ids = [make(people.alice, f"Deal {number}") for number in range(20)]
    few: list[str] = []
    many: list[str] = []
    with heard(few.append):
        analyse(people, ids[0])
    with heard(many.append):
        analyse(people, *ids[1:])
    assert len(many) == len(few) <= 9, many
    with reading(people.ada) as session:
        assert session.scalar(select(func.count()).where(Deal.health_score.is_not(None))) == 20
