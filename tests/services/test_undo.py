"""Undo: what one did goes back exactly, what others did since stays and is said, and only who may does it."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Forbidden, NotFound, RuleBroken
from deals_app.services.deals import NewDeal, create_deal, delete_deal
from deals_app.services.editing import DealEdit, Edited, edit_deal
from deals_app.services.placing import Place
from deals_app.services.reopening import reopen_deal
from deals_app.services.stage_transition import lose_deal, move_deal, win_deal
from deals_app.services.undo import latest_of_deal, latest_operation, undo_operation
from deals_app.services.unit_of_work import reading, unit_of_work
from tests.engines import TestEngines
from tests.people import People
from tests.sql import SUPERUSER, connected

NEVER_THE_SAME = ("version", "updated_at")


def make(actor: Actor, name: str = "Rollout") -> UUID:
    return create_deal(actor, NewDeal(name=name, currency="USD", value=10_000, assigned_to=actor.user_id))


def state(actor: Actor, deal_id: UUID) -> dict[str, Any]:
    """The whole row, but for its version and the moment it was last touched."""
    with reading(actor) as session:
        row = session.execute(text("SELECT * FROM deals WHERE id = :id"), {"id": deal_id}).mappings().one()
    return {key: value for key, value in row.items() if key not in NEVER_THE_SAME}


def made_by(edited: Edited) -> UUID:
    assert edited.operation is not None
    return edited.operation


def change(actor: Actor, deal_id: UUID, what: str) -> UUID:
    """One of the changes a person makes; the operation it was."""
    if what == "reorder":
        return move_deal(actor, deal_id, stage="lead", place=Place(below=make(actor, "other"))).operation
    if what == "edit":
        edit = DealEdit(
            name="Other", value=None, currency="EUR", tags=("a",), custom_fields={"rate": 0.1, "n": [1, 2.50]}
        )
        return made_by(edit_deal(actor, deal_id, edit))
    if what == "delete":
        return made_by(delete_deal(actor, deal_id))
    made = {
        "move": lambda: move_deal(actor, deal_id, stage="negotiation", note="on"),
        "win": lambda: win_deal(actor, deal_id, actual_value=5),
        "lose": lambda: lose_deal(actor, deal_id, reason="price", competitor="Globex"),
    }[what]()
    return made.operation


CHANGES = ("move", "reorder", "edit", "win", "lose", "delete")


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_undone_and_redone_leaves_the_row_as_it_was(people: People, what: str) -> None:
    deal_id = make(people.alice)
    edit_deal(people.alice, deal_id, DealEdit(custom_fields={"exact": 1.10}, tags=("x",)))
    before = state(people.alice, deal_id)
    operation = change(people.alice, deal_id, what)
    after = state(people.alice, deal_id)
    undone = undo_operation(people.alice, operation)
    assert state(people.alice, deal_id) == before
    assert [(deal.deal_id, deal.kept) for deal in undone.deals] == [(deal_id, ())]
    undo_operation(people.alice, undone.operation)
    assert state(people.alice, deal_id) == after
    undo_operation(people.alice, operation)
    assert state(people.alice, deal_id) == before


def test_a_creation_is_undone_by_a_deletion_and_comes_back(people: People) -> None:
    deal_id = make(people.alice)
    before = state(people.alice, deal_id)
    undone = undo_operation(people.alice, latest_operation(people.alice))
    assert state(people.alice, deal_id)["deleted_at"] is not None
    undo_operation(people.alice, undone.operation)
    assert state(people.alice, deal_id) == before


def test_what_others_changed_since_is_kept_and_said(people: People) -> None:
    deal_id = make(people.alice)
    first = edit_deal(people.alice, deal_id, DealEdit(name="Alice's", value=7)).operation
    edit_deal(people.mona, deal_id, DealEdit(name="Mona's"))
    assert first is not None
    [undone] = undo_operation(people.alice, first).deals
    now = state(people.alice, deal_id)
    assert (now["name"], now["value"]) == ("Mona's", 10_000)
    assert [(kept.field, kept.actor) for kept in undone.kept] == [("name", people.mona.reference)]


def test_a_value_does_not_come_back_in_another_currency(people: People) -> None:
    deal_id = make(people.alice)
    first = edit_deal(people.alice, deal_id, DealEdit(value=7)).operation
    edit_deal(people.mona, deal_id, DealEdit(currency="EUR"))
    assert first is not None
    with pytest.raises(RuleBroken, match="all of it has been changed"):
        undo_operation(people.alice, first)
    assert state(people.alice, deal_id)["value"] == 7


def test_a_deal_that_moved_on_is_not_pulled_back(people: People) -> None:
    deal_id = make(people.alice)
    moved = move_deal(people.alice, deal_id, stage="qualified")
    move_deal(people.mona, deal_id, stage="proposal")
    move_deal(people.mona, deal_id, stage="qualified")
    before = state(people.alice, deal_id)
    with pytest.raises(RuleBroken, match="has been changed since"):
        undo_operation(people.alice, moved.operation)
    assert state(people.alice, deal_id) == before


def test_an_edit_is_undone_although_the_deal_has_moved_since(people: People) -> None:
    deal_id = make(people.alice)
    edited = edit_deal(people.alice, deal_id, DealEdit(name="Other"))
    move_deal(people.mona, deal_id, stage="proposal")
    assert edited.operation is not None
    undo_operation(people.alice, edited.operation)
    assert state(people.alice, deal_id)["name"] == "Rollout"


def test_undoing_a_reopening_closes_the_deal_again(people: People) -> None:
    deal_id = make(people.alice)
    lose_deal(people.alice, deal_id, reason="price")
    before = state(people.alice, deal_id)
    reopened = reopen_deal(people.mona, deal_id, reason="they called")
    undo_operation(people.mona, reopened.operation)
    assert state(people.alice, deal_id) == before


def test_nothing_is_undone_twice_or_of_a_deleted_deal(people: People) -> None:
    deal_id = make(people.alice)
    moved = move_deal(people.alice, deal_id, stage="proposal")
    undo_operation(people.alice, moved.operation)
    with pytest.raises(RuleBroken, match="undone already"):
        undo_operation(people.alice, moved.operation)
    again = move_deal(people.alice, deal_id, stage="proposal")
    delete_deal(people.mona, deal_id)
    with pytest.raises(RuleBroken, match="deleted since"):
        undo_operation(people.alice, again.operation)


def test_one_undoes_ones_own_within_a_day_and_managers_anything(people: People, engines: TestEngines) -> None:
    deal_id = make(people.alice)
    moved = move_deal(people.alice, deal_id, stage="proposal")
    with pytest.raises(Forbidden, match="another person's"):
        undo_operation(people.bob, moved.operation)
    with pytest.raises(NotFound):
        undo_operation(people.charlie, moved.operation)
    with connected(engines, SUPERUSER) as connection:
        connection.execute("UPDATE deal_events SET at = at - interval '25 hours'")
    with pytest.raises(Forbidden, match="within a day"):
        undo_operation(people.alice, moved.operation)
    undo_operation(people.mona, moved.operation)
    assert state(people.mona, deal_id)["probability"] == 10


def test_giving_a_deal_away_can_be_taken_back_by_the_giver(people: People) -> None:
    deal_id = make(people.alice)
    given = edit_deal(people.alice, deal_id, DealEdit(assigned_to=people.bob.user_id)).operation
    assert given is not None
    undo_operation(people.alice, given)
    assert state(people.alice, deal_id)["assigned_to"] == people.alice.user_id


def test_the_latest_change_is_undone_then_the_one_before_and_redone(people: People) -> None:
    deal_id = make(people.alice)
    first = move_deal(people.alice, deal_id, stage="qualified")
    second = move_deal(people.alice, deal_id, stage="proposal")
    move_deal(people.mona, make(people.mona, "hers"), stage="qualified")
    assert latest_operation(people.alice) == second.operation
    undone = undo_operation(people.alice, second.operation)
    assert latest_operation(people.alice) == first.operation
    assert latest_operation(people.alice, redo=True) == undone.operation
    assert latest_of_deal(people.alice, deal_id) == first.operation
    undo_operation(people.alice, undone.operation)
    assert latest_operation(people.alice) == second.operation
    with pytest.raises(NotFound, match="redo"):
        latest_operation(people.alice, redo=True)


def test_only_the_schemas_owner_back_dates(people: People) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=400)
    then = replace(people.mona, as_of=long_ago)
    deal_id = make(then)
    move_deal(then, deal_id, stage="proposal")
    row = state(people.mona, deal_id)
    assert (row["created_at"], row["stage_entered_at"]) == (long_ago, long_ago)
    with reading(people.mona) as session:
        assert set(session.scalars(text("SELECT at FROM deal_events"))) == {long_ago}
    with pytest.raises(Exception, match="only the owner"), unit_of_work(people.mona) as work:
        work.session.execute(text("SELECT set_config('app.at', '2020-01-01', true)"))
        work.session.execute(text("UPDATE deals SET name = 'Old', version = version + 1"))
    with pytest.raises(Exception, match="in the future"):
        make(replace(people.mona, as_of=datetime.now(UTC) + timedelta(days=1)))


@pytest.mark.parametrize("seed", range(2))
def test_many_changes_undone_in_reverse_return_every_row(people: People, seed: int) -> None:
    chance = random.Random(seed)
    ids = [make(people.alice, f"deal {number}") for number in range(4)]
    before = [state(people.alice, deal_id) for deal_id in ids]
    done: list[UUID] = []
    for _ in range(30):
        deal_id = chance.choice(ids)
        what = chance.choice(CHANGES)
        try:
            if what == "edit":
                edited = edit_deal(people.mona, deal_id, DealEdit(name=f"n{chance.random()}", currency="EUR"))
                done.append(made_by(edited))
            else:
                done.append(change(people.mona, deal_id, what))
        except (RuleBroken, NotFound):
            continue
    for operation in reversed(done):
        with suppress(NotFound):  # A move to where the deal was has changed nothing.
            undo_operation(people.mona, operation)
    assert [state(people.alice, deal_id) for deal_id in ids] == before
