"""The one move, against a real database."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.domain.calendar import today_in
from deals_app.domain.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.models import DealEvent, OutboxRow
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.placing import Place
from deals_app.services.queries.board import board
from deals_app.services.queries.deal import deal
from deals_app.services.stage_transition import lose_deal, move_deal, win_deal
from deals_app.services.unit_of_work import reading
from tests.people import People


def make(actor: Actor, name: str = "Rollout", **values: object) -> UUID:
    new = NewDeal(name=name, currency="USD", value=10_000, assigned_to=actor.user_id, **values)  # type: ignore[arg-type]
    return create_deal(actor, new)


def test_a_move_changes_stage_probability_and_version(people: People) -> None:
    deal_id = make(people.alice)
    moved = move_deal(people.alice, deal_id, stage="Proposal", version=1)
    found = deal(people.alice, deal_id)
    assert (found.stage_key, found.probability, found.version, moved.deal.version) == ("proposal", 50, 2, 2)


def test_a_stale_version_is_a_conflict_and_changes_nothing(people: People) -> None:
    deal_id = make(people.alice)
    move_deal(people.alice, deal_id, stage="proposal", version=1)
    with pytest.raises(Conflict):
        move_deal(people.alice, deal_id, stage="negotiation", version=1)
    assert deal(people.alice, deal_id).stage_key == "proposal"


def test_closed_is_closed(people: People) -> None:
    deal_id = make(people.alice)
    win_deal(people.alice, deal_id)
    with pytest.raises(RuleBroken, match="cannot move from terminal stage closed_won") as refusal:
        move_deal(people.alice, deal_id, stage="lead")
    assert refusal.value.code == "MOVE_STAGE_FAILED"
    with pytest.raises(RuleBroken) as refusal:
        lose_deal(people.alice, deal_id)
    assert refusal.value.code == "LOSE_FAILED"
    with pytest.raises(RuleBroken) as refusal:
        win_deal(people.alice, deal_id)
    assert refusal.value.code == "WIN_FAILED"


def test_closing_by_move_is_the_same_as_winning_today(people: People) -> None:
    deal_id = make(people.alice)
    move_deal(people.alice, deal_id, stage="won")
    found = deal(people.alice, deal_id)
    assert (found.status, found.probability, found.actual_close_date) == ("closed_won", 100, today_in("UTC"))


def test_a_close_date_may_not_be_in_the_future(people: People) -> None:
    deal_id = make(people.alice)
    with pytest.raises(Invalid) as refusal:
        win_deal(people.alice, deal_id, close_date=today_in("UTC") + timedelta(days=1))
    assert refusal.value.problems[0].field == "close_date"
    assert deal(people.alice, deal_id).status == "open"


def test_an_unknown_stage_is_named(people: People) -> None:
    with pytest.raises(Invalid) as refusal:
        move_deal(people.alice, make(people.alice), stage="verbal commit")
    assert refusal.value.problems[0].field == "stage"


def test_reps_move_their_own_managers_anything_strangers_nothing(people: People) -> None:
    deal_id = make(people.alice)
    with pytest.raises(Forbidden):
        move_deal(people.bob, deal_id, stage="proposal")
    with pytest.raises(NotFound):
        move_deal(people.charlie, deal_id, stage="proposal")
    move_deal(people.mona, deal_id, stage="proposal")
    assert deal(people.alice, deal_id).stage_key == "proposal"


def test_ledger_and_outbox_tell_the_same_story(people: People) -> None:
    deal_id = make(people.alice)
    move_deal(people.alice, deal_id, stage="qualified")
    lose_deal(people.mona, deal_id, reason="Price")
    with reading(people.alice) as session:
        events = session.scalars(select(DealEvent).where(DealEvent.deal_id == deal_id).order_by(DealEvent.id)).all()
        topics = session.scalars(select(OutboxRow.topic).order_by(OutboxRow.id)).all()
    assert [(event.kind, event.version) for event in events] == [("created", 1), ("moved", 2), ("lost", 3)]
    assert [event.actor for event in events] == [people.alice.reference] * 2 + [people.mona.reference]
    assert events[2].after["loss_reason"] == "Price"
    assert topics == ["customer.deal.created", "customer.deal.stage_changed", "customer.deal.lost"]


def names_in(people: People, stage: str) -> list[str]:
    column = next(column for column in board(people.alice).columns if column.stage.key == stage)
    return [card.name for card in column.cards]


def test_new_cards_stand_on_top_and_drops_land_between_their_neighbours(people: People) -> None:
    ids = {name: make(people.alice, name) for name in "abc"}
    assert names_in(people, "lead") == ["c", "b", "a"]
    move_deal(people.alice, ids["c"], stage="lead", place=Place(above=ids["b"], below=ids["a"]))
    assert names_in(people, "lead") == ["b", "c", "a"]
    move_deal(people.alice, ids["a"], stage="lead", place=Place(below=ids["b"]))
    assert names_in(people, "lead") == ["a", "b", "c"]


def test_moving_within_a_column_takes_no_version_and_writes_one_row(people: People) -> None:
    first, second = make(people.alice, "first"), make(people.alice, "second")
    before = deal(people.alice, first).updated_at
    move_deal(people.alice, second, stage="lead", version=99, place=Place(above=first))
    assert deal(people.alice, second).version == 1
    assert deal(people.alice, first).updated_at == before


def test_the_same_gap_can_be_halved_for_ever(people: People) -> None:
    top, bottom = make(people.alice, "bottom"), make(people.alice, "top")
    above, below = bottom, top
    for number in range(60):
        between = make(people.alice, f"card {number}")
        move_deal(people.alice, between, stage="lead", place=Place(above=above, below=below))
        below = between
    names = names_in(people, "lead")
    assert names[0] == "top"
    assert names[1:4] == ["card 59", "card 58", "card 57"]
