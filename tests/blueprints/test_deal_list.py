"""The list of deals: every order without gap or repeat, columns, filters, its total, and the number of statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.deal_views import DealRow
from deals_app.domain.views import Page
from deals_app.models import Deal, Stage
from deals_app.services.activities import plan_step
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.queries.deal_list import deal_list, deal_rows
from deals_app.services.queries.filters import SORTS, DealFilter
from deals_app.services.stage_transition import lose_deal, move_deal, win_deal
from deals_app.services.unit_of_work import unit_of_work
from tests.engines import TestEngines
from tests.heard import heard
from tests.people import People
from tests.sql import SUPERUSER, connected

EVERYTHING = DealFilter()
ROW = 'id="row-'


def make(actor: Actor, name: str = "Rollout", **more: Any) -> UUID:
    given = {"currency": "USD", "value": 10_000, "assigned_to": actor.user_id} | more
    return create_deal(actor, NewDeal(name=name, **given))


def fill_list(session: Session, actor: Actor, count: int) -> list[UUID]:
    """Open deals full of ties: a third without value, a third without close date, all entered at few moments."""
    stage = session.scalars(select(Stage).where(Stage.key == "lead")).one()
    now = func.now()
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "name": f"Deal {number % 7}",
            "match_key": f"deal {number % 7}",
            "value": None if number % 3 == 0 else number % 5 * 100,
            "currency": ("USD", "EUR", "JPY")[number % 3],
            "pipeline_id": stage.pipeline_id,
            "stage_id": stage.id,
            "status": "open",
            "probability": stage.probability,
            "ingested_from": "csv",
            "expected_close_date": None if number % 3 == 1 else actor.today + timedelta(days=number % 4),
            "stage_entered_at": now - timedelta(days=number % 4),
            "position": number,
        }
        for number in range(count)
    ]
    return [session.execute(insert(Deal).values(row).returning(Deal.id)).scalar_one() for row in rows]


@pytest.fixture
def rates(engines: TestEngines, people: People) -> None:
    """One EUR is 1.1 USD; nobody knows what a yen is worth."""
    with connected(engines, SUPERUSER) as connection:
        connection.execute(
            "INSERT INTO fx_rates (base, quote, on_date, rate, source) VALUES ('EUR', 'USD', current_date, 1.1, 'test')"
        )


def rows(actor: Actor, order: str, after: str | None = None) -> Page[DealRow]:
    """A short stretch, downwards where the order begins with a minus."""
    descending = order.startswith("-")
    return deal_rows(actor, EVERYTHING, after, sort=order.removeprefix("-"), descending=descending, limit=41)


@contextmanager
def counting() -> Iterator[list[str]]:
    seen: list[str] = []
    with heard(seen.append):
        yield seen


@pytest.mark.usefixtures("rates")
def test_no_order_has_a_gap_or_a_repeat_while_deals_come_in(people: People) -> None:
    with unit_of_work(people.mona) as work:
        there = set(fill_list(work.session, people.mona, 300))
    for order in [*SORTS, *(f"-{sort}" for sort in SORTS)]:
        found: list[UUID] = []
        page = rows(people.mona, order)
        while page.next_after is not None:
            found += [row.id for row in page.items]
            with unit_of_work(people.mona) as work:
                fill_list(work.session, people.mona, 3)
            page = rows(people.mona, order, page.next_after)
        found += [row.id for row in page.items]
        assert len(found) == len(set(found)), order
        assert there <= set(found), order


@pytest.mark.usefixtures("rates")
def test_orders_are_what_they_say_and_the_unknown_stands_last(people: People) -> None:
    today = people.mona.today
    euro = make(people.alice, "b euro", currency="EUR", value=100, expected_close_date=today + timedelta(days=9))
    dollar = make(people.alice, "A dollar", value=105)
    nothing = make(people.alice, "c nothing", value=None, expected_close_date=today + timedelta(days=3))
    yen = make(people.alice, "d yen", currency="JPY", value=9_000_000)
    win_deal(people.alice, dollar)

    def order(sort: str) -> list[UUID]:
        return [row.id for row in rows(people.mona, sort).items]

    assert order("name") == [dollar, euro, nothing, yen]
    assert order("-name") == [yen, nothing, euro, dollar]
    assert order("-value")[:2] == [euro, dollar]
    assert order("value")[:2] == [dollar, euro]
    assert order("close")[:3] == [dollar, nothing, euro]
    assert order("-close") == [euro, nothing, dollar, yen]
    assert order("-created") == [yen, nothing, dollar, euro]
    assert order("-updated")[0] == dollar


@pytest.mark.usefixtures("rates")
def test_the_total_is_that_of_all_that_match(people: People) -> None:
    for number in range(60):
        make(people.alice, f"deal {number}", value=100, currency="EUR" if number % 2 else "USD")
    make(people.alice, "unknown", value=None)
    make(people.bob, "another's", value=100)
    mine = deal_list(people.alice, DealFilter(owner=people.alice.user_id))
    assert len(mine.page.items) == 50
    assert (mine.total.count, mine.total.unknown_count) == (61, 1)
    assert mine.total.base_value == 30 * 100 + 30 * 110
    assert mine.total.base_weighted == mine.total.base_value // 10
    assert [(part.currency, part.value) for part in mine.total.parts] == [("EUR", 3000), ("USD", 3000)]


def test_a_row_knows_its_next_step_its_weight_and_what_is_late(people: People) -> None:
    today = people.alice.today
    deal_id = make(people.alice, value=333, customer_name="Globex", tags=("renewal",))
    edit_deal(people.alice, deal_id, DealEdit(expected_close_date=today - timedelta(days=1)))
    plan_step(people.alice, deal_id, body="later", due_on=today + timedelta(days=4))
    plan_step(people.alice, deal_id, body="first " + "x" * 500, due_on=today - timedelta(days=2))
    [row] = deal_rows(people.mona, EVERYTHING).items
    assert row.next_step is not None
    assert (row.next_step.body[:5], len(row.next_step.body), row.next_step.is_overdue) == ("first", 120, True)
    assert (row.weighted, row.is_overdue, row.tags, row.customer_name) == (33, True, ("renewal",), "Globex")
    lose_deal(people.alice, deal_id)
    [row] = deal_rows(people.mona, EVERYTHING).items
    assert (row.weighted, row.is_overdue, row.rotting_days) == (0, False, None)


def test_the_number_of_statements_does_not_grow(people: People, sign_in: Any) -> None:
    browser = sign_in("mona")
    make(people.alice)
    with counting() as few:
        assert browser.get("/deals").status_code == 200
    with unit_of_work(people.mona) as work:
        fill_list(work.session, people.mona, 120)
    with counting() as many:
        assert browser.get("/deals?sort=value&status=open&q=deal").status_code == 200
    assert len(many) == len(few) <= 8, many


def test_columns_are_chosen_in_the_address_and_remembered(people: People, sign_in: Any) -> None:
    browser = sign_in("mona")
    make(people.alice, tags=("renewal",), customer_name="Globex")
    page = browser.get("/deals?columns=name&columns=tags&columns=updated").get_data(as_text=True)
    assert "renewal" in page
    assert "Globex" not in table(page)
    assert "columns=name%2Ctags%2Cupdated" in page
    again = browser.get("/deals").get_data(as_text=True)
    assert "renewal" in table(again)
    assert "Globex" not in table(again)
    assert "Globex" in table(browser.get("/deals?columns=name,customer").get_data(as_text=True))
    only_names = browser.get("/deals?columns=name").get_data(as_text=True)
    assert "Rollout" in table(only_names)
    assert "renewal" not in table(only_names)


def table(page: str) -> str:
    """The part of a page that is its table."""
    return page.partition('<tbody id="deal-rows"')[2].partition("</tbody>")[0]


def test_headers_sort_and_say_so(people: People, sign_in: Any) -> None:
    browser = sign_in("alice")
    make(people.alice, "one", value=1)
    make(people.alice, "two", value=2)

    def head(path: str, label: str) -> tuple[str, str]:
        page = browser.get(path).get_data(as_text=True)
        heads = page.partition("list-data")[2].split('<th scope="col"')
        cell = next(part for part in heads if f">{label}<" in part)
        return cell.partition('aria-sort="')[2].partition('"')[0], cell.partition('href="')[2].partition('"')[0]

    assert head("/deals", "Value") == ("", "/deals?sort=value")
    assert head("/deals?sort=value&q=o", "Value") == ("descending", "/deals?q=o&amp;sort=-value")
    assert head("/deals?sort=-value", "Value") == ("ascending", "/deals?sort=value")
    assert head("/deals?sort=age", "In stage") == ("descending", "/deals?sort=-age")
    page = table(browser.get("/deals?sort=-value").get_data(as_text=True))
    assert page.index("one") < page.index("two")


def test_filters_of_the_board_and_those_of_the_list(people: People, sign_in: Any) -> None:
    browser = sign_in("mona")
    made = make(people.alice, "Open one", value=500_00, tags=("renewal",))
    won = make(people.bob, "Won one", value=900_00)
    move_deal(people.alice, made, stage="proposal")
    win_deal(people.bob, won)

    def names(query: str) -> set[str]:
        shown = table(browser.get(f"/deals?{query}").get_data(as_text=True))
        return {name for name in ("Open one", "Won one") if name in shown}

    assert names("") == {"Open one", "Won one"}
    assert names("status=closed_won") == {"Won one"}
    assert names("stage=proposal") == {"Open one"}
    assert names(f"owner={people.bob.user_id}") == {"Won one"}
    assert names("owner=me") == set()
    assert names("tag=renewal") == {"Open one"}
    assert names("value_from=600") == {"Won one"}
    assert names("value_from=100&value_to=600") == {"Open one"}
    assert names("q=won&status=open") == set()
    page = browser.get("/deals?q=won&status=open").get_data(as_text=True)
    assert "No deal fits" in page
    assert 'href="/deals"' in page


def test_more_rows_come_by_themselves_or_by_a_link(people: People, sign_in: Any) -> None:
    browser = sign_in("mona")
    with unit_of_work(people.mona) as work:
        fill_list(work.session, people.mona, 120)
    shown: set[str] = set()
    page = browser.get("/deals?sort=name").get_data(as_text=True)
    assert 'hx-get="/deals?sort=name&amp;rows=50"' in page
    numbers: list[int] = []
    while True:
        rows = [part.partition('"')[0] for part in page.split(ROW)[1:]]
        assert not shown & set(rows)
        shown |= set(rows)
        numbers.append(len(rows))
        more = page.partition('id="rows-more" hx-get="')[2].partition('"')[0].replace("&amp;", "&")
        if not more:
            break
        assert urlsplit(more).path == "/deals/rows"
        link = page.partition('id="rows-more"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
        assert parse_qs(urlsplit(link).query)["after"] == parse_qs(urlsplit(more).query)["after"]
        assert browser.get(link).status_code == 200
        page = browser.get(more, headers={"HX-Request": "true"}).get_data(as_text=True)
        assert "<html" not in page
        assert f"&amp;rows={len(shown) + page.count(ROW)}" in page
    assert numbers == [50, 50, 20]
    assert len(shown) == 120
    again = browser.get("/deals?sort=name&rows=120").get_data(as_text=True)
    assert again.count(ROW) == 120


def test_reps_select_nothing_and_an_empty_list_teaches(people: People, sign_in: Any) -> None:
    browser = sign_in("alice")
    assert "No deals yet" in browser.get("/deals").get_data(as_text=True)
    make(people.alice)
    page = browser.get("/deals").get_data(as_text=True)
    assert "Rollout" in page
    assert "data-select-row" not in page
    assert "/deals/bulk" not in page
    assert "data-select-row" in sign_in("mona").get("/deals").get_data(as_text=True)


def test_another_tenant_sees_nothing(people: People, sign_in: Any) -> None:
    make(people.alice)
    assert "No deals yet" in sign_in("charlie").get("/deals").get_data(as_text=True)
