"""Exports: what stands in each kind of file, that it is read at one moment, and that importing it changes nothing."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, insert, select, update

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Invalid
from deals_app.domain.stages import DEFAULT_STAGES, StageTemplate
from deals_app.extensions import db
from deals_app.models import Customer, Deal, DealEvent, ExternalRef, Pipeline, Stage, Workspace
from deals_app.services.customers import create_customer
from deals_app.services.deals import NewDeal, create_deal, delete_deal
from deals_app.services.exporting import workbook
from deals_app.services.exporting.csv_text import as_csv
from deals_app.services.exporting.customers import customers_lines, customers_table
from deals_app.services.exporting.deals import DealsWanted, deals_lines, deals_table
from deals_app.services.exporting.streams import Sent
from deals_app.services.exporting.tables import Writer
from deals_app.services.exporting.workbook import as_workbook
from deals_app.services.pipelines import insert_pipeline
from deals_app.services.queries.filters import DealFilter
from deals_app.services.stage_transition import lose_deal, win_deal
from deals_app.services.unit_of_work import reading, unit_of_work
from tests.filled import import_file
from tests.people import People

ALL = DealsWanted(filter=DealFilter())
KINDS: dict[str, Writer] = {"csv": as_csv, "xlsx": as_workbook}
NAMES = (
    "Ærø — 日本語 🚲", 'He said "yes", twice', "Two\nlines, one deal", "=2+5", "+49 30 1234", "-minus", "@here",
    "'=quoted by a person", "'plain apostrophe", "'a'-b",
    "Total", "semi;colon|pipe", "007", "1,5", "TRUE", "2026-01-02",
)  # fmt: skip


def whole(sent: Sent) -> bytes:
    return b"".join(sent)


def rows_of(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline="")))


def awkward(people: People) -> None:
    """Deals of every kind that a file could get wrong."""
    due = date(2031, 3, 4)
    for number, name in enumerate(NAMES):
        new = NewDeal(
            name=name, currency="USD", value=number * 100 + 50, customer_name=f"{name} GmbH", source="partner"
        )
        create_deal(people.alice, new)
    for currency, value in (("JPY", 1_234_567), ("KWD", 1_234), ("KWD", 12_345_678), ("USD", 0), ("EUR", None)):
        new = NewDeal(
            name=f"{currency} {value}", currency=currency, value=value, expected_close_date=due,
            assigned_to=people.alice.user_id, tags=("one, two", "a;b", "three", "=4"),
        )  # fmt: skip
        create_deal(people.alice, new)
    create_deal(people.alice, NewDeal(name="Largest", currency="USD", value=2**63 - 1))
    for customer in ("Acme Inc.", "ACME GmbH"):
        customer_id = create_customer(people.mona, name=customer)
        create_deal(people.alice, NewDeal(name="Same name", currency="USD", value=100, customer_id=customer_id))
    fields = {
        "Region": "North, West", "Seats": 12, "Rate": 1.50, "Signed": True, "Nothing": None, "Parts": {"a": [1, "x"]},
        "Formula": "=SUM(A1)", "Blank": "", "Padded": "  x ", "Owner of it": "7",
    }  # fmt: skip
    create_deal(people.alice, NewDeal(name="Custom", currency="USD", value=100, custom_fields=fields))
    won, lost = (create_deal(people.alice, NewDeal(name=name, currency="EUR", value=5_000)) for name in ("W", "L"))
    win_deal(people.alice, won, close_date=date(2026, 1, 5))
    lose_deal(people.alice, lost, close_date=date(2026, 1, 6), reason="-too dear", competitor="Globex")
    metadata = {"contact_email": "a@b.example", "contact_name": "Ann", "description": "line\r\nline", "kept": [1]}
    with unit_of_work(people.mona) as work:
        for name, probability, extra in (("007", "0.5", metadata), ("1,5", "33.33", {})):
            changed = {"probability": Decimal(probability), "extra": extra, "version": Deal.version + 1}
            work.session.execute(update(Deal).where(Deal.name == name).values(changed))


def state(actor: Actor) -> list[Any]:
    """All that an import could write to."""
    with reading(actor) as session:
        deals = session.execute(select(Deal.__table__).order_by(Deal.id)).all()
        counts = [
            session.scalar(select(func.count()).select_from(model)) for model in (DealEvent, ExternalRef, Customer)
        ]
    return [*deals, *counts]


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_imported_again_changes_nothing(people: People, kind: str) -> None:
    awkward(people)
    before = state(people.mona)
    file = whole(deals_table(people.mona, ALL, KINDS[kind]))
    imported = import_file(people.mona, file, filename=f"deals.{kind}")
    assert imported.state == "done"
    assert (imported.total, imported.unchanged) == (len(before) - 3, len(before) - 3), imported
    assert state(people.mona) == before


def test_what_a_person_edited_in_it_is_all_that_changes(people: People) -> None:
    awkward(people)
    before = state(people.mona)
    head, *lines = whole(deals_table(people.mona, ALL, as_csv)).decode().splitlines(keepends=True)
    edited = [line.replace("JPY 1234567", "Yen") for line in lines]
    imported = import_file(people.mona, "".join([head, *edited]))
    assert (imported.updated, imported.unchanged) == (1, len(before) - 4)
    with reading(people.mona) as session:
        deal = session.scalars(select(Deal).where(Deal.name == "Yen")).one()
        assert (deal.tags, deal.value, deal.version) == (["one, two", "a;b", "three", "=4"], 1_234_567, 2)


def test_the_cells_of_a_workbook(people: People) -> None:
    awkward(people)
    sheet = openpyxl.load_workbook(io.BytesIO(whole(deals_table(people.mona, ALL, as_workbook))))["Deals"]
    head = [cell.value for cell in sheet[1]]
    rows = {row[1].value: dict(zip(head, row, strict=True)) for row in sheet.iter_rows(min_row=2)}
    assert sheet.freeze_panes == "A2"
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert rows["'=2+5"]["Value"].value == 3.5
    yen, dinar, largest = rows["JPY 1234567"], rows["KWD 12345678"], rows["Largest"]
    assert (yen["Value"].value, yen["Value"].number_format) == (1_234_567, "#,##0")
    assert (dinar["Value"].value, dinar["Value"].number_format) == (12_345.678, "#,##0.000")
    assert largest["Value"].value == "92233720368547758.07"
    assert yen["Expected close date"].value == datetime(2031, 3, 4)  # noqa: DTZ001 (a sheet knows no zone)
    assert yen["Expected close date"].number_format == "yyyy-mm-dd"
    assert rows["W"]["Status"].value == "won"
    assert rows["007"]["Probability"].value == "0.5 %"
    assert sheet.column_dimensions["B"].width > 30


def test_the_cells_of_a_csv(people: People) -> None:
    awkward(people)
    file = whole(deals_table(people.mona, ALL, as_csv))
    rows = {row["Name"]: row for row in rows_of(file)}
    assert file.startswith(b"\xef\xbb\xbfID,Name,Company,")
    assert b"\r\n" in file
    assert {"'=2+5", "'+49 30 1234", "'-minus", "'@here", "''=quoted by a person", "'plain apostrophe"} <= rows.keys()
    assert [rows[name]["Value"] for name in ("JPY 1234567", "KWD 1234", "USD 0", "EUR None")] == [
        "1234567",
        "1.234",
        "0.00",
        "",
    ]
    lost, custom = rows["L"], rows["Custom"]
    assert (lost["Stage"], lost["Status"], lost["Loss reason"]) == ("Closed Lost", "lost", "'-too dear")
    assert (custom["Seats"], custom["Rate"], custom["Signed"], custom["Parts"]) == (
        "12",
        "1.5",
        "true",
        '{"a": [1, "x"]}',
    )
    assert custom["Formula"] == "'=SUM(A1)"
    assert rows["KWD 1234"]["Owner"] == people.email("alice")
    assert rows["007"]["Contact e-mail"] == "a@b.example"


def test_it_is_the_list_with_its_filter_and_order(people: People) -> None:
    for name, value in (("b", 300), ("a", 100), ("c", 200)):
        create_deal(people.alice, NewDeal(name=name, currency="USD", value=value, assigned_to=people.alice.user_id))
    create_deal(people.alice, NewDeal(name="nobody's", currency="USD", value=900))
    gone = create_deal(people.alice, NewDeal(name="gone", currency="USD", value=500))
    delete_deal(people.mona, gone)
    mine = DealFilter(owner=people.alice.user_id)
    by_value = DealsWanted(filter=mine, sort="value", descending=True)
    assert [row["Name"] for row in rows_of(whole(deals_table(people.bob, by_value, as_csv)))] == ["b", "c", "a"]
    by_name = DealsWanted(filter=mine, sort="name", descending=False)
    assert whole(deals_lines(people.bob, by_name, lambda deal: deal.name)) == b"a\nb\nc\n"
    assert rows_of(whole(deals_table(people.charlie, ALL, as_csv))) == []
    assert whole(deals_lines(people.charlie, ALL, lambda deal: deal.name)) == b""


def test_several_won_stages_and_names_alike_come_back_to_the_same_stage(people: People) -> None:
    with reading(people.mona) as session:
        pipeline_id = session.scalars(select(Pipeline.id)).one()
    stage = {
        "tenant_id": people.tenant_id, "pipeline_id": pipeline_id, "key": "upsold", "name": "lead", "position": 90,
        "probability": 100, "status": "closed_won",
    }  # fmt: skip
    with unit_of_work(people.ada) as work:
        work.session.execute(insert(Stage).values(stage))
    deal_id = create_deal(people.alice, NewDeal(name="Upsold", currency="USD", value=100))
    win_deal(people.alice, deal_id, close_date=date(2026, 1, 5))
    with unit_of_work(people.mona) as work:
        upsold = work.session.scalars(select(Stage.id).where(Stage.key == "upsold")).one()
        work.session.execute(update(Deal).where(Deal.id == deal_id).values(stage_id=upsold, version=Deal.version + 1))
    before = state(people.mona)
    file = whole(deals_table(people.mona, ALL, as_csv))
    assert rows_of(file)[0]["Stage"] == "upsold"
    assert import_file(people.mona, file).unchanged == 1
    assert state(people.mona) == before


def test_deals_of_every_pipeline_come_back_to_their_own(people: People) -> None:
    stages = (StageTemplate(key="signed", name="Signed up", probability=Decimal(20)), *DEFAULT_STAGES[1:])
    with unit_of_work(people.ada) as work:
        workspace_id = work.session.scalars(select(Workspace.id)).one()
        other = insert_pipeline(work, workspace_id, name="Partners", stages=stages, is_default=False)
    create_deal(people.alice, NewDeal(name="Ours", currency="USD", value=100))
    deal_id = create_deal(people.alice, NewDeal(name="Theirs", currency="USD", value=100, pipeline=str(other)))
    before = state(people.mona)
    file = whole(deals_table(people.mona, ALL, as_csv)).decode()
    assert import_file(people.mona, file).unchanged == 2
    assert state(people.mona) == before
    assert import_file(people.mona, file.replace("Signed up", "Qualified")).updated == 1
    with reading(people.mona) as session:
        stage = select(Stage).join(Deal, Deal.stage_id == Stage.id).where(Deal.id == deal_id)
        found = session.scalars(stage).one()
        assert (found.key, found.pipeline_id) == ("qualified", other)


def test_in_another_tenant_it_makes_the_same_deals_in_the_same_pipelines(people: People) -> None:
    for actor in (people.ada, people.charlie):
        with unit_of_work(actor) as work:
            workspace_id = work.session.scalars(select(Workspace.id)).one()
            other = insert_pipeline(work, workspace_id, name="Partners", stages=DEFAULT_STAGES, is_default=False)
        if actor is people.ada:
            create_deal(people.alice, NewDeal(name="Ours", currency="JPY", value=100))
            create_deal(people.alice, NewDeal(name="Theirs", currency="USD", value=100, pipeline=str(other)))
    file = whole(deals_table(people.mona, ALL, as_csv))
    assert import_file(people.charlie, file).created == 2
    assert import_file(people.charlie, file).unchanged == 2
    theirs, ours = (rows_of(whole(deals_table(who, ALL, as_csv))) for who in (people.charlie, people.mona))
    kept = ("Name", "Value", "Currency", "Pipeline", "Stage")
    assert sorted([row[key] for key in kept] for row in theirs) == sorted([row[key] for key in kept] for row in ours)


def test_customers(people: People) -> None:
    create_customer(people.mona, name="=Zed", kind="person", domain="zed.example", churn_risk=Decimal("0.25"))
    won = create_deal(people.alice, NewDeal(name="Won", currency="USD", value=100, customer_name="Acme"))
    win_deal(people.alice, won, close_date=date(2026, 1, 5))
    found = rows_of(whole(customers_table(people.bob, "", as_csv)))
    assert [(row["Name"], row["Open deals"], row["Won deals"]) for row in found] == [
        ("'=Zed", "0", "0"),
        ("Acme", "0", "1"),
    ]
    assert (found[0]["Churn risk"], found[0]["Domain"]) == ("0.2500", "zed.example")
    assert whole(customers_lines(people.bob, "zed.ex", lambda customer: customer.name)) == b"=Zed\n"


def test_a_sheet_that_cannot_hold_it_is_refused_before_anything_is_sent(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        create_deal(people.alice, NewDeal(name=name, currency="USD", value=100))
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    with pytest.raises(Invalid, match="holds 2 rows"):
        deals_table(people.mona, ALL, as_workbook)
    assert open_transactions() == 0


@pytest.fixture
def many(people: People) -> int:
    """More deals than a batch."""
    rows = "".join(f"Deal {number},100\n" for number in range(1200))
    return import_file(people.mona, f"Name,Value\n{rows}").created


def test_it_shows_one_moment_while_others_go_on_writing(people: People, many: int) -> None:
    sent = deals_table(people.mona, ALL, as_csv)
    head = next(sent)
    # The same thread does other work while the file is half read: its transaction is open for the file alone.
    with unit_of_work(people.mona) as work:
        work.session.execute(update(Deal).values(value=999_900, custom_fields={"New": "1"}, version=Deal.version + 1))
    create_deal(people.alice, NewDeal(name="Too late", currency="USD", value=100))
    found = rows_of(head + whole(sent))
    assert {row["Value"] for row in found} == {"100.00"}
    assert len(found) == many
    assert "New" not in found[0]
    assert open_transactions() == 0


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_who_goes_away_leaves_no_transaction_open(people: People, many: int, taken: int) -> None:
    sent = deals_table(people.mona, ALL, as_csv)
    for _ in range(taken):
        next(sent)
    assert open_transactions() == 1
    sent.close()
    assert open_transactions() == 0
    create_deal(people.alice, NewDeal(name="Life goes on", currency="USD", value=100))


def test_a_workbook_is_sent_after_the_transaction_has_ended(people: People, many: int) -> None:
    sent = deals_table(people.mona, ALL, as_workbook)
    assert open_transactions() == 0
    assert openpyxl.load_workbook(io.BytesIO(whole(sent)))["Deals"].max_row == many + 1


def open_transactions() -> int:
    """Connections of the pool that somebody holds."""
    return db.engine.pool.checkedout()  # type: ignore[attr-defined] (of every pool that keeps connections)
