"""Columns: folded and unfolded, a deal made in one of them, and what their cards show."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest

from deals_app.domain.actor import Actor
from deals_app.domain.views import StageView
from deals_app.services.activities import plan_step
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.pipelines import pipelines
from deals_app.services.queries.deal import deal
from deals_app.services.queries.figures import stage_counts
from tests.blueprints.test_board_pages import cards_in
from tests.people import People

NEW = NewDeal(name="Rollout", currency="USD", value=10_000)


def make(actor: Actor, **facts: Any) -> UUID:
    return create_deal(actor, replace(NEW, **{"assigned_to": actor.user_id, **facts}))


def stage_named(actor: Actor, key: str) -> StageView:
    return next(stage for stage in pipelines(actor)[0].stages if stage.key == key)


def adding(actor: Actor, key: str = "lead", **typed: str) -> tuple[str, dict[str, str]]:
    """Where a column's small form is sent and what it sends."""
    pipeline = pipelines(actor)[0]
    return f"/board/{pipeline.id}", {"stage": str(stage_named(actor, key).id), "currency": "USD", **typed}


def column_of(page: str, key: str) -> str:
    return re.split(r'<section class="column" data-stage="', page)[1:][
        ["lead", "qualified", "proposal", "negotiation", "closed_won", "closed_lost"].index(key)
    ]


def test_a_folded_column_stays_folded_and_shows_its_count_only(sign_in: Any, people: People) -> None:
    deal_id, lead = make(people.alice), stage_named(people.alice, "lead")
    alice = sign_in("alice")
    answer = alice.post("/board/fold", {"stage": str(lead.id), "fold": "yes", "next": "/?owner=me"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?owner=me")
    for _ in range(2):
        column = column_of(alice.get("/").get_data(as_text=True), "lead")
        assert " data-folded" in column.partition(">")[0]
        assert cards_in(column) == []
        assert 'data-count="1"' in column
        assert f'id="cards-{lead.id}"' in column
        assert 'class="quick' not in column
    assert sign_in("bob").get("/").get_data(as_text=True).count(" data-folded") == 0
    alice.post("/board/fold", {"stage": str(lead.id), "fold": "no"})
    page = alice.get("/").get_data(as_text=True)
    assert " data-folded" not in page
    assert cards_in(page) == [str(deal_id)]


def test_a_move_into_a_folded_column_answers_its_folded_head(sign_in: Any, people: People) -> None:
    deal_id, proposal = make(people.alice), stage_named(people.alice, "proposal")
    alice = sign_in("alice")
    alice.post("/board/fold", {"stage": str(proposal.id), "fold": "yes"})
    page = alice.hx_post(f"/deals/{deal_id}/move", {"stage": "proposal"}).get_data(as_text=True)
    assert re.search(rf'<header class="folded" id="head-{proposal.id}">', page)
    assert 'data-count="1"' in page


@pytest.mark.parametrize("folded", ["", "x", "." * 500, "g" * 32, str(UUID(int=7)), UUID(int=7).hex])
def test_a_cookie_that_is_none_of_ours_folds_nothing(sign_in: Any, people: People, folded: str) -> None:
    alice = sign_in("alice")
    alice.client.set_cookie("folded", folded)
    answer = alice.get("/")
    assert answer.status_code == 200
    assert " data-folded" not in answer.get_data(as_text=True)


def test_a_column_that_is_none_folds_nothing(sign_in: Any, people: People) -> None:
    alice = sign_in("alice")
    for stage in ("", "lead", "\x00", "1" * 5000):
        assert alice.post("/board/fold", {"stage": stage, "fold": "yes"}).status_code == 303
    assert " data-folded" not in alice.get("/").get_data(as_text=True)


def test_a_deal_made_in_a_column_comes_back_as_its_card(sign_in: Any, people: People) -> None:
    make(people.alice, stage="proposal")
    path, form = adding(people.alice, "proposal", name=" Refit ", customer="Globex", value="12.5k")
    answer = sign_in("alice").hx_post(path, form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 201
    [deal_id] = cards_in(page)
    made = deal(people.alice, UUID(deal_id))
    assert (made.name, made.customer_name, made.value, made.currency) == ("Refit", "Globex", 1_250_000, "USD")
    assert (made.stage_key, made.assigned_to) == ("proposal", people.alice.user_id)
    stage_id = form["stage"]
    assert f'<hx-partial hx-target="#cards-{stage_id}" hx-swap="afterbegin">' in page
    assert f'<hx-partial hx-target="#head-{stage_id}"' in page
    assert 'data-count="2"' in page
    assert "open" in re.findall(r"<details class=\"quick\"[^>]*>", page)[0]
    assert 'name="name" value=""' in page
    assert "autofocus" in page
    assert cards_in(column_of(sign_in("alice").get("/").get_data(as_text=True), "proposal"))[0] == deal_id


def test_the_amount_may_name_its_currency(sign_in: Any, people: People) -> None:
    path, form = adding(people.alice, name="In euros", value="€500")
    [deal_id] = cards_in(sign_in("alice").hx_post(path, form).get_data(as_text=True))
    made = deal(people.alice, UUID(deal_id))
    assert (made.value, made.currency) == (50_000, "EUR")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "Refit", "value": "many"}, "value"),
        ({"name": "Refit", "value": "1.005"}, "value"),
        ({"name": "Refit", "currency": "XXZ"}, "currency"),
        ({"name": "Refit", "customer": "y" * 300}, "customer"),
    ],
)
def test_what_is_wrong_stands_at_its_field(sign_in: Any, people: People, typed: dict[str, str], field: str) -> None:
    path, form = adding(people.alice, **typed)
    for answer in (sign_in("alice").hx_post(path, form), sign_in("alice").post(path, form)):
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert re.search(rf'name="{field}" value="[^"]*"[^>]* aria-invalid="true"[^>]* autofocus', page), page
        assert f'id="quick-{field}-{form["stage"]}-error"' in page
        assert f'value="{form[field].strip()}"' in page
        assert len(re.findall(r"<details class=\"quick\"[^>]* open", page)) == 1
    assert sum(stage_counts(people.alice).values()) == 0


