"""An import taken back: every table as it was, except what people changed since, which stays and is listed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import Forbidden, Invalid, RuleBroken
from deals_app.domain.import_views import ImportView
from deals_app.services.customers import create_customer
from deals_app.services.deals import NewDeal, create_deal, delete_deal, restore_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.importing import run, taking_back
from deals_app.services.importing.taking_back import take_back_import, undo_import
from deals_app.services.queries.customers import customer_rows
from deals_app.services.queries.import_rows import kept_deals
from deals_app.services.queries.imports import import_view
from deals_app.services.stage_transition import move_deal
from deals_app.services.undo import undo_operation
from deals_app.services.unit_of_work import reading
from tests.engines import TestEngines
from tests.filled import import_file, queue_file
from tests.people import People
from tests.sql import OWNER, connected

HEADER = "Record ID,Deal Name,Company,Value,Stage,Close date,Loss reason,Tags,Note\n"
BEFORE = HEADER + "".join(
    f"{n},Deal {n},Firm {n % 3},{n}.50,{stage},2027-01-0{n},,a;b,first\n"
    for n, stage in enumerate(["Lead", "Qualified", "Proposal", "Lead", "Lead", "Negotiation"], start=1)
)
# 1 and 2 say something else, 3 moves, 4 is lost, 5 as it was, 6 other note; 7 to 12 are new; 13 is no deal.
SECOND = HEADER + (
    "1,Deal one,Firm 9,9.99,Lead,2027-02-02,,c,first\n"
    "2,Deal 2,Firm 2,8.75,Qualified,2027-01-02,,a;b,first\n"
    "3,Deal 3,Firm 0,3.50,Negotiation,2027-01-03,,a;b,first\n"
    "4,Deal 4,Firm 1,4.50,Closed Lost,2027-01-04,price,a;b,first\n"
    "5,Deal 5,Firm 2,5.50,Lead,2027-01-05,,a;b,first\n"
    "6,Deal 6,Firm 0,6.50,Negotiation,2027-01-06,,a;b,second\n"
    + "".join(f"{n},Deal {n},Newcomer {n},{n}.00,Lead,2027-03-03,,,\n" for n in range(7, 13))
    + "13,,Nobody,1,Lead,,,,\n"
)
TABLES = {
    "deals": "SELECT to_jsonb(d) - '{version,updated_at}'::text[] FROM deals d WHERE deleted_at IS NULL ORDER BY id",
    "customers": "SELECT to_jsonb(c) - 'updated_at' FROM customers c WHERE deleted_at IS NULL ORDER BY id",
    "external_refs": "SELECT to_jsonb(e) FROM external_refs e ORDER BY system, external_id",
    "activities": "SELECT to_jsonb(a) FROM activities a ORDER BY id",
}


def hashes(actor: Actor) -> dict[str, str]:
    """Each table as one figure."""
    with reading(actor) as session:
        found = {name: session.execute(text(query)).all() for name, query in TABLES.items()}
    return {name: hashlib.sha256(repr(rows).encode()).hexdigest() for name, rows in found.items()}


def outbox_of(actor: Actor, import_id: UUID) -> UUID:
    with reading(actor) as session:
        wanted = text(
            "SELECT id FROM outbox WHERE job = :job AND payload ->> 'import_id' = :id ORDER BY id DESC LIMIT 1"
        )
        return session.execute(wanted, {"job": taking_back.JOB, "id": str(import_id)}).scalar_one()


def take_back(actor: Actor, import_id: UUID) -> ImportView:
    """The whole undo in this process."""
    take_back_import(actor, import_id)
    undo_import(str(actor.tenant_id), str(outbox_of(actor, import_id)))
    return import_view(actor, import_id)


def counts(view: ImportView) -> dict[str, int]:
    assert view.undoing is not None
    assert view.undoing.done == view.undoing.total
    return {name: getattr(view.undoing, name) for name in ("deleted", "restored", "kept", "already")}


def deal_named(actor: Actor, external_id: str) -> UUID:
    with reading(actor) as session:
        return session.execute(
            text("SELECT deal_id FROM external_refs WHERE external_id = :id"), {"id": external_id}
        ).scalar_one()


def facts(actor: Actor, deal_id: UUID) -> dict[str, Any]:
    with reading(actor) as session:
        return dict(session.execute(text("SELECT * FROM deals WHERE id = :id"), {"id": deal_id}).mappings().one())


@pytest.fixture(params=[2, 5_000])
def small_chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The import's operations and the undo's stretches end at different lines."""
    monkeypatch.setattr(run, "ROWS_PER_CHUNK", request.param)
    monkeypatch.setattr(taking_back, "ROWS_PER_STRETCH", 3)


