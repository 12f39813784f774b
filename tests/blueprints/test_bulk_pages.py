"""Many deals changed from the list: with htmx and without, what is said about it, and who may."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from deals_app.domain.actor import Actor
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.pipelines import pipelines
from deals_app.services.queries.deal import deal
from deals_app.services.queries.deal_list import deal_rows
from deals_app.services.queries.filters import DealFilter
from tests.engines import TestEngines
from tests.people import People
from tests.sql import SUPERUSER, connected


def make(actor: Actor, name: str, **more: Any) -> UUID:
    return create_deal(actor, NewDeal(name=name, currency="USD", value=100, assigned_to=actor.user_id, **more))


def selected(people: People, *ids: UUID) -> list[str]:
    """As the checkboxes carry it: the deal and the version that the list showed."""
    return [f"{deal_id}:{deal(people.mona, deal_id).version}" for deal_id in ids]


def stage_id(actor: Actor, key: str) -> str:
    return str(next(stage.id for stage in pipelines(actor)[0].stages if stage.key == key))


def stages(people: People) -> dict[str, str]:
    return {row.name: row.stage_name for row in deal_rows(people.mona, DealFilter()).items}


def undo_url(page: str) -> str:
    return page.partition('action="/undo')[2].partition('"')[0]


def test_a_plain_form_moves_the_selected_ones_and_offers_undo(people: People, sign_in: Any) -> None:
    browser = sign_in("mona")
    one, two, _ = make(people.alice, "one"), make(people.bob, "two"), make(people.bob, "three")
    form = {"action": "move", "stage": stage_id(people.mona, "proposal"), "deal": selected(people, one, two)}
    answer = browser.post("/deals/bulk", {**form, "next": "/deals?sort=name"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/deals?sort=name")
    assert stages(people) == {"one": "Proposal", "two": "Proposal", "three": "Lead"}
    page = browser.get("/deals").get_data(as_text=True)
    assert "2 deals moved." in page
    assert browser.post(f"/undo{undo_url(page)}").status_code == 303
    assert set(stages(people).values()) == {"Lead"}


def test_with_htmx_the_table_is_told_and_a_toast_undoes(people: People, sign_in: Any) -> None:
    browser = sign_in("mona")
    chosen = selected(people, make(people.alice, "one"))
    answer = browser.hx_post("/deals/bulk", {"action": "assign", "owner": str(people.bob.user_id), "deal": chosen})
    page = answer.get_data(as_text=True)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, "deals-changed")
    assert "1 deal assigned." in page
    assert "<html" not in page
    assert [row.owner_name for row in deal_rows(people.mona, DealFilter()).items] == ["Bob"]
    browser.hx_post(f"/undo{undo_url(page)}")
    assert [row.owner_name for row in deal_rows(people.mona, DealFilter()).items] == ["Alice"]


def test_all_that_match_are_those_of_the_addresss_filter(people: People, sign_in: Any) -> None:
    for number in range(60):
        make(people.alice, f"match {number}", tags=("renewal",))
    make(people.alice, "another")
    browser = sign_in("mona")
    assert "All 60 that match" in browser.get("/deals?tag=renewal").get_data(as_text=True)
    said = browser.hx_post(
        "/deals/bulk?tag=renewal", {"action": "tag", "all": "1", "add": "vip, top", "remove": "renewal"}
    )
    assert "60 deals tagged." in said.get_data(as_text=True)
    assert len(deal_rows(people.mona, DealFilter(tag="vip"), limit=100).items) == 60
    assert deal_rows(people.mona, DealFilter(tag="renewal")).items == ()


def test_a_few_left_alone_are_named_in_the_message(people: People, sign_in: Any) -> None:
    fit, stale = make(people.alice, "fit"), make(people.alice, "stale")
    chosen = [*selected(people, fit, stale), f"{uuid4()}:1"]
    edit_deal(people.alice, stale, DealEdit(value=5))
    said = sign_in("mona").hx_post("/deals/bulk", {"action": "win", "deal": chosen}).get_data(as_text=True)
    assert "1 deal won." in said
    assert "stale has changed since you selected it" in said
    assert "a deal is not there" in said
    assert stages(people) == {"fit": "Closed Won", "stale": "Lead"}


def test_many_left_alone_are_a_list_with_and_without_scripts(people: People, sign_in: Any) -> None:
    browser = sign_in("mona")
    ids = [make(people.alice, f"deal {number}") for number in range(6)]
    chosen = selected(people, *ids)
    for deal_id in ids[1:]:
        edit_deal(people.alice, deal_id, DealEdit(value=5))
    said = browser.hx_post("/deals/bulk", {"action": "delete", "deal": chosen}).get_data(as_text=True)
    assert "1 deal deleted. 5 deals left alone." in said
    left = said.partition('hx-target="#left-alone"')[2]
    assert left.count("has changed since you selected it") == 5
    assert f"/deals/{ids[3]}" in left
    again = browser.post("/deals/bulk", {"action": "delete", "deal": chosen, "next": "/deals?q=deal"})
    page = again.get_data(as_text=True)
    assert again.status_code == 200
    assert page.count("has changed since you selected it") == 5
    assert "deal 0</a> was deleted" in page
    assert 'href="/deals?q=deal"' in page


def test_losing_may_demand_a_reason(people: People, sign_in: Any, engines: TestEngines) -> None:
    browser = sign_in("mona")
    chosen = selected(people, make(people.alice, "one"))
    with connected(engines, SUPERUSER) as connection:
        connection.execute("UPDATE tenants SET loss_reason_required = true")
    asked = browser.hx_post("/deals/bulk", {"action": "lose", "deal": chosen})
    assert (asked.status_code, asked.headers.get("HX-Trigger")) == (422, None)
    assert "Say why the deal was lost." in asked.get_data(as_text=True)
    form = {"action": "lose", "deal": chosen, "loss_reason": "price", "competitor": "Globex"}
    assert "1 deal lost." in browser.hx_post("/deals/bulk", form).get_data(as_text=True)
    [row] = deal_rows(people.mona, DealFilter()).items
    assert deal(people.mona, row.id).loss_reason == "price"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"action": "move"}, "Choose the stage"),
        ({"action": "move", "stage": "nonsense"}, "Choose the stage"),
        ({"action": "assign"}, "Choose whom"),
        ({"action": "tag"}, "Name a tag"),
        ({"action": "nothing"}, "Choose what is to be done"),
        ({}, "Choose what is to be done"),
        ({"action": "win", "deal": "nonsense"}, "Select the deals anew"),
        ({"action": "win", "deal": []}, "Select between"),
    ],
)
def test_what_is_missing_is_said_and_nothing_changes(
    people: People, sign_in: Any, form: dict[str, Any], said: str
) -> None:
    chosen = selected(people, make(people.alice, "one"))
    browser = sign_in("mona")
    answer = browser.hx_post("/deals/bulk", {"deal": chosen, **form})
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    plain = browser.post("/deals/bulk", {"deal": chosen, **form})
    assert (plain.status_code, plain.headers["Location"]) == (303, "/deals")
    assert said in browser.get("/deals").get_data(as_text=True)
    assert stages(people) == {"one": "Lead"}


def test_only_managers_and_only_in_their_own_tenant(people: People, sign_in: Any) -> None:
    chosen = selected(people, make(people.alice, "one"))
    refused = sign_in("alice").hx_post("/deals/bulk", {"action": "delete", "deal": chosen})
    assert refused.status_code == 403
    said = sign_in("charlie").hx_post("/deals/bulk", {"action": "delete", "deal": chosen}).get_data(as_text=True)
    assert "Nothing was changed." in said
    elsewhere = {"action": "move", "stage": stage_id(people.mona, "proposal"), "all": "1"}
    make(people.charlie, "theirs")
    assert sign_in("charlie").hx_post("/deals/bulk", elsewhere).status_code == 404
    assert stages(people) == {"one": "Lead"}
