"""Mailboxes in the settings: set up by admins, read by managers, hidden from reps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from flask import Flask

from deals_app.integrations.simulator.mail import PASSWORD, USER, Mail, served_mailbox
from deals_app.integrations.webhook_sending import outside
from deals_app.services.mailboxes.editing import MailboxFacts, create_mailbox
from deals_app.services.queries.mailboxes import mailbox, mailboxes
from tests.blueprints.mails import written
from tests.heard import heard
from tests.people import People

SignIn = Callable[[str], Any]
URL = "/settings/mailboxes"
HOW = {"sendgrid": "Inbound Parse", "mailgun": "create a route", "postmark": "inbound message stream"}


@pytest.fixture
def mail(app: Flask) -> Iterator[Mail]:
    simulation = Mail()
    with patch.object(outside, "allow_internal", new=True), served_mailbox(simulation):
        yield simulation


def text(answer: Any) -> str:
    return answer.get_data(as_text=True)


def content(page: str) -> str:
    return page.partition('class="settings-content"')[2].partition("</main>")[0]


@pytest.mark.parametrize("kind", ["sendgrid", "mailgun", "postmark"])
def test_the_address_is_shown_to_copy_and_takes_mails(sign_in: SignIn, people: People, app: Flask, kind: str) -> None:
    ada = sign_in("ada")
    answer = ada.post(f"{URL}/new/{kind}", {"name": "Sales", "secret": "key"})
    assert answer.status_code == 303
    shown = text(ada.get(answer.headers["Location"]))
    found = re.search(r'value="http://([^"@]*@)?127\.0\.0\.1:8000(/api/sales/deals/email/[\w-]{32})"', shown)
    assert found
    assert (found[1] is not None) == (kind == "postmark")
    assert {"sendgrid": "Inbound Parse", "mailgun": "create a route", "postmark": "inbound message stream"}[
        kind
    ] in shown
    if kind == "sendgrid":
        assert app.test_client().post(found[2], data={"email": written().decode()}).status_code == 200
        assert "1 taken" in text(ada.get(answer.headers["Location"]))


def test_one_is_added_and_looked_into(sign_in: SignIn, people: People, mail: Mail) -> None:
    ada = sign_in("ada")
    fields = {"name": "Inbox", "host": "127.0.0.1", "port": mail.imap_port, "user_name": USER, "secret": PASSWORD}
    fields |= {"security": "none", "begins_with": "all"}
    location = ada.post(f"{URL}/new/imap", fields).headers["Location"]
    assert ada.post(f"{location}/look").status_code == 303
    shown = text(ada.get(location))
    assert "8 mails were taken." in shown
    assert PASSWORD not in shown
    ada.post(f"{location}/look")
    assert "nothing new is in it" in text(ada.get(location))
    [found] = mailboxes(people.ada)
    ada.post(location, fields | {"secret": "wrong"})
    ada.post(f"{location}/look")
    shown = text(ada.get(location))
    assert "refused the name or the password" in shown
    assert "The next try is at" in shown
    assert "Failing" in text(ada.get(URL))
    assert mailbox(people.ada, found.id).taken == 8


def test_what_is_wrong_stands_beside_its_field(sign_in: SignIn, people: People) -> None:
    ada = sign_in("ada")
    answer = ada.post(f"{URL}/new/imap", {"name": "Inbox", "host": "127.1", "port": "993", "user_name": ""})
    assert answer.status_code == 422
    for words in (
        "is an internal address",
        "must have 1 to 254 characters",
        "is required: the password",
        'value="Inbox"',
    ):
        assert words in text(answer)
    for port in ("x", "0", "70000"):
        fields = {"name": "I", "host": "h.example", "port": port, "user_name": "u", "secret": "s"}
        assert ada.post(f"{URL}/new/imap", fields).status_code == 422
    assert ada.post(f"{URL}/new/mailgun", {"name": "Sales"}).status_code == 422
    assert ada.post(f"{URL}/new/sendgrid", {"name": "Sales", "owner_id": "nonsense"}).status_code == 422
    assert ada.get(f"{URL}/new/pigeon").status_code == 404
    assert ada.post(f"{URL}/new/pigeon", {"name": "x"}).status_code == 404
    assert mailboxes(people.ada) == []


def test_it_is_changed_paused_and_deleted(sign_in: SignIn, people: People) -> None:
    mailbox_id = create_mailbox(people.ada, "postmark", MailboxFacts(name="Sales"))
    ada, path = sign_in("ada"), f"{URL}/{mailbox_id}"
    address = re.search(r'id="mailbox-address"[^>]*value="([^"]+)"', text(ada.get(path)))
    assert address
    assert ada.post(path, {"name": "Enquiries", "owner_id": str(people.bob.user_id)}).status_code == 303
    shown = text(ada.get(path))
    assert address[1] in shown
    assert f'<option selected value="{people.bob.user_id}">' in shown
    ada.post(f"{path}/delete")
    assert "pause it first" in text(ada.get(path))
    ada.post(f"{path}/state", {"state": "paused"})
    assert "Paused" in text(ada.get(URL))
    assert ada.post(path, {"name": ""}).status_code == 422
    ada.post(f"{path}/delete")
    assert mailboxes(people.ada) == []
    assert ada.get(path).status_code == 404


def test_managers_read_no_secret_and_reps_nothing(sign_in: SignIn, people: People) -> None:
    mailbox_id = create_mailbox(people.ada, "sendgrid", MailboxFacts(name="Sales"))
    mona, alice = sign_in("mona"), sign_in("alice")
    for path in (URL, f"{URL}/{mailbox_id}"):
        shown = text(mona.get(path))
        assert "Sales" in shown
        assert "/api/sales/deals/email/" not in shown
        assert "<form" not in content(shown)
        assert alice.get(path).status_code == 403
    assert "Mailboxes" not in text(alice.get("/settings/profile"))


def test_another_tenants_is_not_found(sign_in: SignIn, people: People) -> None:
    mailbox_id: UUID = create_mailbox(people.ada, "sendgrid", MailboxFacts(name="Sales"))
    charlie = sign_in("charlie")
    assert charlie.get(f"{URL}/{mailbox_id}").status_code == 404
    for action in ("", "/look", "/state", "/delete"):
        assert charlie.post(f"{URL}/{mailbox_id}{action}", {"name": "Mine"}).status_code == 404


@pytest.mark.parametrize(("path", "most"), [("", 4), ("/{id}", 10)])
def test_a_page_asks_little_however_many_there_are(sign_in: SignIn, people: People, path: str, most: int) -> None:
    ada, counts = sign_in("ada"), list[int]()
    for number in (1, 5):
        for each in range(number):
            made = create_mailbox(people.ada, "sendgrid", MailboxFacts(name=f"Sales {each}"))
        asked: list[str] = []
        with heard(asked.append):
            assert ada.get(URL + path.format(id=made)).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= most
