"""What surrounds a deal on its page: files, people, competitors; added, removed and taken back by plain forms."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

import pytest

from deals_app.services.attachments import attach_file
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.queries.around import around
from tests.people import People


@pytest.fixture
def deal_id(people: People) -> UUID:
    return create_deal(people.alice, NewDeal(name="Rollout", currency="USD", assigned_to=people.alice.user_id))


def text(answer: Any) -> str:
    return " ".join(answer.get_data(as_text=True).split())


def undo_in(page: str) -> str:
    """Where the newest message's Undo leads."""
    form = next(each for each in page.split("<form ") if "data-undo" in each.partition(">")[0])
    return form.partition('action="')[2].partition('"')[0].replace("&amp;", "&")


def test_a_file_is_attached_downloaded_removed_and_brought_back(people: People, sign_in: Any, deal_id: UUID) -> None:
    browser, here = sign_in("alice"), f"/deals/{deal_id}"
    sent = {"file": (io.BytesIO(b"An offer"), "offer.html", "text/html")}
    assert browser.post(f"{here}/attachments", sent).headers["Location"] == here
    page = text(browser.get(here))
    assert "The file is attached." in page
    assert "offer.html</a>" in page
    assert "attached a file" in page
    (file,) = around(people.alice, deal_id).attachments
    answer = browser.get(f"{here}/attachments/{file.id}")
    assert (answer.data, answer.headers["Content-Disposition"]) == (b"An offer", "attachment; filename=offer.html")
    assert any("sandbox" in each for each in answer.headers.getlist("Content-Security-Policy"))
    gone = browser.hx_post(f"{here}/attachments/{file.id}/remove")
    assert gone.headers["HX-Trigger"] == "deals-changed"
    assert around(people.alice, deal_id).attachments == ()
    browser.hx_post(undo_in(text(gone)))
    assert around(people.alice, deal_id).attachments == (file,)


@pytest.mark.parametrize(("name", "content", "said"), [("", b"x", "Choose a file first"), ("a.txt", b"", "Is empty")])
def test_what_is_no_file_is_said(
    people: People, sign_in: Any, deal_id: UUID, name: str, content: bytes, said: str
) -> None:
    browser = sign_in("alice")
    browser.post(f"/deals/{deal_id}/attachments", {"file": (io.BytesIO(content), name)})
    assert said in text(browser.get(f"/deals/{deal_id}"))
    assert around(people.alice, deal_id).attachments == ()


def test_people_are_added_removed_and_brought_back_as_they_were(people: People, sign_in: Any, deal_id: UUID) -> None:
    browser, here = sign_in("alice"), f"/deals/{deal_id}/collaborators"
    browser.hx_post(here, {"person": str(people.bob.user_id), "role": "watcher"})
    assert 'Bob</span> <span class="badge">Watches' in text(browser.get(f"/deals/{deal_id}"))
    before = around(people.alice, deal_id).collaborators
    gone = text(browser.hx_post(f"{here}/{people.bob.user_id}/remove"))
    assert "Bob was removed." in gone
    browser.hx_post(undo_in(gone))
    assert [(each.user_id, each.role) for each in around(people.alice, deal_id).collaborators] == [
        (each.user_id, each.role) for each in before
    ]
    assert browser.hx_post(here, {"person": ""}).status_code == 422
    assert browser.hx_post(here, {"person": str(people.charlie.user_id)}).status_code == 422


def test_competitors_are_named_and_offered_where_it_is_lost(people: People, sign_in: Any, deal_id: UUID) -> None:
    browser, here = sign_in("alice"), f"/deals/{deal_id}/competitors"
    browser.hx_post(here, {"name": "Initech", "strength": "strong", "note": ""})
    assert browser.hx_post(here, {"name": "INITECH Inc."}).status_code == 409
    assert browser.hx_post(here, {"name": " "}).status_code == 422
    page = text(browser.get(f"/deals/{deal_id}"))
    assert '<datalist id="lost-competitor-known"><option value="Initech">' in page
    (rival,) = around(people.alice, deal_id).competitors
    gone = text(browser.hx_post(f"{here}/{rival.id}/remove"))
    assert around(people.alice, deal_id).competitors == ()
    browser.hx_post(undo_in(gone))
    assert around(people.alice, deal_id).competitors == (rival,)


def test_others_look_and_strangers_do_not(people: People, sign_in: Any, deal_id: UUID) -> None:
    attach_file(people.alice, deal_id, filename="offer.txt", stream=io.BytesIO(b"x"))
    (file,) = around(people.alice, deal_id).attachments
    bob, charlie, here = sign_in("bob"), sign_in("charlie"), f"/deals/{deal_id}"
    page = text(bob.get(here))
    assert "offer.txt" in page
    assert "beside-file" not in page
    assert "Remove offer.txt" not in page
    assert bob.get(f"{here}/attachments/{file.id}").status_code == 200
    assert charlie.get(f"{here}/attachments/{file.id}").status_code == 404
    for path, form in (
        ("attachments", {"file": (io.BytesIO(b"x"), "x")}),
        (f"attachments/{file.id}/remove", {}),
        (f"attachments/{file.id}/restore", {}),
        ("collaborators", {"person": str(people.bob.user_id)}),
        ("competitors", {"name": "Hooli"}),
    ):
        sent = dict(form)
        assert charlie.post(f"{here}/{path}", sent).status_code == 404, path
        sent = form if path != "attachments" else {"file": (io.BytesIO(b"x"), "x")}
        assert bob.post(f"{here}/{path}", sent).status_code == 403, path
