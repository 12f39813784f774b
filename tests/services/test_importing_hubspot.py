"""A real HubSpot export of 8,800 deals, imported twice; what is asked here is asked of the same import."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from deals_app.domain.import_views import ImportView
from deals_app.models import Customer, Deal, DealEvent, ExternalRef, Import, ImportRow, Stage
from deals_app.services.queries.board import Showing, board
from deals_app.services.queries.filters import DealFilter
from deals_app.services.unit_of_work import reading
from tests.conftest import application
from tests.engines import TestEngines
from tests.filled import import_file
from tests.people import People, make_people

OURS = {
    "Closed Won": "closed_won",
    "Closed Lost": "closed_lost",
    "Qualified To Buy": "qualified",
    "Appointment Scheduled": "lead",
}


@dataclass(frozen=True, kw_only=True)
class HubSpot:
    """The file, and what became of it when it came in twice."""

    people: People
    rows: list[dict[str, str]]
    known: dict[str, Any]
    first: ImportView
    events_after_first: int
    second: ImportView


@pytest.fixture(scope="module")
def hubspot(engines: TestEngines, real_data: Path) -> Iterator[HubSpot]:
    path = real_data / "csv_crm" / "01_hubspot_deals_8800_bom.csv"
    known = json.loads((path.parent / "EXPECTED.json").read_text())[path.name]
    with application(engines), path.open(encoding="utf-8-sig", newline="") as stream:
        people = make_people()
        first = import_file(people.mona, path)
        events = event_count(people)
        second = import_file(people.mona, path)
        yield HubSpot(
            people=people,
            rows=list(csv.DictReader(stream)),
            known=known,
            first=first,
            events_after_first=events,
            second=second,
        )


def event_count(people: People) -> int:
    with reading(people.alice) as session:
        return session.scalar(select(func.count()).select_from(DealEvent)) or 0


def test_every_row_is_a_deal(hubspot: HubSpot) -> None:
    rows = hubspot.known["rows"]
    first = hubspot.first
    assert (first.state, first.total, first.processed, first.created) == ("done", rows, rows, rows)
    assert (first.updated, first.unchanged, first.failed) == (0, 0, 0)
    assert first.system == "hubspot"


def test_the_same_file_again_changes_nothing(hubspot: HubSpot) -> None:
    rows, second = hubspot.known["rows"], hubspot.second
    assert (second.processed, second.unchanged) == (rows, rows)
    assert (second.created, second.updated, second.failed) == (0, 0, 0)
    assert event_count(hubspot.people) == hubspot.events_after_first == rows


def test_stages_are_ours(hubspot: HubSpot) -> None:
    with reading(hubspot.people.alice) as session:
        found = session.execute(
            select(Stage.key, func.count()).join(Deal, Deal.stage_id == Stage.id).group_by(Stage.key)
        ).all()
    assert {row[0]: row[1] for row in found} == {OURS[name]: count for name, count in hubspot.known["stages"].items()}


def test_values_add_up_per_stage_as_in_the_file(hubspot: HubSpot) -> None:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    empty = Counter[str]()
    for row in hubspot.rows:
        sums[OURS[row["Deal Stage"]]] += Decimal(row["Amount"] or 0)
        empty[OURS[row["Deal Stage"]]] += not row["Amount"]
    every_deal = Showing(wanted=DealFilter(closed_days=None))
    columns = {each.stage.key: each.total for each in board(hubspot.people.alice, showing=every_deal).columns}
    for key, total in sums.items():
        assert columns[key].base_value == total * 100, key
        assert columns[key].unknown_count == empty[key], key
        assert [part.currency for part in columns[key].parts] == ["USD"]


def test_the_record_id_is_the_key(hubspot: HubSpot) -> None:
    with reading(hubspot.people.alice) as session:
        references = dict(session.execute(select(ExternalRef.external_id, ExternalRef.deal_id)).all())
        systems = set(session.scalars(select(ExternalRef.system).distinct()))
        names = dict(session.execute(select(Deal.id, Deal.name)).all())
    assert systems == {"hubspot"}
    assert references.keys() == {row["Record ID"] for row in hubspot.rows}
    assert all(names[references[row["Record ID"]]] == row["Deal Name"] for row in hubspot.rows)
    assert len(set(names.values())) == hubspot.known["distinct_names"]


def test_a_row_without_a_company_has_no_customer(hubspot: HubSpot) -> None:
    company = next(name for name in hubspot.rows[0] if "Company" in name)
    with reading(hubspot.people.alice) as session:
        nobody = session.scalar(select(func.count()).select_from(Deal).where(Deal.customer_id.is_(None)))
        names = Counter(session.scalars(select(Customer.name).join(Deal, Deal.customer_id == Customer.id)))
    assert nobody == sum(not row[company].strip() for row in hubspot.rows)
    assert nobody
    assert names == Counter(row[company].strip() for row in hubspot.rows if row[company].strip())


def test_an_owner_who_is_nobody_here_is_kept_by_name(hubspot: HubSpot) -> None:
    owner = next(name for name in hubspot.rows[0] if "owner" in name.casefold())
    with reading(hubspot.people.alice) as session:
        assert session.scalar(select(func.count()).select_from(Deal).where(Deal.assigned_to.is_not(None))) == 0
        names = Counter(session.scalars(select(Deal.extra["owner_name"].astext)))
    assert names == Counter(row[owner] or None for row in hubspot.rows)


def test_closed_deals_are_dated_and_open_ones_are_not(hubspot: HubSpot) -> None:
    with reading(hubspot.people.alice) as session:
        undated = session.scalar(
            select(func.count()).select_from(Deal).where((Deal.status == "open") != Deal.actual_close_date.is_(None))
        )
        won = session.scalar(
            select(func.count()).select_from(Deal).where(Deal.status == "closed_won", Deal.probability != 100)
        )
    assert (undated, won) == (0, 0)


def test_the_first_row_of_the_file_is_the_first_card(hubspot: HubSpot) -> None:
    lead = next(row for row in hubspot.rows if row["Deal Stage"] == "Appointment Scheduled")
    column = board(hubspot.people.alice).columns[0]
    assert column.cards[0].name == lead["Deal Name"]


def test_counts_always_add_up(hubspot: HubSpot) -> None:
    with reading(hubspot.people.alice) as session:
        for row in session.scalars(select(Import)):
            assert row.processed == row.total == row.created + row.updated + row.unchanged + row.failed
        by_outcome = session.execute(
            select(ImportRow.outcome, func.count()).group_by(ImportRow.outcome).order_by(ImportRow.outcome)
        ).all()
    rows = hubspot.known["rows"]
    assert [tuple(row) for row in by_outcome] == [("created", rows), ("unchanged", rows)]


def test_the_other_tenant_sees_nothing_of_it(hubspot: HubSpot) -> None:
    assert board(hubspot.people.charlie).is_empty
    with reading(hubspot.people.charlie) as session:
        for table in ("deals", "customers", "imports", "import_rows", "import_files", "external_refs", "deal_events"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
