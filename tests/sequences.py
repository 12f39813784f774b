"""Random sequences of everything people and jobs do to deals, and what must hold after each: used short and long."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text, update

from deals_app.domain.actor import Actor
from deals_app.domain.errors import DealsError
from deals_app.models import Deal
from deals_app.services.bulk import bulk_assign, bulk_close, bulk_delete, bulk_move, bulk_tag
from deals_app.services.deals import NewDeal, create_deal, delete_deal, restore_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.pipelines import pipelines
from deals_app.services.placing import Place
from deals_app.services.queries.board import board
from deals_app.services.reopening import reopen_deal
from deals_app.services.stage_transition import lose_deal, move_deal, win_deal
from deals_app.services.undo import latest_operation, undo_operation
from deals_app.services.unit_of_work import reading, unit_of_work
from tests.people import People

DEALS = 5
STEPS = 30
STAGES = ("lead", "qualified", "proposal", "negotiation", "closed_won", "closed_lost")
UNTOLD = ("tenant_id", "id", "version", "match_key", "updated_at")
SILENT = ("reordered", "scored")


@dataclass
class Run:
    """A sequence on deals of its own."""

    people: People
    chance: random.Random
    ids: list[UUID] = field(default_factory=list[UUID])
    tally: Counter[str] = field(default_factory=Counter[str])
    start: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def actors(self) -> tuple[Actor, ...]:
        return (self.people.alice, self.people.bob, self.people.mona, self.people.ada)


def run_sequence(people: People, seed: int, *, steps: int = STEPS) -> Run:
    """Make deals, do `steps` random things to them, and check after the last; the run is then to be undone."""
    run = Run(people, random.Random(seed))
    owners = (people.alice, people.bob)
    for number in range(DEALS):
        owner = owners[number % 2]
        new = NewDeal(name=f"{seed}/{number}", currency="USD", value=1000 * number, assigned_to=owner.user_id)
        run.ids.append(create_deal(people.mona, new))
    run.start = rows_of(people.mona, run.ids)
    for _ in range(steps):
        name, act = run.chance.choice(ACTIONS)
        try:
            act(run, run.chance.choice(run.actors), run.chance.choice(run.ids))
        except DealsError as refusal:
            run.tally[f"{name}: {refusal.code}"] += 1
        else:
            run.tally[name] += 1
    check(run)
    return run


def undo_everything(run: Run) -> None:
    """Take back every operation since the start, the newest first; every row is then as it was."""
    with reading(run.people.mona) as session:
        operations = session.scalars(
            text(
                "SELECT operation FROM deal_events WHERE deal_id = ANY(:ids) AND kind <> 'created'"
                " GROUP BY operation HAVING bool_or(kind <> 'scored') ORDER BY max(id::text) DESC"
            ),
            {"ids": run.ids},
        ).all()
    for operation in operations:
        undo_operation(run.people.mona, operation)
    assert comparable(rows_of(run.people.mona, run.ids)) == comparable(run.start)
    check(run)
    for deal_id in run.ids:
        delete_deal(run.people.mona, deal_id)


def rows_of(actor: Actor, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """The deals' whole rows, in the order of their ids."""
    with reading(actor) as session:
        found = session.execute(text("SELECT * FROM deals WHERE id = ANY(:ids) ORDER BY id"), {"ids": list(ids)})
        return [dict(row) for row in found.mappings()]


