"""Many deals at once: one transaction, one statement per table, honest about what was left alone, undone as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, event, text

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Forbidden, Invalid, NotFound, StageAsks
from deals_app.domain.stages import DEFAULT_STAGES
from deals_app.extensions import db
from deals_app.services.bulk import BulkOutcome, bulk_assign, bulk_close, bulk_delete, bulk_move, bulk_tag
from deals_app.services.deals import NewDeal, create_deal, delete_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.pipelines import insert_pipeline, pipelines
from deals_app.services.queries.board import board
from deals_app.services.stage_transition import move_deal, win_deal
from deals_app.services.undo import undo_operation
from deals_app.services.unit_of_work import reading, unit_of_work
from tests.engines import TestEngines
from tests.heard import heard
from tests.people import People
from tests.services.test_ledger import assert_ledger_adds_up
from tests.sql import SUPERUSER, connected

WRITES = ("UPDATE", "INSERT", "DELETE")


def make(actor: Actor, name: str, **more: Any) -> UUID:
    return create_deal(actor, NewDeal(name=name, currency="USD", value=100, assigned_to=actor.user_id, **more))


def seen(actor: Actor, *ids: UUID) -> dict[UUID, int]:
    with reading(actor) as session:
        rows = session.execute(text("SELECT id, version FROM deals WHERE id = ANY(:ids)"), {"ids": list(ids)})
        return {row.id: row.version for row in rows}


def rows(actor: Actor) -> list[dict[str, Any]]:
    with reading(actor) as session:
        found = session.execute(text("SELECT * FROM deals ORDER BY id")).mappings()
        return [{key: value for key, value in row.items() if key not in {"version", "updated_at"}} for row in found]


def stage_id(actor: Actor, key: str) -> UUID:
    return next(stage.id for stage in pipelines(actor)[0].stages if stage.key == key)


@contextmanager
def writes() -> Iterator[Counter[str]]:
    """The writing statements of the block by their verb, and the commits of transactions that wrote."""
    seen_statements: Counter[str] = Counter()
    unsaved: list[str] = []

    def note(statement: str) -> None:
        words = statement.upper().replace("FOR UPDATE", "").split()
        if any(word in WRITES for word in words):
            unsaved.append(next(word for word in words if word in WRITES))

    def commit(_c: Connection) -> None:
        seen_statements.update(unsaved and [*unsaved, "COMMIT"])
        unsaved.clear()

    event.listen(db.engine, "commit", commit)
    try:
        with heard(note):
            yield seen_statements
    finally:
        event.remove(db.engine, "commit", commit)


def test_500_deals_move_and_come_back_in_one_transaction_each(people: People, engines: TestEngines) -> None:
    ids = [make(people.alice, f"deal {number}") for number in range(500)]
    before = rows(people.mona)
    chosen = seen(people.mona, *ids)
    with writes() as moving:
        outcome = bulk_move(people.mona, chosen, stage=stage_id(people.mona, "proposal"))
    assert (outcome.changed, outcome.left) == (500, ())
    assert moving == {"UPDATE": 1, "COMMIT": 1}
    column = next(column for column in board(people.mona).columns if column.stage.key == "proposal")
    assert column.total.count == 500
    assert [card.name for card in column.cards[:3]] == ["deal 499", "deal 498", "deal 497"]
    with connected(engines, SUPERUSER) as connection:
        transactions = connection.execute(
            "SELECT count(DISTINCT xmin::text), count(DISTINCT operation), count(*) FROM deal_events"
            " WHERE kind = 'moved' UNION ALL"
            " SELECT count(DISTINCT xmin::text), 1, count(*) FROM outbox WHERE topic = 'customer.deal.stage_changed'"
        ).fetchall()
    assert transactions == [(1, 1, 500), (1, 1, 500)]
    assert outcome.operation is not None
    with writes() as undoing:
        undo_operation(people.mona, outcome.operation)
    assert undoing == {"UPDATE": 1, "COMMIT": 1}
    assert rows(people.mona) == before
    assert_ledger_adds_up(people.mona)


def test_what_has_changed_or_is_refused_is_left_alone_and_named(people: People) -> None:
    fit, stale, closed, gone, there = (make(people.alice, name) for name in ("fit", "stale", "closed", "gone", "there"))
    chosen = seen(people.mona, fit, stale, closed, gone, there) | {uuid4(): 1}
    edit_deal(people.alice, stale, DealEdit(name="Stale"))
    delete_deal(people.alice, gone)
    win_deal(people.alice, closed)
    move_deal(people.alice, there, stage="proposal")
    chosen |= seen(people.mona, closed, there)
    outcome = bulk_move(people.mona, chosen, stage=stage_id(people.mona, "proposal"))
    assert outcome.changed == 1
    assert {(left.name, left.why) for left in outcome.left} == {
        ("Stale", "has changed since you selected it"),
        ("gone", "was deleted"),
        ("closed", "is closed already"),
        ("there", "is in Proposal already"),
        ("", "is not there"),
    }


def second_pipeline(actor: Actor) -> UUID:
    with unit_of_work(actor) as work:
        workspace = work.session.scalar(text("SELECT id FROM workspaces"))
        return insert_pipeline(work, workspace, name="Renewals", stages=DEFAULT_STAGES, is_default=False)


def test_closing_concerns_each_deal_in_its_own_pipeline(people: People) -> None:
    other = second_pipeline(people.ada)
    ids = [make(people.alice, "here"), make(people.alice, "there", pipeline=str(other))]
    outcome = bulk_close(people.mona, seen(people.mona, *ids), won=False, reason="price", competitor="Globex")
    assert outcome.changed == 2
    with reading(people.mona) as session:
        lost = session.execute(text("SELECT pipeline_id, status, probability, loss_reason, competitor FROM deals"))
        assert {tuple(row)[1:] for row in lost} == {("closed_lost", 0, "price", "Globex")}
    moved = bulk_move(
        people.mona,
        seen(people.mona, make(people.alice, "x", pipeline=str(other))),
        stage=stage_id(people.mona, "proposal"),
    )
    assert (moved.operation, moved.changed, moved.left[0].why.startswith("is in another pipeline")) == (None, 0, True)


def test_a_reason_that_is_demanded_is_asked_for_before_anything_changes(people: People, engines: TestEngines) -> None:
    deal_id = make(people.alice, "deal")
    with connected(engines, SUPERUSER) as connection:
        connection.execute("UPDATE tenants SET loss_reason_required = true")
    before = rows(people.mona)
    with pytest.raises(StageAsks, match="loss_reason"):
        bulk_close(people.mona, seen(people.mona, deal_id), won=False)
    assert rows(people.mona) == before


def test_what_a_stage_asks_for_is_asked_of_each_deal(people: People, engines: TestEngines) -> None:
    ready, asked = make(people.alice, "ready", customer_name="Acme"), make(people.alice, "asked")
    with connected(engines, SUPERUSER) as connection:
        connection.execute("UPDATE stages SET required_fields = '{customer}' WHERE key = 'proposal'")
    outcome = bulk_move(people.mona, seen(people.mona, ready, asked), stage=stage_id(people.mona, "proposal"))
    assert outcome.changed == 1
    assert [(left.name, left.why) for left in outcome.left] == [("asked", "Proposal asks for a customer")]


def test_tags_owner_and_deletion_of_many(people: People) -> None:
    one, two = make(people.alice, "one", tags=("a", "b")), make(people.alice, "two", tags=("c",))
    before = rows(people.mona)
    done: list[BulkOutcome] = []
    done.append(bulk_tag(people.mona, seen(people.mona, one, two), add=["c", "d"], remove=["b"]))
    assert [row["tags"] for row in rows(people.mona)] == [["a", "c", "d"], ["c", "d"]]
    done.append(bulk_assign(people.mona, seen(people.mona, one, two), owner=people.bob.user_id))
    done.append(bulk_delete(people.mona, seen(people.mona, one, two)))
    assert all(row["deleted_at"] and row["assigned_to"] == people.bob.user_id for row in rows(people.mona))
    assert bulk_tag(people.mona, seen(people.mona, one), add=["z"]).left[0].why == "was deleted"
    for outcome in reversed(done):
        assert outcome.operation is not None
        undo_operation(people.mona, outcome.operation)
    assert rows(people.mona) == before


def test_only_managers_and_only_what_makes_sense(people: People) -> None:
    chosen = seen(people.mona, make(people.alice, "deal"))
    with pytest.raises(Forbidden):
        bulk_delete(people.alice, chosen)
    with pytest.raises(Invalid, match="select between"):
        bulk_delete(people.mona, {})
    with pytest.raises(Invalid, match="owner"):
        bulk_assign(people.mona, chosen, owner=people.charlie.user_id)
    with pytest.raises(NotFound):
        bulk_move(people.mona, chosen, stage=stage_id(people.charlie, "proposal"))
    with pytest.raises(Invalid, match="tags"):
        bulk_tag(people.mona, chosen)
    with pytest.raises(Invalid, match="tags"):
        bulk_tag(people.mona, chosen, add=["  "])
