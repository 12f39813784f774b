"""Reading a whole list on by its cursor while it changes: what keeps its place comes once, in any order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from deals_app.services.deals import NewDeal, create_deal, delete_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.queries.deal_pages import ORDERS
from tests.blueprints.programs import NOBODY, TODAY, Api, data, refused
from tests.blueprints.test_board_pages import statements
from tests.people import People

SORTS = [f"{sign}{name}" for name in ORDERS for sign in ("", "-")]


@pytest.fixture
def deals(people: People) -> list[str]:
    """Some of equal value and some without one, with and without a close date, names in both cases."""
    new = [
        NewDeal(
            name=f"{'deal' if number % 2 else 'Deal'} {number % 5}",
            currency="USD",
            value=None if number % 4 == 0 else number % 3 * 100 + 100,
            expected_close_date=None if number % 5 == 0 else TODAY + timedelta(days=1 + number % 3),
        )
        for number in range(23)
    ]
    return [str(create_deal(people.ada, each)) for each in new]


def stretch(api: Api, after: str, **query: object) -> tuple[list[str], str | None]:
    answer = api("GET", query_string={"after": after, **query})
    return [deal["id"] for deal in data(answer)], answer.json["pagination"]["next_after"]


def read_on(api: Api, **query: object) -> Iterator[list[str]]:
    """Stretch by stretch to the end."""
    after: str | None = ""
    while after is not None:
        found, after = stretch(api, after, **query)
        yield found


@pytest.mark.parametrize("sort", SORTS)
def test_the_stretches_are_the_pages(api: Api, deals: list[str], sort: str) -> None:
    by_page = [
        deal["id"]
        for page in range(1, 6)
        for deal in data(api("GET", query_string={"sort": sort, "page": page, "page_size": 5}))
    ]
    read = list(read_on(api, sort=sort, page_size=5))
    assert [deal for part in read for deal in part] == by_page
    assert sorted(by_page) == sorted(deals)
    assert [len(part) for part in read] == [5, 5, 5, 5, 3]


@pytest.mark.parametrize("sort", SORTS)
def test_what_keeps_its_place_comes_once_whatever_changes_meanwhile(
    api: Api, people: People, deals: list[str], sort: str
) -> None:
    seen: list[str] = []
    # One from everywhere, so that some were read already and some were not.
    deleted, edited = deals[::7], deals[3::7]
    for part in read_on(api, sort=sort, page_size=4, updated_since="2020-01-01T00:00:00Z", stage="lead"):
        seen += part
        create_deal(people.ada, NewDeal(name=f"Deal {len(seen) % 5}", currency="USD", value=150))
        if deleted:
            delete_deal(people.ada, UUID(deleted.pop()))
        if edited:
            edit = DealEdit(name="Zz", value=len(seen) * 37 + 1, expected_close_date=TODAY + timedelta(days=40))
            edit_deal(people.ada, UUID(edited.pop()), edit)
    stayed = set(deals) - set(deals[::7]) - set(deals[3::7])
    assert {deal: seen.count(deal) for deal in stayed} == dict.fromkeys(stayed, 1)


def test_a_stretch_counts_and_skips_nothing(api: Api, deals: list[str]) -> None:
    _, after = stretch(api, "", page_size=10)
    with statements() as asked:
        stretch(api, str(after), page_size=10)
    listed = [statement for statement in asked if "FROM deals" in statement]
    assert len(listed) == 1
    assert "OFFSET" not in listed[0]


@pytest.mark.parametrize(
    "after",
    [
        "x", "~", f"-created_at:~{NOBODY}x", f"name:a~{NOBODY}", f"-created_at:yesterday~{NOBODY}",
        f"created_at:2026-01-01T00:00:00Z~{NOBODY}", "-created_at:2026-01-01T00:00:00Z~7", "\x00",
    ],
)  # fmt: skip
def test_what_is_no_cursor_of_this_list_is_named(api: Api, after: str) -> None:
    refused(api("GET", query_string={"after": after}), 400, "VALIDATION_FAILED", "after")


@pytest.mark.parametrize(
    "key", ["value:" + "9" * 40, "probability:NaN", "probability:1e99999", "name:\x00", "value:-1"]
)
def test_no_cursor_is_a_fault_of_ours(api: Api, deals: list[str], key: str) -> None:
    answer = api("GET", query_string={"after": f"{key}~{NOBODY}", "sort": key.partition(":")[0]})
    assert answer.status_code in {200, 400}, answer.get_data(as_text=True)


def test_one_goes_on_by_page_or_by_cursor(api: Api) -> None:
    refused(api("GET", query_string={"after": "", "page": 2}), 400, "VALIDATION_FAILED")