@pytest.mark.usefixtures("small_chunks")
def test_every_table_is_as_it_was_before(people: People) -> None:
    import_file(people.mona, BEFORE)
    by_hand = create_deal(people.alice, NewDeal(name="By hand", currency="USD", customer_name="Firm 9 bis"))
    before = hashes(people.mona)
    done = import_file(people.mona, SECOND)
    assert (done.created, done.updated, done.unchanged, done.failed) == (6, 5, 1, 1)
    after = hashes(people.mona)
    assert {name for name in before if before[name] != after[name]} == {"deals", "customers", "external_refs"}
    undone = take_back(people.mona, done.id)
    assert hashes(people.mona) == before
    assert undone.state == "undone"
    assert counts(undone) == {"deleted": 6, "restored": 5, "kept": 0, "already": 0}
    assert kept_deals(people.mona, done.id) == []
    assert facts(people.mona, by_hand)["version"] == 1
    assert not [row.name for row in customer_rows(people.mona).items if "Newcomer" in row.name]


@pytest.mark.usefixtures("small_chunks")
def test_what_people_changed_since_stays_and_is_listed(people: People) -> None:
    import_file(people.mona, BEFORE)
    done = import_file(people.mona, SECOND)
    ids = {n: deal_named(people.mona, str(n)) for n in range(1, 13)}
    edit_deal(people.mona, ids[1], DealEdit(name="Mona's"))
    move_deal(people.mona, ids[3], stage="qualified")
    edit_deal(people.mona, ids[7], DealEdit(value=1))
    delete_deal(people.mona, ids[8])
    delete_deal(people.mona, ids[2])
    undone = take_back(people.ada, done.id)
    # Line 8 (deal 7) lives on, deal 8 was gone already; 1, 2 and 3 are kept in part.
    assert counts(undone) == {"deleted": 4, "restored": 2, "kept": 4, "already": 1}
    kept = {deal.line: deal for deal in kept_deals(people.ada, done.id)}
    assert {line: (deal.deal_id, deal.fields) for line, deal in kept.items()} == {
        2: (ids[1], ("Name",)),
        3: (ids[2], ("Deleted",)),
        4: (ids[3], ("Stage", "Probability")),
        8: (ids[7], ("Value",)),
    }
    assert {deal.actor_name for deal in kept.values()} == {"Mona"}
    first = facts(people.mona, ids[1])
    assert (first["name"], first["value"], first["tags"]) == ("Mona's", 150, ["a", "b"])
    assert facts(people.mona, ids[7])["deleted_at"] is None
    assert [row.name for row in customer_rows(people.mona).items if "Newcomer" in row.name] == ["Newcomer 7"]
    assert deal_named(people.mona, "7") == ids[7]


def test_the_same_file_imports_again_as_new(people: People) -> None:
    first = import_file(people.mona, BEFORE)
    take_back(people.mona, first.id)
    again = import_file(people.mona, BEFORE)
    assert (again.created, again.updated, again.failed) == (6, 0, 0)
    with reading(people.mona) as session:
        live = "SELECT count(*), count(DISTINCT match_key) FROM customers WHERE deleted_at IS NULL"
        assert tuple(session.execute(text(live)).one()) == (3, 3)


def test_a_deal_matched_by_its_name_forgets_the_id_that_the_import_gave_it(people: People) -> None:
    deal_id = create_deal(people.alice, NewDeal(name="Rollout", currency="USD", value=5, customer_name="Globex"))
    before = hashes(people.mona)
    same = "Deal Name,Company,Value\nRollout,Globex Inc.,0.05\n"
    other = "Deal Name,Company,Value\nRollout,Globex Inc.,7\nSecond,Globex,1\n"
    assert import_file(people.mona, same).unchanged == 1
    done = import_file(people.mona, other)
    assert (done.created, done.updated) == (1, 1)
    take_back(people.mona, done.id)
    now = hashes(people.mona)
    assert {name for name in now if now[name] != before[name]} == {"external_refs"}
    with reading(people.mona) as session:
        assert session.execute(text("SELECT deal_id FROM external_refs")).scalars().all() == [deal_id]


def test_a_deal_that_comes_back_brings_its_customer(people: People) -> None:
    done = import_file(people.mona, BEFORE)
    deal_id = deal_named(people.mona, "1")
    take_back(people.mona, done.id)
    assert customer_rows(people.mona).items == ()
    restore_deal(people.mona, deal_id)
    assert [row.name for row in customer_rows(people.mona).items] == ["Firm 1"]
    with reading(people.mona) as session:
        undo = session.execute(text("SELECT DISTINCT operation FROM deal_events WHERE undoes IS NOT NULL")).scalar_one()
    undo_operation(people.mona, undo)
    assert [row.name for row in customer_rows(people.mona).items] == ["Firm 0", "Firm 1", "Firm 2"]


