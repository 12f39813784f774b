"""What a card and a head say: next step, days in the stage, estimates, rates, what is closed long ago."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import insert

from deals_app.domain.actor import Actor
from deals_app.domain.views import CardView, ColumnView
from deals_app.models import FxRate
from deals_app.services.activities import finish_step, note_deal, plan_step
from deals_app.services.deals import NewDeal, create_deal, delete_deal
from deals_app.services.queries.board import RECENT, Showing, board, card_after_move
from deals_app.services.queries.figures import analytics, won_total
from deals_app.services.queries.filters import DealFilter
from deals_app.services.stage_transition import move_deal, win_deal
from deals_app.services.unit_of_work import unit_of_work
from tests.people import People


def make(actor: Actor, currency: str = "USD", value: int | None = 10_000, *, estimated: bool = False) -> UUID:
    new = NewDeal(name="Rollout", currency=currency, value=value, value_estimated=estimated)
    return create_deal(actor, replace(new, assigned_to=actor.user_id))


def column(actor: Actor, key: str = "lead", showing: Showing | None = None) -> ColumnView:
    columns = board(actor, showing=showing or Showing()).columns
    return next(column for column in columns if column.stage.key == key)


def card(actor: Actor, key: str = "lead") -> CardView:
    [only] = column(actor, key).cards
    return only


def set_rates(people: People, rates: Mapping[str, str], on: date) -> None:
    rows = [{"base": code, "quote": "USD", "rate": Decimal(rate), "on_date": on} for code, rate in rates.items()]
    with unit_of_work(people.ada, as_owner=True) as work:
        work.session.execute(insert(FxRate).values(source="test"), rows)


def test_the_next_step_is_the_earliest_that_is_not_done(people: People) -> None:
    deal_id, today = make(people.alice), people.alice.today
    assert card(people.alice).next_step is None
    note_deal(people.alice, deal_id, "No step")
    late = plan_step(people.alice, deal_id, body="Send the offer", due_on=today - timedelta(days=1))
    plan_step(people.alice, deal_id, body="Call " + "x" * 500, due_on=today + timedelta(days=1))
    due = plan_step(people.alice, deal_id, body="Meet", due_on=today)
    step = card(people.alice).next_step
    assert step is not None
    assert (step.body, step.due_on, step.is_overdue, step.is_today) == (
        "Send the offer", today - timedelta(days=1), True, False,
    )  # fmt: skip
    finish_step(people.alice, deal_id, late)
    step = card(people.alice).next_step
    assert step is not None
    assert (step.body, step.is_overdue, step.is_today) == ("Meet", False, True)
    finish_step(people.alice, deal_id, due)
    step = card(people.alice).next_step
    assert step is not None
    assert (len(step.body), step.is_overdue, step.is_today) == (120, False, False)
    win_deal(people.alice, deal_id)
    assert card(people.alice, "closed_won").next_step is None


@pytest.mark.parametrize("days", [0, 13, 14, 300])
def test_a_card_rots_from_its_stages_limit_on(people: People, days: int) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=days, minutes=1)
    make(replace(people.mona, as_of=long_ago))
    limit = column(people.mona).stage.rotting_days
    assert limit == 14
    assert (card(people.mona).days_in_stage, card(people.mona).is_rotting) == (days, days >= limit)


def test_a_closed_card_does_not_rot(people: People) -> None:
    long_ago = replace(people.mona, as_of=datetime.now(UTC) - timedelta(days=20))
    win_deal(long_ago, make(long_ago))
    assert not card(people.mona, "closed_won").is_rotting


def test_a_rep_may_change_own_and_unowned_cards(people: People) -> None:
    make(people.alice)
    assert card(people.alice).may_change
    assert not card(people.bob).may_change
    assert card(people.mona).may_change


@pytest.mark.parametrize(("days", "count"), [(29, 1), (30, 1), (31, 0)])
def test_a_closed_column_looks_back_thirty_days_of_the_tenant(people: People, days: int, count: int) -> None:
    mona = replace(people.mona, time_zone="Pacific/Kiritimati")
    win_deal(mona, make(mona), close_date=mona.today - timedelta(days=days))
    recent = column(mona, "closed_won")
    assert (recent.total.count, len(recent.cards), recent.closed_days) == (count, count, 30)
    everything = column(mona, "closed_won", Showing(wanted=DealFilter()))
    assert (everything.total.count, len(everything.cards), everything.closed_days) == (1, 1, None)
    assert board(mona).has_deals


def test_a_pipeline_whose_deals_are_deleted_has_none(people: People) -> None:
    assert not board(people.mona).has_deals
    deal_id = make(people.mona)
    assert board(people.mona).has_deals
    delete_deal(people.mona, deal_id)
    assert not board(people.mona).has_deals


def test_without_a_rate_there_are_only_parts(people: People) -> None:
    make(people.mona)
    make(people.mona, "EUR", 5_000)
    make(people.mona, "CHF", 700, estimated=True)
    total = column(people.mona).total
    assert (total.base_value, total.base_weighted, total.base_estimated) == (None, None, None)
    assert [(part.currency, part.value, part.weighted, part.estimated_value) for part in total.parts] == [
        ("CHF", 0, 0, 700), ("EUR", 5_000, 500, 0), ("USD", 10_000, 1_000, 0),
    ]  # fmt: skip
    set_rates(people, {"EUR": "1.1"}, date(2026, 2, 1))
    total = column(people.mona).total
    assert (total.base_value, total.base_weighted, total.base_estimated) == (15_500, 1_550, None)


def test_an_unknown_value_needs_no_rate(people: People) -> None:
    make(people.mona, "EUR", None)
    total = column(people.mona).total
    assert (total.count, total.unknown_count, total.base_value) == (1, 1, 0)


def test_the_rates_are_the_newest_known_and_the_oldest_of_them_is_named(people: People) -> None:
    make(people.mona, "EUR", 10_000)
    make(people.mona, "JPY", 1_000)
    set_rates(people, {"EUR": "1.5", "JPY": "0.01"}, date(2026, 1, 1))
    set_rates(people, {"EUR": "1.2"}, date(2026, 3, 1))
    set_rates(people, {"EUR": "9"}, people.mona.today + timedelta(days=1))
    total = column(people.mona).total
    assert (total.base_value, total.rate_date) == (13_000, date(2026, 1, 1))


def test_estimates_are_in_no_sum_of_ours_and_in_that_of_the_api(people: People) -> None:
    for estimated in (False, True):
        win_deal(people.mona, make(people.mona, estimated=estimated))
    total = column(people.mona, "closed_won").total
    assert (total.base_value, total.estimated_count, total.base_estimated) == (10_000, 1, 10_000)
    assert analytics(people.mona).won.base_value == 10_000
    assert (won_total(people.mona).base_value, won_total(people.mona).parts[0].value) == (20_000, 20_000)


def test_a_folded_column_has_its_total_and_no_cards(people: People) -> None:
    make(people.mona)
    lead = column(people.mona)
    folded = column(people.mona, showing=Showing(folded=[lead.stage.id]))
    assert (folded.total, folded.cards, folded.next_after, folded.is_folded) == (lead.total, (), None, True)


def test_a_moved_card_comes_with_the_heads_of_what_the_board_shows(people: People) -> None:
    deal_id = make(people.alice)
    make(people.bob)
    moved = move_deal(people.alice, deal_id, stage="proposal")
    touched = {moved.from_stage_id, moved.deal.stage_id}
    of_bob = Showing(wanted=replace(RECENT, owner=people.bob.user_id))
    for showing, counts, fits in ((Showing(), [1, 1], True), (of_bob, [1, 0], False)):
        after = card_after_move(people.alice, deal_id, touched, showing)
        assert ([head.total.count for head in after.heads], after.fits) == (counts, fits)
