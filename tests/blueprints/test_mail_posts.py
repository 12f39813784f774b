"""Mails that SendGrid, Mailgun and Postmark post: found by the token in the path, verified, and taken once."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Unavailable
from deals_app.integrations.sealing import seal
from deals_app.models import Deal, Mailbox, MailboxToken
from deals_app.services.mailboxes import receiving
from deals_app.services.mailboxes.editing import (
    MailboxFacts,
    change_mailbox,
    create_mailbox,
    delete_mailbox,
    post_address,
    switch_mailbox,
)
from deals_app.services.pipeline_editing import NewPipeline, create_pipeline
from deals_app.services.queries.mailboxes import mailbox
from deals_app.services.unit_of_work import reading
from tests.blueprints.mails import written
from tests.blueprints.test_ingestion import count, items
from tests.people import People

KEY = "key-of-mailgun"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def posts(real_data: Path) -> Path:
    return real_data / "inbound_parse"


class Service:
    """A mail service that has been told the address of a new mailbox."""

    def __init__(self, client: FlaskClient, actor: Actor, kind: str, **facts: Any) -> None:
        self.client, self.kind = client, kind
        secret = KEY if kind == "mailgun" else ""
        self.id = create_mailbox(actor, kind, MailboxFacts(name=kind, secret=secret, **facts))
        found = post_address(actor, self.id)
        assert found
        self.path, self.user, self.password = found.path, found.user, found.password

    def __call__(self, body: Any, query: str = "", **kwargs: Any) -> Any:
        headers = dict(kwargs.pop("headers", {}))
        if self.kind == "postmark":
            kwargs.setdefault("auth", (self.user, self.password))
            body = json.dumps(body) if isinstance(body, dict) else body
            kwargs.setdefault("content_type", "application/json")
        elif isinstance(body, dict):
            body = urlencode(body)
            kwargs.setdefault("content_type", FORM)
        return self.client.post(self.path + query, data=body, headers=headers, **kwargs)


def signed(fields: dict[str, str], *, once: str = "t1", key: str = KEY, at: datetime | None = None) -> dict[str, str]:
    timestamp = str(int((at or datetime.now(UTC)).timestamp()))
    signature = hmac.new(key.encode(), (timestamp + once).encode(), "sha256").hexdigest()
    return fields | {"timestamp": timestamp, "token": once, "signature": signature}


def sample(posts: Path, name: str) -> dict[str, Any]:
    return json.loads((posts / name).read_text())


def raw(**changes: Any) -> dict[str, str]:
    """As SendGrid posts a whole mail."""
    return {"email": written(**changes).decode()}


def test_every_payload_of_the_services_is_a_deal(client: FlaskClient, people: People, posts: Path) -> None:
    """The three basic samples are the same mail, with the same Message-ID: the first one is the deal."""
    sendgrid, mailgun, postmark = (Service(client, people.ada, kind) for kind in ("sendgrid", "mailgun", "postmark"))
    answers = [
        sendgrid(sample(posts, "sendgrid__inbound_basics.json")),
        mailgun(signed(sample(posts, "mailgun__inbound_basics.json"))),
        postmark(sample(posts, "postmark__inbound_basics.json")),
        sendgrid(sample(posts, "sendgrid__inbound_mime.json")),
        mailgun(signed(sample(posts, "mailgun__inbound_mime.json"), once="t2")),
        postmark(sample(posts, "postmark__inbound_with_raw_email.json")),
        postmark(sample(posts, "postmark-inbound-test-payload.json")),
        postmark(sample(posts, "postmark-inbound-test-payload-with-raw.json")),
        sendgrid(
            (posts / "sendgrid__inbound_charsets.multipart.bin").read_bytes(),
            content_type="multipart/form-data; boundary=xYzZY",
        ),
    ]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert [answer.json["action"] for answer in answers[:3]] == ["created", "unchanged", "unchanged"]
    assert answers[0].json == {"status": "success", "action": "created"}
    verdicts = [item.signature_verdict for item in items(people.ada)[:3]]
    assert verdicts == ["secret address", "valid mailgun signature", "valid password"]
    with reading(people.ada) as session:
        names = set(session.scalars(select(Deal.name)))
    assert {"Test subject", "Como usted pidió"} <= names
    assert mailbox(people.ada, postmark.id).taken == 4


@pytest.mark.parametrize(
    "name", ["mailgun__misconfigured_store_action.json", "mailgun__misconfigured_tracking_legacy.json"]
)
def test_what_is_no_mail_is_kept_and_not_wanted_again(
    client: FlaskClient, people: People, posts: Path, name: str
) -> None:
    answer = Service(client, people.ada, "mailgun")(signed(sample(posts, name)))
    assert (answer.status_code, answer.json["error"]) == (406, "This is no mail as Mailgun posts it.")
    assert [item.outcome for item in items(people.ada)] == ["rejected"]


def test_each_service_hears_no_in_its_own_way(client: FlaskClient, people: People) -> None:
    for kind, status in (("sendgrid", 400), ("postmark", 403)):
        answer = Service(client, people.ada, kind)({"nothing": "here"})
        assert (answer.status_code, answer.json["status"], answer.json["source"]) == (status, "error", "email")
    too_large = Service(client, people.ada, "mailgun")(b"x" * (36 * 1024 * 1024 + 1), content_type=FORM)
    assert too_large.status_code == 406
    assert count(people.ada, Deal) == 0


@pytest.mark.parametrize(
    "changes",
    [{"key": "other"}, {"at": datetime.now(UTC) - timedelta(hours=1)}, {"at": datetime.now(UTC) + timedelta(hours=1)}],
)
def test_a_wrong_or_old_signature_of_mailguns_is_refused(
    client: FlaskClient, people: People, changes: dict[str, Any]
) -> None:
    mailgun = Service(client, people.ada, "mailgun")
    answer = mailgun(signed({"body-mime": written().decode()}, **changes))
    assert (answer.status_code, items(people.ada)) == (406, [])
    found = mailbox(people.ada, mailgun.id)
    assert (found.taken, found.refused) == (0, 1)
    assert "signature" in (found.last_error or "")


def test_mailguns_token_signs_one_post(client: FlaskClient, people: People) -> None:
    mailgun = Service(client, people.ada, "mailgun")
    fields = signed({"body-mime": written().decode()})
    assert mailgun(fields).status_code == 200
    again = mailgun(fields | {"body-mime": written("<other@client.example>").decode()})
    assert (again.status_code, again.json["error"]) == (406, "The signature has been used before")
    assert (count(people.ada, Deal), count(people.ada, MailboxToken), len(items(people.ada))) == (1, 1, 1)
    retried = mailgun(signed({"body-mime": written().decode()}, once="t2"))
    assert (retried.status_code, retried.json["action"]) == (200, "unchanged")


def test_what_could_not_be_kept_uses_no_token_up(client: FlaskClient, people: People) -> None:
    mailgun = Service(client, people.ada, "mailgun")
    fields = signed({"body-mime": written().decode()})
    with patch.object(receiving, "keep", side_effect=Unavailable("The database is not available")):
        answer = mailgun(fields)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert (count(people.ada, MailboxToken), mailgun(fields).status_code) == (0, 200)


@pytest.mark.parametrize("auth", [None, ("postmark", "wrong"), ("postmark", "")])
def test_postmarks_password_is_asked_for(client: FlaskClient, people: People, auth: Any) -> None:
    postmark = Service(client, people.ada, "postmark")
    answer = postmark({"RawEmail": written().decode()}, auth=auth)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="mailbox"')
    odd = client.post(
        postmark.path, data="{}", headers={"Authorization": "Basic " + b64encode(b"x:\xff").decode()},
        content_type="application/json",
    )  # fmt: skip
    assert odd.status_code == 401
    assert items(people.ada) == []


def test_a_token_of_nobodys_is_not_found(client: FlaskClient, people: People) -> None:
    service = Service(client, people.ada, "sendgrid")
    for token in ("nothing", "x" * 500, "%00", "%f0%9f%92%a9", service.path.rpartition("/")[2].swapcase()):
        answer: Any = client.post(f"/api/sales/deals/email/{token}", data={"email": "x"})
        assert (answer.status_code, answer.json["status"], answer.json["source"]) == (404, "error", "email")
    assert client.get(service.path).status_code == 405


def test_tenants_are_apart(client: FlaskClient, people: People) -> None:
    ours, theirs = Service(client, people.ada, "sendgrid"), Service(client, people.charlie, "sendgrid")
    assert theirs(raw()).status_code == 200
    assert (count(people.ada, Deal), count(people.charlie, Deal)) == (0, 1)
    assert ours(raw(), f"?tenant_id={people.charlie.tenant_id}").status_code == 403
    assert ours(raw(), f"?tenant_id={people.tenant_id}").status_code == 200
    assert (count(people.ada, Deal), count(people.charlie, Deal)) == (1, 1)


def test_a_paused_mailbox_asks_to_come_again_and_a_deleted_one_is_gone(client: FlaskClient, people: People) -> None:
    service = Service(client, people.ada, "sendgrid")
    switch_mailbox(people.ada, service.id, is_active=False)
    assert (service(raw()).status_code, items(people.ada)) == (503, [])
    switch_mailbox(people.ada, service.id, is_active=True)
    assert service(raw()).status_code == 200
    switch_mailbox(people.ada, service.id, is_active=False)
    delete_mailbox(people.ada, service.id)
    assert service(raw()).status_code == 404
    assert count(people.ada, Deal) == 1


def test_its_deals_take_its_pipeline_and_owner_and_their_changes_keep_theirs(
    client: FlaskClient, people: People
) -> None:
    second = create_pipeline(people.ada, NewPipeline(name="Inbound")).id
    service = Service(client, people.ada, "sendgrid", pipeline_id=second, owner_id=people.alice.user_id)
    assert service(raw()).json["action"] == "created"
    change_mailbox(people.ada, service.id, MailboxFacts(name="Other", owner_id=people.bob.user_id))
    assert service(raw(message_id="<2@c>", answers="<one@client.example>")).json["action"] == "updated"
    with reading(people.ada) as session:
        [deal] = session.scalars(select(Deal))
        assert (deal.pipeline_id, deal.assigned_to) == (second, people.alice.user_id)


def test_an_idempotency_key_says_nothing_here_but_the_message_id_does(client: FlaskClient, people: People) -> None:
    service = Service(client, people.ada, "sendgrid")
    answers = [service(raw(), headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.json["action"] for answer in answers] == ["created", "unchanged"]
    assert count(people.ada, Deal) == 1


def test_with_another_secret_key_nothing_is_lost(client: FlaskClient, people: People) -> None:
    mailgun = Service(client, people.ada, "mailgun")
    seal.init_key("another secret key of forty characters!!")
    answer = mailgun(signed({"body-mime": written().decode()}))
    assert (answer.status_code, items(people.ada)) == (503, [])


def test_secrets_are_not_stored_as_they_are(client: FlaskClient, people: People) -> None:
    mailgun = Service(client, people.ada, "mailgun")
    with reading(people.ada) as session:
        sealed = session.scalars(select(Mailbox.sealed).where(Mailbox.id == mailgun.id)).one()
        hashed = session.scalars(select(Mailbox.token_hash).where(Mailbox.id == UUID(str(mailgun.id)))).one()
    token = mailgun.path.rpartition("/")[2].encode()
    assert KEY.encode() not in sealed
    assert token not in sealed
    assert token != hashed