def test_a_deleted_customer_is_nobodys(people: People) -> None:
    done = import_file(people.mona, BEFORE)
    customer_id = facts(people.mona, deal_named(people.mona, "1"))["customer_id"]
    take_back(people.mona, done.id)
    with pytest.raises(Invalid, match="no such customer"):
        create_deal(people.mona, NewDeal(name="New", currency="USD", customer_id=customer_id))
    new = create_deal(people.mona, NewDeal(name="New", currency="USD", customer_name="Firm 1"))
    assert facts(people.mona, new)["customer_id"] != customer_id


def test_a_customer_whom_people_use_meanwhile_stays(people: People) -> None:
    own = create_customer(people.mona, name="Firm 2")
    done = import_file(people.mona, BEFORE)
    create_deal(people.alice, NewDeal(name="Hers", currency="USD", customer_name="Firm 1"))
    take_back(people.mona, done.id)
    assert {row.name for row in customer_rows(people.mona).items} == {"Firm 1", "Firm 2"}
    assert own in {row.id for row in customer_rows(people.mona).items}


def test_what_was_undone_by_hand_is_left_alone(people: People) -> None:
    import_file(people.mona, BEFORE)
    before = hashes(people.mona)
    done = import_file(people.mona, SECOND)
    deal_id = deal_named(people.mona, "1")
    with reading(people.mona) as session:
        operation = session.execute(
            text("SELECT operation FROM deal_events WHERE deal_id = :id ORDER BY id DESC LIMIT 1"), {"id": deal_id}
        ).scalar_one()
    undo_operation(people.mona, operation, deal_id=deal_id)
    version = facts(people.mona, deal_id)["version"]
    assert counts(take_back(people.mona, done.id)) == {"deleted": 6, "restored": 4, "kept": 0, "already": 1}
    assert facts(people.mona, deal_id)["version"] == version
    assert hashes(people.mona) == before


@pytest.mark.usefixtures("small_chunks")
def test_an_undo_that_dies_after_any_stretch_goes_on(
    people: People, engines: TestEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_file(people.mona, BEFORE)
    before = hashes(people.mona)
    done = import_file(people.mona, SECOND)
    take_back_import(people.mona, done.id)
    outbox_id = outbox_of(people.mona, done.id)
    honest, died = taking_back._take_back, 0

    def dies(*args: object) -> None:
        honest(*args)  # type: ignore[arg-type]
        raise ZeroDivisionError

    monkeypatch.setattr(taking_back, "_take_back", dies)
    for _ in range(50):
        try:
            undo_import(str(people.tenant_id), str(outbox_id))
            break
        except ZeroDivisionError:
            died += 1
        with connected(engines, OWNER) as connection:
            connection.execute("UPDATE outbox SET leased_until = NULL WHERE job IS NOT NULL")
    undone = import_view(people.mona, done.id)
    assert (undone.state, died > 3) == ("undone", True)
    assert counts(undone) == {"deleted": 6, "restored": 5, "kept": 0, "already": 0}
    assert hashes(people.mona) == before
    undo_import(str(people.tenant_id), str(outbox_id))
    assert import_view(people.mona, done.id) == undone


def test_an_undo_that_gets_nowhere_is_given_up_and_can_be_tried_again(people: People, engines: TestEngines) -> None:
    done = import_file(people.mona, BEFORE)
    take_back_import(people.mona, done.id)
    with connected(engines, OWNER) as connection:
        connection.execute("UPDATE outbox SET attempts = %s WHERE job IS NOT NULL", [taking_back.MAX_ATTEMPTS])
    undo_import(str(people.tenant_id), str(outbox_of(people.mona, done.id)))
    given_up = import_view(people.mona, done.id)
    assert (given_up.state, given_up.can_be_undone) == ("done", True)
    assert "given up" in (given_up.problem or "")
    assert counts(take_back(people.mona, done.id))["deleted"] == 6


def test_only_an_ended_import_that_changed_something_is_taken_back(people: People) -> None:
    queued = queue_file(people.mona, BEFORE)
    with pytest.raises(RuleBroken, match="still running") as refused:
        take_back_import(people.mona, queued)
    assert refused.value.code == "IMPORT_RUNNING"
    nothing = import_file(people.mona, "Deal Name,Value\n,5\n")
    with pytest.raises(RuleBroken, match="nothing to undo") as refused:
        take_back_import(people.mona, nothing.id)
    assert refused.value.code == "NOTHING_TO_UNDO"
    done = import_file(people.mona, SECOND)
    for actor in (people.alice, replace(people.mona, role=Role.INGEST)):
        with pytest.raises(Forbidden, match="managers"):
            take_back_import(actor, done.id)
    take_back(people.mona, done.id)
    with pytest.raises(RuleBroken, match="undone already") as refused:
        take_back_import(people.mona, done.id)
    assert refused.value.code == "IMPORT_UNDONE"
