"""Leads as pages: narrowed, qualified, converted, merged, put among the spam, each with its way back."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.ingesting.inbox import Raw
from deals_app.services.ingesting.receiving import receive
from deals_app.services.lead_editing import change_lead
from deals_app.services.queries.leads import lead
from tests.heard import heard
from tests.people import People

SignIn = Callable[[str], Any]


def came(people: People, email: str, **facts: str) -> UUID:
    body = json.dumps({"email": email, "company": "Company Inc", "message": "<b>Hello</b>", **facts}).encode()
    lead_id = receive(people.ada, "web_form", Raw(body=body)).lead_id
    assert lead_id is not None
    return lead_id


@pytest.fixture
def jane(people: People) -> UUID:
    return came(people, "jane@company.example", first_name="Jane", last_name="Doe")


def page(browser: Any, path: str = "") -> str:
    answer = browser.get(f"/leads{path}", follow_redirects=True)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def undo(browser: Any, shown: str) -> str:
    """Press the Undo of the message, and see the page after it."""
    found = re.search(r'action="([^"]+)"[^>]*data-undo', shown)
    assert found, shown
    answer = browser.post(html.unescape(found[1]), follow_redirects=True)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_list_has_tabs_filters_and_spam(sign_in: SignIn, people: People, jane: UUID) -> None:
    bob = came(people, "bob@other.example")
    change_lead(people.ada, bob, {"status": "contacted", "assigned_to": people.bob.user_id})
    alice = sign_in("alice")
    whole = page(alice)
    assert "Jane Doe" in whole
    assert "&lt;b&gt;Hello" in whole
    assert "<b>Hello" not in whole
    for query, shown in (
        ("?tab=contacted", [bob]), ("?q=jane", [jane]), ("?owner=none", [jane]),
        (f"?owner={people.bob.user_id}", [bob]), ("?source=email", []), ("?tab=spam", []),
        ("?owner=nonsense", [bob, jane]),
    ):  # fmt: skip
        found = page(alice, query)
        assert [each for each in (bob, jane) if f"/leads/{each}" in found] == shown, query
    assert alice.get("/leads?after=nonsense").status_code == 422
    assert "No leads yet" in page(sign_in("charlie"))


def test_deals_nobody_owns_have_their_tab(sign_in: SignIn, people: People) -> None:
    deal_id = create_deal(people.ada, NewDeal(name="Lonely", currency="USD"))
    alice = sign_in("alice")
    assert "Lonely" in page(alice, "/unowned")
    answer = alice.post(f"/leads/{deal_id}/take")
    assert answer.headers["Location"] == "/leads/unowned"
    assert "Lonely" not in page(alice, "/unowned")


def test_status_and_owner_are_saved_and_taken_back(sign_in: SignIn, people: People, jane: UUID) -> None:
    alice = sign_in("alice")
    for facts in ({"status": "qualified"}, {"assigned_to": str(people.alice.user_id)}):
        answer = alice.post(f"/leads/{jane}", facts, follow_redirects=True)
        assert "Saved." in answer.get_data(as_text=True)
        assert "Taken back." in undo(alice, answer.get_data(as_text=True))
    found = lead(people.ada, jane)
    assert (found.status, found.assigned_to) == ("new", None)
    for wrong in ({"status": "nonsense"}, {"assigned_to": "nonsense"}):
        assert "Must be one of" in alice.post(f"/leads/{jane}", wrong, follow_redirects=True).get_data(as_text=True)
    assert alice.hx_post(f"/leads/{jane}", {"status": "converted"}).status_code == 422


def test_a_lead_is_converted(sign_in: SignIn, people: People, jane: UUID) -> None:
    alice = sign_in("alice")
    shown = alice.post(f"/leads/{jane}/convert", follow_redirects=True).get_data(as_text=True)
    assert "Converted; its open deal is the deal." in shown
    assert "Their page" in shown
    again = alice.post(f"/leads/{jane}/convert", follow_redirects=True).get_data(as_text=True)
    assert "It was converted before." in again


def test_leads_are_merged_and_taken_apart(sign_in: SignIn, people: People, jane: UUID) -> None:
    other = came(people, "jd@private.example", phone="+1 555")
    mona = sign_in("mona")
    assert "jd@private.example" in page(mona, f"/{jane}")
    shown = mona.post(f"/leads/{jane}/merge", {"email": " JD@private.example"}, follow_redirects=True)
    merged = shown.get_data(as_text=True)
    assert "Merged." in merged
    assert "+1 555" in merged
    assert mona.get(f"/leads/{other}").headers["Location"] == f"/leads/{jane}"
    assert "They are two leads again." in undo(mona, merged)
    assert "+1 555" not in page(mona, f"/{jane}")
    nobody = mona.post(f"/leads/{jane}/merge", {"email": "x@y.example"}, follow_redirects=True)
    assert "No lead has this address." in nobody.get_data(as_text=True)
    assert "not merged" in mona.post(f"/leads/{other}/unmerge", follow_redirects=True).get_data(as_text=True)


def test_spam_goes_and_comes_back(sign_in: SignIn, jane: UUID) -> None:
    alice = sign_in("alice")
    shown = alice.post(f"/leads/{jane}/spam", follow_redirects=True).get_data(as_text=True)
    assert "Jane Doe is spam." in shown
    assert f"/leads/{jane}" in page(alice, "?tab=spam")
    undo(alice, shown)
    assert f"/leads/{jane}" in page(alice)


def test_anothers_lead_is_only_looked_at(sign_in: SignIn, people: People, jane: UUID) -> None:
    change_lead(people.ada, jane, {"assigned_to": people.bob.user_id})
    alice, charlie = sign_in("alice"), sign_in("charlie")
    assert "another person" in page(alice, f"/{jane}")
    for path in ("", "/back", "/convert", "/spam", "/not-spam"):
        assert alice.post(f"/leads/{jane}{path}", {"status": "contacted"}).status_code == 403, path
        assert charlie.post(f"/leads/{jane}{path}", {"status": "contacted"}).status_code == 404, path
    assert charlie.get(f"/leads/{jane}").status_code == 404


@pytest.mark.parametrize(("path", "most"), [("", 7), ("/{id}", 9)])
def test_a_page_asks_little_however_many_there_are(sign_in: SignIn, people: People, path: str, most: int) -> None:
    mona = sign_in("mona")
    counts: list[int] = []
    for number in (1, 6):
        for each in range(number):
            lead_id = came(people, f"{number}-{each}@x.example")
        asked: list[str] = []
        with heard(asked.append):
            page(mona, path.format(id=lead_id))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= most, counts
