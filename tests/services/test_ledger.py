"""The ledger: whatever code changed a deal, it is told once, in order, by whom; and it adds up to what is true."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import exc, select, text, update

from deals_app.domain.actor import Actor
from deals_app.domain.errors import RuleBroken
from deals_app.models import Deal, DealEvent
from deals_app.services.deals import NewDeal, create_deal, delete_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.placing import Place
from deals_app.services.stage_transition import lose_deal, move_deal, win_deal
from deals_app.services.unit_of_work import reading, unit_of_work
from tests.engines import TestEngines
from tests.filled import import_file
from tests.people import People
from tests.sql import APPLICATION, SUPERUSER, connected, one

SILENT = ("reordered", "scored")
NOT_TOLD = "{tenant_id,id,version,match_key,updated_at}"
STAGES = ("lead", "qualified", "proposal", "negotiation")


def make(actor: Actor, name: str = "Rollout") -> UUID:
    return create_deal(actor, NewDeal(name=name, currency="USD", value=10_000, assigned_to=actor.user_id))


def events_of(actor: Actor, deal_id: UUID) -> list[DealEvent]:
    with reading(actor) as session:
        events = session.scalars(select(DealEvent).where(DealEvent.deal_id == deal_id).order_by(DealEvent.id)).all()
        session.expunge_all()
        return list(events)


def assert_ledger_adds_up(actor: Actor) -> int:
    """Every deal is the fold of its events, versions have no gap, each told event is in the outbox; how many events."""
    with reading(actor) as session:
        deals = {
            row.id: (row.version, row.state)
            for row in session.execute(
                text(f"SELECT id, version, to_jsonb(d) - '{NOT_TOLD}'::text[] AS state FROM deals d")
            )
        }
        events = session.execute(select(DealEvent).order_by(DealEvent.deal_id, DealEvent.id)).scalars().all()
        told = session.scalars(text("SELECT payload->>'event_id' FROM outbox WHERE topic LIKE 'customer.deal.%'")).all()
    states: dict[UUID, dict[str, Any]] = {}
    versions: dict[UUID, list[int]] = {}
    for event in events:
        state = states.setdefault(event.deal_id, {})
        assert {key: state.get(key) for key in event.before} == event.before, event.kind
        state |= event.after
        if event.kind not in SILENT:
            versions.setdefault(event.deal_id, []).append(event.version)
    for deal_id, (version, state) in deals.items():
        assert {key: states[deal_id].get(key) for key in state} == state
        assert versions[deal_id] == list(range(1, version + 1))
    assert states.keys() == deals.keys()
    loud = sorted(str(event.id) for event in events if event.kind not in SILENT)
    assert sorted(told) == loud
    return len(events)


def test_a_fold_that_does_not_add_up_is_seen(people: People, engines: TestEngines) -> None:
    make(people.alice)
    with connected(engines, SUPERUSER) as connection:
        connection.execute("ALTER TABLE deals DISABLE TRIGGER ledger_of_changed; UPDATE deals SET competitor = 'Sly'")
    with pytest.raises(AssertionError):
        assert_ledger_adds_up(people.alice)


@pytest.mark.parametrize("seed", range(4))
def test_a_deal_is_the_fold_of_its_ledger(people: People, seed: int) -> None:
    chance = random.Random(seed)
    ids = [make(people.alice, f"deal {number}") for number in range(5)]
    actors = (people.alice, people.mona)

    def act(actor: Actor, deal_id: UUID) -> object:
        return chance.choice(
            [
                lambda: move_deal(actor, deal_id, stage=chance.choice(STAGES), note=chance.choice([None, "a word"])),
                lambda: move_deal(actor, deal_id, stage="lead", place=Place(above=chance.choice(ids))),
                lambda: move_deal(actor, deal_id, stage="proposal", place=Place(below=chance.choice(ids))),
                lambda: edit_deal(actor, deal_id, DealEdit(name=f"name {chance.randrange(4)}")),
                lambda: edit_deal(actor, deal_id, DealEdit(value=chance.choice([None, 0, 7, 10_000]), currency="EUR")),
                lambda: edit_deal(actor, deal_id, DealEdit(tags=("a", "b")[: chance.randrange(3)])),
                lambda: edit_deal(actor, deal_id, DealEdit(customer_name=chance.choice(["Acme", "Globex", None]))),
                lambda: score(actor, deal_id, chance.randrange(101)),
                lambda: win_deal(actor, deal_id, actual_value=chance.choice([None, 5])),
                lambda: lose_deal(actor, deal_id, reason=chance.choice([None, "price"])),
            ]
        )()

    refused = 0
    for _ in range(60):
        try:
            act(chance.choice(actors), chance.choice(ids))
        except RuleBroken:
            refused += 1
    delete_deal(people.mona, ids[0])
    assert_ledger_adds_up(people.alice)
    assert refused < 60


def score(actor: Actor, deal_id: UUID, health: int) -> None:
    with unit_of_work(actor) as work:
        work.session.execute(
            update(Deal).where(Deal.id == deal_id).values(health_score=health, insights=[{"n": health}])
        )


def test_an_import_is_told_deal_by_deal_with_its_cause(people: People) -> None:
    imported = import_file(people.mona, "Name,Value,ID\nOne,1,a\nTwo,2,b\n")
    import_file(people.mona, "Name,Value,ID\nOne,1,a\nTwo,3,b\n")
    assert assert_ledger_adds_up(people.mona) == 3
    with reading(people.mona) as session:
        events = session.execute(
            select(DealEvent.kind, DealEvent.cause, DealEvent.door, DealEvent.actor).order_by(DealEvent.id)
        ).all()
    assert [(event.kind, event.door) for event in events] == [("created", "import")] * 2 + [("updated", "import")]
    assert {event.cause for event in events[:2]} == {imported.id}
    assert {event.actor for event in events} == {people.mona.reference}


def test_a_drag_within_a_column_and_a_score_are_told_without_a_version(people: People) -> None:
    first, second = make(people.alice, "first"), make(people.alice, "second")
    move_deal(people.alice, second, stage="lead", place=Place(above=first))
    score(people.alice, second, 40)
    assert [(event.kind, event.version) for event in events_of(people.alice, second)] == [
        ("created", 1),
        ("reordered", 1),
        ("scored", 1),
    ]
    assert_ledger_adds_up(people.alice)


def test_an_edit_that_changes_nothing_is_not_told(people: People) -> None:
    deal_id = make(people.alice)
    assert edit_deal(people.alice, deal_id, DealEdit(name="Rollout", value=10_000)).deal.version == 1
    assert len(events_of(people.alice, deal_id)) == 1


@pytest.mark.parametrize(
    "change",
    [
        "name = name || '!'",
        "name = name || '!', version = version + 2",
        "name = name || '!', version = version - 1",
        "version = version + 1",
        "position = position + 1, version = version + 1",
        "health_score = 1, version = version + 1",
        "deleted_at = now()",
    ],
)
def test_a_change_beside_the_services_that_skips_or_forgets_the_version_is_refused(people: People, change: str) -> None:
    ids = [make(people.alice, name) for name in "ab"]
    for deal_id in ids:
        move_deal(people.alice, deal_id, stage="proposal")
    refused = pytest.raises(exc.IntegrityError, match="each change of a deal takes the next version")
    with refused, unit_of_work(people.alice) as work:
        work.session.execute(text(f"UPDATE deals SET {change}"))
    assert [len(events_of(people.alice, deal_id)) for deal_id in ids] == [2, 2]


def test_a_change_of_many_deals_beside_the_services_is_told_deal_by_deal(people: People) -> None:
    ids = [make(people.alice, name) for name in "abc"]
    with unit_of_work(people.mona) as work:
        work.session.execute(text("UPDATE deals SET competitor = 'Globex', version = version + 1"))
    for deal_id in ids:
        last = events_of(people.alice, deal_id)[-1]
        assert (last.kind, last.version, last.actor) == ("updated", 2, people.mona.reference)
        assert (last.before, last.after) == ({"competitor": None}, {"competitor": "Globex"})
    assert_ledger_adds_up(people.alice)


@pytest.mark.parametrize("forgotten", ["app.actor", "app.door"])
def test_a_change_by_nobody_or_through_no_door_is_refused(people: People, engines: TestEngines, forgotten: str) -> None:
    make(people.alice)
    with connected(engines, APPLICATION, tenant=people.tenant_id) as connection:
        connection.execute(
            "SELECT set_config('app.actor', 'user:x', false), set_config('app.door', 'page', false),"
            " set_config('app.operation', new_id()::text, false)"
        )
        connection.execute("SELECT set_config(%s, '', false)", [forgotten])
        with pytest.raises(Exception, match="named actor through a named door"):
            connection.execute("UPDATE deals SET name = 'Mine', version = version + 1")
        assert one(connection, "SELECT name FROM deals") == "Rollout"


def test_the_ledger_cannot_be_rewritten_by_the_application(people: People) -> None:
    make(people.alice)
    for statement in ("UPDATE deal_events SET actor = 'x'", "DELETE FROM deal_events", "TRUNCATE deal_events"):
        with pytest.raises(exc.ProgrammingError, match="permission denied"), unit_of_work(people.alice) as work:
            work.session.execute(text(statement))


def test_the_request_of_a_change_is_told(people: People) -> None:
    deal_id = make(replace(people.alice, request_id="r-1", door="api"))
    (event,) = events_of(people.alice, deal_id)
    assert (event.request_id, event.door) == ("r-1", "api")
