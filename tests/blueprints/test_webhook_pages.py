"""Webhooks in the settings: set up by admins, watched by managers, hidden from reps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from flask import Flask

from deals_app.integrations.webhook_sending import outside
from deals_app.services.queries.webhooks import deliveries, webhook, webhooks
from deals_app.services.webhooks.endpoints import NewSecret, create_webhook
from tests.heard import heard
from tests.people import People
from tests.receiving import Receiver, receiver
from tests.telling import change, make, turn

SignIn = Callable[[str], Any]
URL = "/settings/webhooks"
TARGET = "https://example.com/hooks"


@pytest.fixture
def hooks(app: Flask) -> Iterator[Receiver]:
    with patch.object(outside, "allow_internal", new=True), receiver() as listening:
        yield listening


@pytest.fixture
def made(people: People, hooks: Receiver) -> NewSecret:
    return create_webhook(people.ada, url=hooks.url, description="Shop")


def page(browser: Any, webhook_id: UUID, query: str = "") -> str:
    answer = browser.get(f"{URL}/{webhook_id}{query}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_secret_is_shown_once(sign_in: SignIn, people: People) -> None:
    ada = sign_in("ada")
    answer = ada.post(URL, {"url": TARGET, "description": "Shop", "event_types": ["deal.won", "deal.lost"]})
    shown = re.search(r'value="(whsec_[^"]+)"', answer.get_data(as_text=True))
    assert shown
    [found] = webhooks(people.ada)
    assert (found.url, found.event_types) == (TARGET, ("deal.won", "deal.lost"))
    assert "whsec_" not in page(ada, found.id)
    again = ada.post(f"{URL}/{found.id}/rotate-secret").get_data(as_text=True)
    assert "whsec_" in again
    assert shown[1] not in again
    assert "The one before signs too until" in again


def test_what_is_wrong_stands_beside_its_field_with_what_was_typed(sign_in: SignIn, made: NewSecret) -> None:
    ada = sign_in("ada")
    with patch.object(outside, "allow_internal", new=False):
        for path in (URL, f"{URL}/{made.endpoint_id}"):
            answer = ada.post(path, {"url": "https://127.1/x", "event_types": ["deal.won"]})
            text = answer.get_data(as_text=True)
            assert answer.status_code == 422
            assert "is an internal address" in text
            assert 'value="https://127.1/x"' in text
            assert 'value="deal.won" checked' in text


def test_it_is_changed_switched_and_deleted(sign_in: SignIn, people: People, made: NewSecret) -> None:
    ada, path = sign_in("ada"), f"{URL}/{made.endpoint_id}"
    assert ada.post(path, {"url": webhook(people.ada, made.endpoint_id).url, "description": "CRM"}).status_code == 303
    assert "Delete with its log" not in page(ada, made.endpoint_id)
    assert ada.post(f"{path}/state", {"state": "disabled"}).status_code == 303
    shown = page(ada, made.endpoint_id)
    assert "switched off by an admin" in shown
    assert "Delete with its log" in shown
    assert ada.post(f"{path}/test").status_code == 303
    assert "switch it on first" in page(ada, made.endpoint_id)
    ada.post(f"{path}/state", {"state": "active"})
    found = webhook(people.ada, made.endpoint_id)
    assert (found.description, found.state) == ("CRM", "active")
    assert ada.post(f"{path}/delete").status_code == 303
    assert webhooks(people.ada) == []


def test_the_log_says_what_came_of_each_and_sends_again(
    sign_in: SignIn, people: People, made: NewSecret, hooks: Receiver, engines: Any
) -> None:
    make(people.alice)
    hooks.answers = lambda _: 500
    turn(people.ada, made)
    ada = sign_in("ada")
    shown = page(ada, made.endpoint_id)
    for words in ("deal.created", "Waiting", "500 in", "answered 500", "Nothing has got through since", "Failing"):
        assert words in shown
    change(engines, "UPDATE webhook_deliveries SET state = 'failed'")
    assert "Given up" in page(ada, made.endpoint_id, "?state=failed")
    assert "No messages here" in page(ada, made.endpoint_id, "?state=delivered")
    hooks.answers = lambda _: 200
    [line] = deliveries(people.ada, made.endpoint_id).items
    for path in (f"deliveries/{line.id}/replay", "replay", "test"):
        assert ada.post(f"{URL}/{made.endpoint_id}/{path}").status_code == 303
    turn(people.ada, made)
    turn(people.ada, made)
    assert {each.state for each in deliveries(people.ada, made.endpoint_id).items} == {"delivered"}


def test_the_log_has_more_pages(sign_in: SignIn, people: People, made: NewSecret) -> None:
    for number in range(51):
        make(people.alice, f"deal {number}")
    turn(people.ada, made)
    ada = sign_in("ada")
    more = re.search(rf'href="({URL}/[^"]*after=[^"]*)"', page(ada, made.endpoint_id))
    assert more
    assert ada.get(more[1]).get_data(as_text=True).count("<strong>deal.created") == 1


def test_managers_read_and_reps_do_not(sign_in: SignIn, made: NewSecret) -> None:
    mona, alice = sign_in("mona"), sign_in("alice")
    assert "Add a webhook" not in mona.get(URL).get_data(as_text=True)
    assert "<form" not in page(mona, made.endpoint_id).partition('class="settings-content"')[2].partition("</main>")[0]
    for path in (URL, f"{URL}/{made.endpoint_id}"):
        assert alice.get(path).status_code == 403
    assert "Webhooks" not in alice.get("/settings/profile").get_data(as_text=True)


def test_another_tenants_is_not_found(sign_in: SignIn, made: NewSecret) -> None:
    assert sign_in("charlie").get(f"{URL}/{made.endpoint_id}").status_code == 404


@pytest.mark.parametrize(("path", "most"), [("", 4), ("/{id}", 8)])
def test_a_page_asks_little_however_long_the_log(
    sign_in: SignIn, people: People, made: NewSecret, path: str, most: int
) -> None:
    ada = sign_in("ada")
    counts: list[int] = []
    for number in (1, 9):
        for each in range(number):
            make(people.alice, f"deal {each}")
        turn(people.ada, made)
        asked: list[str] = []
        with heard(asked.append):
            ada.get(URL + path.format(id=made.endpoint_id))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= most
