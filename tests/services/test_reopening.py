"""Opening a closed deal again."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from deals_app.domain.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.models import Activity, DealEvent
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.queries.deal import deal
from deals_app.services.reopening import reopen_deal
from deals_app.services.stage_transition import lose_deal, move_deal, win_deal
from deals_app.services.unit_of_work import reading
from tests.filled import import_file
from tests.people import People


@pytest.fixture
def lost(people: People) -> UUID:
    new = NewDeal(name="Rollout", currency="USD", value=10_000, assigned_to=people.alice.user_id)
    deal_id = create_deal(people.alice, new)
    move_deal(people.alice, deal_id, stage="proposal")
    lose_deal(people.alice, deal_id, reason="Price", competitor="Pipeworks")
    return deal_id


def test_it_goes_back_to_where_it_was_closed_from_as_if_never_closed(people: People, lost: UUID) -> None:
    reopen_deal(people.mona, lost, reason="They came back", version=3)
    found = deal(people.alice, lost)
    assert (found.stage_key, found.status, found.probability, found.version) == ("proposal", "open", 50, 4)
    assert (found.actual_close_date, found.loss_reason, found.competitor) == (None, None, None)


def test_the_ledger_and_a_note_say_who_and_why(people: People, lost: UUID) -> None:
    reopen_deal(people.mona, lost, reason="They came back")
    with reading(people.mona) as session:
        event = session.scalars(select(DealEvent).where(DealEvent.version == 4)).one()
        assert (event.kind, event.actor, event.before["loss_reason"]) == ("reopened", people.mona.reference, "Price")
        assert session.scalars(select(Activity.body)).all() == ["Reopened: They came back"]


def test_it_can_be_closed_again(people: People, lost: UUID) -> None:
    reopen_deal(people.mona, lost, reason="They came back")
    win_deal(people.alice, lost)
    assert deal(people.alice, lost).status == "closed_won"


def test_only_managers_do_and_only_with_a_reason(people: People, lost: UUID) -> None:
    with pytest.raises(Forbidden):
        reopen_deal(people.alice, lost, reason="Mine")
    with pytest.raises(NotFound):
        reopen_deal(people.charlie, lost, reason="Not mine")
    with pytest.raises(Invalid) as refusal:
        reopen_deal(people.mona, lost, reason=" ")
    assert refusal.value.problems[0].field == "reason"
    assert deal(people.alice, lost).version == 3


def test_a_stale_version_and_an_open_deal_are_refused(people: People, lost: UUID) -> None:
    with pytest.raises(Conflict):
        reopen_deal(people.mona, lost, reason="They came back", version=2)
    reopen_deal(people.mona, lost, reason="They came back")
    with pytest.raises(RuleBroken) as refusal:
        reopen_deal(people.mona, lost, reason="Twice")
    assert refusal.value.code == "REOPEN_FAILED"


def test_a_deal_that_was_imported_closed_goes_to_the_first_open_stage(people: People) -> None:
    imported = import_file(people.mona, "ID,Name,Stage\n1,One,Closed Won\n")
    assert imported.created == 1
    with reading(people.mona) as session:
        deal_id = session.scalars(select(DealEvent.deal_id)).one()
    reopen_deal(people.mona, deal_id, reason="Not paid")
    assert deal(people.mona, deal_id).stage_key == "lead"