def comparable(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What an undo must bring back; scores are jobs' and stay."""
    jobs = ("version", "updated_at", "health_score", "risk_level", "insights")
    return [{key: value for key, value in row.items() if key not in jobs} for row in rows]


def check(run: Run) -> None:
    """State = fold of the ledger, versions without gaps, entry times told, totals = sums."""
    _check_ledger(run)
    _check_totals(run)


def _check_ledger(run: Run) -> None:
    with reading(run.people.mona) as session:
        states = {
            row.id: row.state
            for row in session.execute(
                text("SELECT id, to_jsonb(d) AS state FROM deals d WHERE id = ANY(:ids)"), {"ids": run.ids}
            )
        }
        events = session.execute(
            text("SELECT * FROM deal_events WHERE deal_id = ANY(:ids) ORDER BY deal_id, id"), {"ids": run.ids}
        ).all()
    folded: dict[UUID, dict[str, Any]] = {}
    versions: dict[UUID, list[int]] = {}
    for event in events:
        state = folded.setdefault(event.deal_id, {})
        assert {key: state.get(key) for key in event.before} == event.before, event
        state |= event.after
        if event.kind not in SILENT:
            versions.setdefault(event.deal_id, []).append(event.version)
        if "stage_id" in event.after and event.undoes is None:
            assert "stage_entered_at" in event.after, f"a stage was entered without its time: {event}"
            assert event.after.get("probability", state["probability"]) == _probability(run, state["stage_id"]), event
    for deal_id, state in states.items():
        told = {key: value for key, value in state.items() if key not in UNTOLD}
        assert {key: folded[deal_id].get(key) for key in told} == told
        assert versions[deal_id] == list(range(1, state["version"] + 1))


def _probability(run: Run, stage_id: str) -> float:
    stages = {str(stage.id): stage for pipeline in pipelines(run.people.mona) for stage in pipeline.stages}
    return float(stages[stage_id].probability)


def _check_totals(run: Run) -> None:
    with reading(run.people.mona) as session:
        live = text("SELECT stage_id, currency, value, probability FROM deals WHERE deleted_at IS NULL")
        sums: dict[tuple[UUID, str], list[Any]] = {}
        for row in session.execute(live):
            held = sums.setdefault((row.stage_id, row.currency), [0, 0, 0])
            held[0] += 1
            held[1] += row.value or 0
            held[2] += (row.value or 0) * row.probability
    for column in board(run.people.mona).columns:
        for part in column.total.parts:
            count, value, weighted = sums.pop((column.stage.id, part.currency))
            assert (part.count, part.value) == (count, value)
            assert abs(part.weighted * 100 - weighted) <= 50
    assert not sums


def _edit(run: Run, actor: Actor, deal_id: UUID) -> None:
    chance = run.chance
    edit = chance.choice(
        [
            DealEdit(name=f"name {chance.randrange(4)}"),
            DealEdit(value=chance.choice([None, 0, 7, 10_000])),
            DealEdit(currency=chance.choice(["USD", "EUR", "JPY"])),
            DealEdit(tags=("a", "b")[: chance.randrange(3)]),
            DealEdit(customer_name=chance.choice(["Acme", "Globex", None])),
            DealEdit(custom_fields={"x": chance.choice([1, 1.5, "a", None])}),
            DealEdit(assigned_to=chance.choice([None, run.people.alice.user_id, run.people.bob.user_id])),
        ]
    )
    edit_deal(actor, deal_id, edit)


def _place(run: Run) -> Place:
    above, below = run.chance.choice([*run.ids, None]), run.chance.choice([*run.ids, None])
    return Place(above=above, below=below)


def _seen(run: Run, actor: Actor) -> dict[UUID, int]:
    chosen = run.chance.sample(run.ids, run.chance.randint(1, DEALS))
    return {row["id"]: row["version"] for row in rows_of(actor, chosen)}


def _bulk(run: Run, actor: Actor, _deal_id: UUID) -> None:
    chance, seen = run.chance, _seen(run, actor)
    stages = pipelines(actor)[0].stages
    chance.choice(
        [
            lambda: bulk_move(actor, seen, stage=chance.choice(stages).id),
            lambda: bulk_close(actor, seen, won=chance.random() < 0.5, reason="price"),
            lambda: bulk_assign(actor, seen, owner=chance.choice([None, run.people.alice.user_id])),
            lambda: bulk_tag(actor, seen, add=[chance.choice("ab")], remove=[chance.choice("bc")]),
            lambda: bulk_delete(actor, seen),
        ]
    )()


def _undo_any(run: Run, actor: Actor, deal_id: UUID) -> None:
    with reading(actor) as session:
        operations = session.scalars(
            text("SELECT operation FROM deal_events WHERE deal_id = :id AND kind <> 'created' ORDER BY id"),
            {"id": deal_id},
        ).all()
    if operations:
        only = run.chance.choice([None, deal_id])
        undo_operation(actor, run.chance.choice(operations), deal_id=only)


def _score(run: Run, actor: Actor, deal_id: UUID) -> None:
    with unit_of_work(actor) as work:
        work.session.execute(update(Deal).where(Deal.id == deal_id).values(health_score=run.chance.randrange(101)))


def _latest(run: Run, actor: Actor, *, redo: bool) -> None:
    undo_operation(actor, latest_operation(actor, redo=redo), deal_id=run.chance.choice(run.ids))


Action = Callable[[Run, Actor, UUID], object]
ACTIONS: tuple[tuple[str, Action], ...] = (
    ("move", lambda run, actor, deal: move_deal(actor, deal, stage=run.chance.choice(STAGES))),
    ("place", lambda run, actor, deal: move_deal(actor, deal, stage=run.chance.choice(STAGES), place=_place(run))),
    ("reorder", lambda run, actor, deal: move_deal(actor, deal, stage="lead", place=_place(run))),
    ("edit", _edit),
    ("edit", _edit),
    ("win", lambda run, actor, deal: win_deal(actor, deal, actual_value=run.chance.choice([None, 5]))),
    ("lose", lambda run, actor, deal: lose_deal(actor, deal, reason=run.chance.choice([None, "price"]))),
    ("reopen", lambda _run, actor, deal: reopen_deal(actor, deal, reason="they called")),
    ("delete", lambda _run, actor, deal: delete_deal(actor, deal)),
    ("restore", lambda _run, actor, deal: restore_deal(actor, deal)),
    ("bulk", _bulk),
    ("undo", _undo_any),
    ("undo latest", lambda run, actor, _deal: _latest(run, actor, redo=False)),
    ("redo latest", lambda run, actor, _deal: _latest(run, actor, redo=True)),
    ("score", _score),
)
