"""The board's address: what it filters and sorts by, said in chips, carried by every link and fragment."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.domain.stages import DEFAULT_STAGES
from deals_app.models import Workspace
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.pipelines import insert_pipeline, pipelines
from deals_app.services.stage_transition import win_deal
from deals_app.services.unit_of_work import unit_of_work
from tests.blueprints.test_board_pages import cards_in, statements
from tests.filled import import_file
from tests.people import People

NEW = NewDeal(name="Rollout", currency="USD", value=10_000)


def make(actor: Actor, name: str, **facts: Any) -> UUID:
    return create_deal(actor, replace(NEW, name=name, **{"assigned_to": actor.user_id, **facts}))


def board(browser: Any, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def names_in(page: str) -> list[str]:
    return [unescape(name) for name in re.findall(r'class="card-name"[^>]*>([^<]+)<', page)]


def chips_in(page: str) -> dict[str, str]:
    """What is filtered, and the address without it."""
    chips = re.findall(r'class="chip" href="([^"]+)"><span>([^<]+)</span> <strong>([^<]+)<', page)
    return {f"{label} {unescape(value)}": unescape(url) for url, label, value in chips}


def test_each_word_narrows_cards_and_counts_and_has_its_chip(sign_in: Any, people: People) -> None:
    make(people.alice, "Mine", tags=("upsell",), value=5_000)
    make(people.bob, "His", customer_name="Globex", value=90_000)
    make(people.mona, "Nobody's", assigned_to=None, ingested_from="api")
    alice = sign_in("alice")
    for words, chip, expected in (
        ("owner=me", "Owner Alice", ["Mine"]),
        (f"owner={people.bob.user_id}", "Owner Bob", ["His"]),
        ("owner=none", "Owner Unassigned", ["Nobody's"]),
        (f"owner={uuid4()}", "Owner Somebody who is not here", []),
        ("q=+globex+", "Text “globex”", ["His"]),
        ("close=none", "Close date No close date", ["Nobody's", "His", "Mine"]),
        ("close=overdue", "Close date Overdue", []),
        ("value_from=900", "Value from $900", ["His"]),
        ("value_to=US%24+0.1k", "Value to $100", ["Nobody's", "Mine"]),
        ("tag=upsell", "Tag upsell", ["Mine"]),
        ("source=api", "Came in by API", ["Nobody's"]),
    ):
        page = board(alice, f"/?{words}")
        assert names_in(page) == expected, words
        assert chips_in(page) == {chip: "/"}, words
        assert f'data-count="{len(expected)}"' in page, words


@pytest.mark.parametrize("words", ["owner=nobody-we-know", "close=soon", "sort=luck", "closed=some", "unknown=1"])
def test_words_that_mean_nothing_filter_nothing(sign_in: Any, people: People, words: str) -> None:
    make(people.alice, "Here")
    page = board(sign_in("alice"), f"/?{words}")
    assert names_in(page) == ["Here"]
    assert chips_in(page) == {}


def test_a_chip_takes_one_filter_away_and_keeps_the_rest(sign_in: Any, people: People) -> None:
    page = board(sign_in("alice"), "/?q=a%26b&owner=none&sort=-value")
    assert chips_in(page) == {"Text “a&b”": "/?owner=none&sort=-value", "Owner Unassigned": "/?q=a%26b&sort=-value"}
    assert 'href="/?sort=-value">Clear all</a>' in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("value_from=a+lot", "Value from: “a lot” is not an amount"),
        ("value_to=1.005", "Value to: an amount in USD has at most 2 decimals"),
        ("value_to=1e99", "Value to:"),
        ("value_from=%E2%82%AC5", "Value from: Write it in USD"),
    ],
)
def test_an_amount_that_cannot_be_read_is_named_and_kept(sign_in: Any, people: People, words: str, said: str) -> None:
    make(people.alice, "Still here")
    page = unescape(board(sign_in("alice"), f"/?{words}"))
    assert said in page
    assert names_in(page) == ["Still here"]
    assert re.search(r'name="value_(from|to)" value="[^"]', page)


def test_a_plain_form_leads_to_the_short_address(sign_in: Any, people: People) -> None:
    answer = sign_in("alice").get("/?q=+&owner=me&close=&value_from=&sort=")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?owner=me")


def test_a_board_that_is_sorted_says_so(sign_in: Any, people: People) -> None:
    for name, value in (("Small", 1), ("Unknown", None), ("Large", 3)):
        make(people.alice, name, value=value)
    alice = sign_in("alice")
    by_hand, by_value = board(alice, "/"), board(alice, "/?sort=value")
    assert names_in(by_hand) == ["Large", "Unknown", "Small"]
    assert "data-sorted" not in by_hand
    assert names_in(by_value) == ["Large", "Small", "Unknown"]
    assert 'data-sorted="value"' in by_value
    assert "Sorted by value" in by_value
    assert names_in(board(alice, "/?sort=-value")) == ["Small", "Large", "Unknown"]


@pytest.mark.parametrize("sort", ["", "value", "-value", "close", "age", "name", "-name", "created"])
def test_further_cards_keep_filter_and_order(sign_in: Any, people: People, sort: str) -> None:
    rows = "".join(f"deal {n},{n % 7},{'yes' if n % 2 else 'no'}\n" for n in range(120))
    import_file(people.mona, f"Name,Value,Tags\n{rows}")
    alice = sign_in("alice")
    names: list[str] = []
    page = board(alice, f"/?tag=yes&sort={sort}" if sort else "/?tag=yes")
    while True:
        names += names_in(page)
        following = re.findall(r'hx-get="(/board/column/[^"]+)"', page)
        if not following:
            break
        page = board(alice, unescape(following[0]))
    assert len(names) == 60
    assert {int(name.split()[1]) for name in names} == set(range(1, 120, 2))


def test_a_cursor_of_another_order_is_refused(sign_in: Any, people: People) -> None:
    stage = pipelines(people.alice)[0].stages[0]
    after = f"2026-01-01~{uuid4()}"
    assert sign_in("alice").get(f"/board/column/{stage.id}?after={after}&sort=close").status_code == 200
    assert sign_in("alice").get(f"/board/column/{stage.id}?after={after}&sort=value").status_code == 422


def test_a_closed_column_says_how_far_it_looks_back_and_leads_to_the_rest(sign_in: Any, people: People) -> None:
    win_deal(people.alice, make(people.alice, "Long won"), close_date=people.alice.today.replace(year=2020))
    alice = sign_in("alice")
    page = board(alice, "/?owner=me")
    assert names_in(page) == []
    assert "No deals yet" not in page
    assert "No deal fits" in page
    [link, _] = re.findall(r'<a href="([^"]+)"[^>]*>last 30 days<', page)
    assert unescape(link) == "/?owner=me&closed=all"
    page = board(alice, unescape(link))
    assert names_in(page) == ["Long won"]
    assert '<a href="/?owner=me"' in page
    assert "all time" in page
    assert "No deal won in the last 30 days" in board(alice, "/")


def test_a_board_that_is_filtered_to_nothing_teaches(sign_in: Any, people: People) -> None:
    alice = sign_in("alice")
    assert "No deals yet" in board(alice, "/")
    make(people.alice, "Here")
    page = board(alice, "/?q=nowhere&sort=name")
    assert "No deals yet" not in page
    assert 'href="/?sort=name">Clear all filters</a>' in page


def test_the_number_of_statements_does_not_depend_on_filter_or_deals(sign_in: Any, people: People) -> None:
    make(people.alice, "First", tags=("a",))
    alice = sign_in("alice")
    addresses = (
        "/",
        "/?q=deal&owner=me&close=none&value_from=1&tag=a&source=manual&sort=value&closed=all",
        "/?sort=name",
    )

    def asked(address: str) -> list[str]:
        with statements() as seen:
            board(alice, address)
        return seen

    few = [len(asked(address)) for address in addresses]
    rows = "".join(f"deal {n},{'lead' if n % 2 else 'closed_won'},company {n % 40},{n}\n" for n in range(300))
    import_file(people.mona, f"Name,Stage,Company,Value\n{rows}")
    assert [len(asked(address)) for address in addresses] == few
    assert set(few) == {7}


def test_what_is_typed_stays_text(sign_in: Any, people: People) -> None:
    page = board(sign_in("alice"), "/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&tag=%3Cimg+src%3Dx%3E&source=%3Cb%3E")
    assert "<script>alert" not in page
    assert "<img src" not in page
    assert "<b>" not in page
    assert cards_in(page) == []
    assert sign_in("alice").get("/?q=%00").status_code == 422


def test_other_pipelines_keep_the_filters(sign_in: Any, people: People) -> None:
    with unit_of_work(people.ada) as work:
        workspace_id = work.session.scalars(select(Workspace.id)).one()
        insert_pipeline(work, workspace_id, name="Partners", stages=DEFAULT_STAGES, is_default=False)
    ours, partners = pipelines(people.alice)
    make(people.alice, "Ours")
    make(people.alice, "Partner's", pipeline="Partners")
    alice = sign_in("alice")
    assert f'href="/board/{partners.id}?owner=me&amp;closed=all"' in board(alice, "/?owner=me&closed=all")
    page = board(alice, f"/board/{partners.id}?owner=me")
    assert names_in(page) == ["Partner's"]
    assert chips_in(page) == {"Owner Alice": f"/board/{partners.id}"}
    assert f'action="/board/{partners.id}"' in page
    assert names_in(board(alice, f"/board/{ours.id}?pipeline={partners.id}&stage=proposal")) == ["Ours"]
