"""Saved views on the pages: opened from a menu, saved from what the address says, renamed, deleted and brought back."""

from __future__ import annotations

from typing import Any

from deals_app.services.saved_views import save_view, saved_views
from tests.people import People


def text(answer: Any) -> str:
    return " ".join(answer.get_data(as_text=True).split())


def test_what_the_list_shows_is_saved_and_opened_again(people: People, sign_in: Any) -> None:
    alice = sign_in("alice")
    page = text(alice.get("/deals?owner=me&sort=-value"))
    assert 'hx-get="/views/deals/menu?owner=me&amp;sort=-value' in page
    menu = text(alice.get("/views/deals/menu?owner=me&sort=-value&nonsense=1"))
    assert '<input type="hidden" name="owner" value="me">' in menu
    assert "nonsense" not in menu
    alice.post("/views/deals", {"name": " Mine ", "owner": "me", "sort": "-value", "nonsense": "1"})
    (view,) = saved_views(people.alice, "deals")
    assert (view.name, view.words, view.is_shared) == ("Mine", {"owner": "me", "sort": "-value"}, False)
    assert 'href="/deals?owner=me&amp;sort=-value"' in text(alice.get("/views/deals/menu"))
    assert alice.get("/views/deals").status_code == 200


def test_a_view_of_the_board_knows_its_pipeline(people: People, sign_in: Any) -> None:
    alice = sign_in("alice")
    menu = text(alice.get("/")).partition('hx-get="/views/board/menu?pipeline=')[2].partition('"')[0]
    save_view(people.alice, name="Late", page="board", words={"close": "overdue", "pipeline": menu})
    url = f"/board/{menu}?close=overdue"
    assert f'href="{url}"' in text(alice.get("/views/board/menu"))
    assert alice.get(url).status_code == 200


def test_views_are_renamed_shared_deleted_and_brought_back(people: People, sign_in: Any) -> None:
    alice, bob, mona = (sign_in(name) for name in ("alice", "bob", "mona"))
    view_id = save_view(people.alice, name="Mine", page="deals", words={"owner": "me"})
    here = f"/views/deals/{view_id}"
    assert "Mine" not in text(bob.get("/views/deals"))
    assert bob.post(here, {"name": "His"}).status_code == 404
    alice.post(here, {"name": "Ours", "shared": "on"})
    assert "Ours" in text(bob.get("/views/deals"))
    assert bob.post(f"{here}/delete").status_code == 403
    gone = text(mona.hx_post(f"{here}/delete"))
    assert "Ours was deleted." in gone
    assert f'action="{here}/restore" data-undo' in gone
    assert saved_views(people.alice) == []
    mona.hx_post(f"{here}/restore")
    assert [view.name for view in saved_views(people.alice)] == ["Ours"]
    assert sign_in("charlie").post(here, {"name": "x"}).status_code == 404


def test_what_is_wrong_is_said(people: People, sign_in: Any) -> None:
    alice = sign_in("alice")
    assert alice.hx_post("/views/deals", {"name": " "}).status_code == 422
    assert alice.hx_post("/views/deals", {"name": "x", "status": "half"}).status_code == 422
    assert alice.hx_post("/views/deals", {"name": "x"}).status_code == 200
    assert alice.hx_post("/views/deals", {"name": "X"}).status_code == 409
    assert alice.get("/views/leads").status_code == 404
    assert alice.post("/views/leads", {"name": "x"}).status_code == 404
    assert len(saved_views(people.alice)) == 1
