"""What mail services post: their own samples where they are there, and forms of ours for what must hold anyway."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals_app.domain.inbound import Surroundings
from deals_app.integrations import mail_aside as aside
from deals_app.integrations.inbound_parse import is_signed_by_mailgun, mailgun_mail, postmark_mail, sendgrid_mail
from deals_app.integrations.incoming_mail import IncomingMail, MailRefused
from deals_app.integrations.mail_drafts import understood_mail
from deals_app.integrations.posted_forms import PostedForm, posted_form

SURROUNDINGS = Surroundings(base_currency="USD", today=date(2026, 1, 15))
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def posts(real_data: Path) -> Path:
    """The folder of the services' samples."""
    return real_data / "inbound_parse"


def form_of(fields: dict[str, str]) -> PostedForm:
    return posted_form(urlencode(fields).encode(), URLENCODED)


def sample(posts: Path, name: str) -> dict[str, Any]:
    return json.loads((posts / name).read_text())


BASICS = ("from+test@example.org", "Displayed From", "Test subject", "Test body plain", "CAEPk3R+4Zr@mail.example.org")


def facts(mail: IncomingMail) -> tuple[str | None, str | None, str, str, str | None]:
    return mail.sender, mail.sender_name, mail.subject, mail.text, mail.message_id


def test_all_three_services_say_the_same_of_the_same_mail(posts: Path) -> None:
    sendgrid = sendgrid_mail(form_of(sample(posts, "sendgrid__inbound_basics.json")))
    mailgun = mailgun_mail(form_of(sample(posts, "mailgun__inbound_basics.json")))
    postmark = postmark_mail(sample(posts, "postmark__inbound_basics.json"))

    assert facts(sendgrid) == facts(mailgun) == BASICS
    assert facts(postmark) == BASICS
    assert sendgrid.sent_at == mailgun.sent_at == datetime(2017, 10, 12, 1, 31, 4, tzinfo=UTC)


def test_the_raw_mail_is_read_where_it_is_posted(posts: Path) -> None:
    sendgrid = sendgrid_mail(form_of(sample(posts, "sendgrid__inbound_mime.json")))
    mailgun = mailgun_mail(form_of(sample(posts, "mailgun__inbound_mime.json")))
    postmark = postmark_mail(sample(posts, "postmark__inbound_with_raw_email.json"))
    official = postmark_mail(sample(posts, "postmark-inbound-test-payload-with-raw.json"))

    assert facts(sendgrid) == facts(mailgun)
    assert (sendgrid.sender, sendgrid.text) == ("test@example.org", "It's a body…")
    assert [each.filename for each in postmark.attachments] == ["attachment.txt"]
    assert official.text == "This is a test text body."
    assert official.attachments == ()


def test_each_field_is_read_in_its_own_charset(posts: Path) -> None:
    body = (posts / "sendgrid__inbound_charsets.multipart.bin").read_bytes()
    found = sendgrid_mail(posted_form(body, "multipart/form-data; boundary=xYzZY"))

    assert found.subject == "Como usted pidió"
    assert (found.sender, found.sender_name) == ("sender@example.com", "Opérateur de test")
    assert found.text == "Test the ESP’s inbound charset handling…"


def test_files_come_along(posts: Path) -> None:
    found = postmark_mail(sample(posts, "postmark-inbound-test-payload.json"))
    assert [(each.filename, each.content) for each in found.attachments] == [
        ("test.txt", b"This is attachment contents, base-64 encoded.")
    ]
    body = (
        b'--b\r\nContent-Disposition: form-data; name="from"\r\n\r\nJ <j@a.example>\r\n'
        b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nHello\r\n'
        b'--b\r\nContent-Disposition: form-data; name="attachment1"; filename="../\xc3\xbc.bin"\r\n'
        b"Content-Type: application/pdf\r\n\r\n\x00\xff\r\n\n\r\n--b--\r\n"
    )
    sent = sendgrid_mail(posted_form(body, 'multipart/form-data; boundary="b"'))
    assert [(each.filename, each.content_type, each.content) for each in sent.attachments] == [
        ("ü.bin", "application/pdf", b"\x00\xff\r\n\n")
    ]


