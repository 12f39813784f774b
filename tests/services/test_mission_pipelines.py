"""The rules of mission/pipelines.txt: its sections "Automatic Status Sync", "DealService" and "Lifecycle Events"."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from deals_app.domain.pipelines import NewStage
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.event_catalogue import BY_KIND
from deals_app.services.pipeline_editing import NewPipeline, create_pipeline
from deals_app.services.queries.deal import deal
from deals_app.services.queries.life import activities_of, history
from deals_app.services.stage_transition import move_deal
from tests.people import People

STAGES = (
    NewStage(name="Prospecting", order=1, probability=Decimal(10)),
    NewStage(name="Negotiation", order=2, probability=Decimal(50)),
    NewStage(name="Closed Won", order=3, probability=Decimal(100), status="closed_won"),
    NewStage(name="Closed Lost", order=4, probability=Decimal(0), status="closed_lost"),
)


@pytest.fixture
def deal_id(people: People) -> UUID:
    """The document's own example: a deal of 50,000 in a pipeline called Enterprise Sales."""
    pipeline = create_pipeline(people.ada, NewPipeline(name="Enterprise Sales", stages=STAGES))
    new = NewDeal(name="Acme Enterprise License", currency="USD", value=50_000_00, pipeline=str(pipeline.id))
    return create_deal(people.mona, new)


def test_a_deals_status_is_its_stages(people: People, deal_id: UUID) -> None:
    """As it says: "If the stage status is open, the deal status is set to open"; so with closed_won and closed_lost."""
    assert (deal(people.mona, deal_id).stage_name, deal(people.mona, deal_id).status) == ("Prospecting", "open")
    move_deal(people.mona, deal_id, stage="Negotiation")
    found = deal(people.mona, deal_id)
    assert (found.status, found.probability, found.actual_close_date) == ("open", 50, None)


@pytest.mark.parametrize(
    ("stage", "status", "probability"), [("Closed Won", "closed_won", 100), ("Closed Lost", "closed_lost", 0)]
)
def test_closing_sets_the_date_of_today(
    people: People, deal_id: UUID, stage: str, status: str, probability: int
) -> None:
    """As it says: "When a deal transitions to a closed status, closed_date is automatically set"."""
    move_deal(people.mona, deal_id, stage=stage)
    found = deal(people.mona, deal_id)
    assert (found.status, found.probability) == (status, probability)
    assert found.actual_close_date == datetime.now(UTC).date()


def test_the_note_of_a_move_is_an_activity(people: People, deal_id: UUID) -> None:
    """As it says: "Creates a Note activity recording the stage change"; the change itself is in the ledger."""
    move_deal(people.mona, deal_id, stage="Negotiation", note="Moving to negotiation phase")
    (note,) = activities_of(people.mona, deal_id)
    assert (note.kind, note.body, note.actor) == ("note", "Moving to negotiation phase", "Mona")
    assert {"stage_id", "probability"} <= history(people.mona, deal_id)[0].changes.keys()


@pytest.mark.parametrize(
    ("stage", "event"),
    [("Negotiation", "deal.stage_changed"), ("Closed Won", "deal.won"), ("Closed Lost", "deal.lost")],
)
def test_each_change_of_stage_is_an_event(people: People, deal_id: UUID, stage: str, event: str) -> None:
    """ON_DEAL_STAGE_CHANGE, ON_DEAL_WON and ON_DEAL_LOST, with old and new stage and who it was."""
    was = deal(people.mona, deal_id).stage_id
    move_deal(people.mona, deal_id, stage=stage)
    told = history(people.mona, deal_id)[0]
    assert BY_KIND[told.kind].name == event
    assert told.changes["stage_id"].before == str(was)
    assert told.changes["stage_id"].after == str(deal(people.mona, deal_id).stage_id)
    assert told.actor == "Mona"
