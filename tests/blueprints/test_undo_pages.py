"""Undo and redo from a page: by a toast's button, by Ctrl-Z's form, with htmx and without."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.queries.deal import deal
from deals_app.services.stage_transition import Moved, move_deal
from tests.people import People


@pytest.fixture
def moved(people: People) -> Moved:
    new = NewDeal(name="Rollout", currency="USD", value=10_000, assigned_to=people.alice.user_id)
    return move_deal(people.alice, create_deal(people.alice, new), stage="proposal")


def stage(people: People, deal_id: UUID) -> str:
    return deal(people.alice, deal_id).stage_key


def test_a_toasts_button_undoes_and_offers_to_redo(people: People, sign_in: Any, moved: Moved) -> None:
    browser = sign_in("alice")
    answer = browser.hx_post(f"/undo/{moved.operation}")
    page = answer.get_data(as_text=True)
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, "deals-changed")
    assert stage(people, moved.deal.id) == "lead"
    assert "Undone: Rollout." in page
    redo = page.partition('hx-post="')[2].partition('"')[0]
    again = browser.hx_post(redo)
    assert "Redone: Rollout." in again.get_data(as_text=True)
    assert stage(people, moved.deal.id) == "proposal"


def test_without_scripts_the_answer_is_the_page_one_was_on(people: People, sign_in: Any, moved: Moved) -> None:
    browser = sign_in("alice")
    answer = browser.post("/undo", {"next": f"/deals/{moved.deal.id}"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/deals/{moved.deal.id}")
    assert "Undone: Rollout." in browser.get(f"/deals/{moved.deal.id}").get_data(as_text=True)
    assert stage(people, moved.deal.id) == "lead"
    browser.post("/redo")
    assert stage(people, moved.deal.id) == "proposal"


def test_what_stays_is_named_with_who_changed_it(people: People, sign_in: Any, moved: Moved) -> None:
    edited = edit_deal(people.alice, moved.deal.id, DealEdit(name="Mine", value=5))
    edit_deal(people.mona, moved.deal.id, DealEdit(name="Hers"))
    said = sign_in("alice").hx_post(f"/undo/{edited.operation}").get_data(as_text=True)
    assert "Undone in part: Hers. Name stays: changed by Mona since." in said


@pytest.mark.parametrize("name", ["bob", "charlie"])
def test_who_may_not_is_told_and_nothing_changes(people: People, sign_in: Any, moved: Moved, name: str) -> None:
    said = sign_in(name).hx_post(f"/undo/{moved.operation}").get_data(as_text=True)
    assert "another person" in said if name == "bob" else "no such change" in said
    assert stage(people, moved.deal.id) == "proposal"


def test_nothing_to_undo_is_a_sentence(people: People, sign_in: Any) -> None:
    browser = sign_in("bob")
    assert "nothing of yours" in browser.hx_post("/undo").get_data(as_text=True)
    assert "no such change" in browser.hx_post(f"/undo/{uuid4()}").get_data(as_text=True)