@pytest.mark.parametrize(
    "name", ["mailgun__misconfigured_store_action.json", "mailgun__misconfigured_tracking_legacy.json"]
)
def test_what_mailgun_posts_beside_mails_is_refused(posts: Path, name: str) -> None:
    with pytest.raises(MailRefused, match="no mail as Mailgun"):
        mailgun_mail(form_of(sample(posts, name)))


def test_mailguns_own_signature_holds(posts: Path) -> None:
    form = form_of(sample(posts, "mailgun__inbound_basics.json"))
    posted_at = datetime.fromtimestamp(1461261330, UTC)
    assert is_signed_by_mailgun(form, "TEST_WEBHOOK_SIGNING_KEY", posted_at)
    assert not is_signed_by_mailgun(form, "ANOTHER_KEY", posted_at)


def signed(key: str, at: datetime, **changed: str) -> PostedForm:
    timestamp = str(int(at.timestamp()))
    signature = hmac.new(key.encode(), f"{timestamp}token".encode(), "sha256").hexdigest()
    return form_of({"timestamp": timestamp, "token": "token", "signature": signature, **changed})


def test_a_signature_holds_for_a_quarter_of_an_hour() -> None:
    for minutes, holds in ((0, True), (15, True), (-15, True), (16, False), (-16, False)):
        assert is_signed_by_mailgun(signed("key", NOW - timedelta(minutes=minutes)), "key", NOW) is holds


@pytest.mark.parametrize(
    "changed",
    [
        {"token": "tokem"},
        {"timestamp": "x"},
        {"timestamp": "9" * 15},
        {"timestamp": ""},
        {"signature": ""},
        {"signature": "é"},
    ],
)
def test_a_changed_post_is_not_signed(changed: dict[str, str]) -> None:
    assert not is_signed_by_mailgun(signed("key", NOW, **changed), "key", NOW)


def test_without_a_key_nothing_is_signed() -> None:
    assert not is_signed_by_mailgun(signed("", NOW), "", NOW)
    assert not is_signed_by_mailgun(PostedForm({}), "key", NOW)


def test_machines_are_known_by_posted_headers_too() -> None:
    headers = json.dumps([["From", "a@b.example"], ["Auto-Submitted", "auto-replied"]])
    assert mailgun_mail(form_of({"message-headers": headers, "body-plain": "x"})).set_aside == aside.ABSENCE
    bounce = {"From": "a@b.example", "Headers": [{"Name": "Content-Type", "Value": "multipart/report; report-type=x"}]}
    bounce["Headers"].append({"Name": "X-Failed-Recipients", "Value": "c@d.example"})
    assert postmark_mail(bounce).set_aside == aside.BOUNCE


@pytest.mark.parametrize(("body", "kind"), [(b"{}", "application/json"), (b"", ""), (b"&" + b"a=1&" * 200, URLENCODED)])
def test_what_is_no_form_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(MailRefused, match="form"):
        posted_form(body, kind)


def test_what_is_no_mail_is_refused() -> None:
    for read in (
        lambda: sendgrid_mail(PostedForm({})),
        lambda: mailgun_mail(PostedForm({})),
        lambda: postmark_mail({}),
    ):
        with pytest.raises(MailRefused, match="no mail as"):
            read()


NAMES = st.sampled_from(
    ["from", "email", "headers", "charsets", "text", "html", "message-headers", "body-mime", "subject"]
)
VALUES = st.binary(max_size=60) | st.sampled_from(
    [b'[["From","a@b.example"],[1],2]', b'{"text":"utf-7"}', b"From: a@b.example"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Name", "Value", "Email", "Content"]), inner)
    ),
    max_leaves=6,
)
POSTMARK = st.sampled_from(
    ["From", "FromFull", "Headers", "Attachments", "Subject", "TextBody", "HtmlBody", "RawEmail", "Date"]
)


@given(st.dictionaries(NAMES, VALUES), st.dictionaries(POSTMARK, JSON), st.binary(max_size=200))
def test_nothing_but_a_refusal_is_raised(fields: dict[str, bytes], payload: dict[str, Any], body: bytes) -> None:
    for read in (
        lambda: sendgrid_mail(PostedForm(fields)),
        lambda: mailgun_mail(PostedForm(fields)),
        lambda: postmark_mail(payload),
        lambda: sendgrid_mail(posted_form(body, "multipart/form-data; boundary=b")),
    ):
        try:
            found = read()
        except MailRefused:
            continue
        assert understood_mail(found, SURROUNDINGS).mail is not None