@pytest.mark.parametrize("stage", ["closed_won", "moon", ""])
def test_deals_are_made_in_open_columns_of_the_pipeline_only(sign_in: Any, people: People, stage: str) -> None:
    path, form = adding(people.alice, name="Refit")
    answer = sign_in("alice").hx_post(path, {**form, "stage": stage})
    assert answer.status_code == (201 if not stage else 422)
    assert stage_counts(people.alice)["closed_won"] == 0


def test_without_htmx_the_board_comes_back_and_says_what_was_added(sign_in: Any, people: People) -> None:
    path, form = adding(people.alice, name="Refit", next="/?owner=me")
    alice = sign_in("alice")
    answer = alice.post(path, form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?owner=me")
    assert "“Refit” was added" in unescape(alice.get("/?owner=me").get_data(as_text=True))


def test_a_new_deal_that_the_filters_hide_is_said_and_not_shown(sign_in: Any, people: People) -> None:
    path, form = adding(people.alice, name="Refit")
    alice = sign_in("alice")
    headers = {"HX-Request": "true", "X-CSRFToken": alice.token, "HX-Current-URL": "http://localhost/?q=globex"}
    answer = alice.client.post(path, data=form, headers=headers)
    page = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 201
    assert cards_in(page) == []
    assert "“Refit” was added; the filters hide it" in page
    assert 'data-count="0"' in page


@pytest.mark.parametrize(
    "address",
    ["", "x", "http://", "http://[", "javascript://%0aalert(1)", "http://h//evil.example/?q=1", "http://h/?q=%"],
)
def test_an_address_that_is_none_does_no_harm(sign_in: Any, people: People, address: str) -> None:
    path, form = adding(people.alice, name="Refit")
    alice = sign_in("alice")
    headers = {"HX-Request": "true", "X-CSRFToken": alice.token, "HX-Current-URL": address}
    answer = alice.client.post(path, data=form, headers=headers)
    assert answer.status_code == 201
    assert "evil" not in answer.get_data(as_text=True)
    assert "javascript" not in answer.get_data(as_text=True)


def test_nobody_adds_to_another_tenants_board(sign_in: Any, people: People) -> None:
    path, form = adding(people.alice, name="Refit")
    assert sign_in("charlie").hx_post(path, form).status_code == 404
    assert sum(stage_counts(people.alice).values()) == 0


def test_a_card_says_whose_it_is_what_is_next_and_where_it_came_from(sign_in: Any, people: People) -> None:
    today = people.alice.today
    deal_id = make(people.alice, tags=("a<b", "two", "three"), ingested_from="hubspot", customer_name="Globex")
    plan_step(people.alice, deal_id, body="Send <the> offer", due_on=today - timedelta(days=2))
    page = unescape(sign_in("bob").get("/").get_data(as_text=True))
    card = page[page.index("<li class=") : page.index("</li>", page.index("<li class="))]
    for part in ("Globex", "$100", 'title="Alice"', "HubSpot", "a<b", "two", "+1", "Send <the> offer", "overdue since"):
        assert part in card, part
    assert 'class="next-step" data-tone="bad"' in card


def test_a_card_without_a_next_step_says_so(sign_in: Any, people: People) -> None:
    make(people.alice)
    assert "No next step" in sign_in("alice").get("/").get_data(as_text=True)


def test_only_what_one_may_change_can_be_moved(sign_in: Any, people: People) -> None:
    mine, unowned, his = (
        make(people.mona, assigned_to=who) for who in (people.alice.user_id, None, people.bob.user_id)
    )
    page = sign_in("alice").get("/").get_data(as_text=True)
    assert cards_in(page) == [str(his), str(unowned), str(mine)]
    movable = re.findall(r'data-deal-id="([^"]+)"[^>]* data-may-drag', page)
    assert movable == [str(unowned), str(mine)]
    assert len(re.findall(r"<form[^>]*data-move-form", page)) == 2
