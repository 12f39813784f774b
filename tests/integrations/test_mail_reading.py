"""Mails of every making: who wrote them, what is new in them, and which no person wrote. All of them are our own."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals_app.domain.inbound import Surroundings
from deals_app.integrations import mail_aside as aside
from deals_app.integrations.incoming_mail import IncomingMail, MailRefused
from deals_app.integrations.mail_drafts import understood_mail
from deals_app.integrations.mail_headers import decoded
from deals_app.integrations.mail_parts import MAX_BYTES
from deals_app.integrations.mail_reading import read_mail
from deals_app.integrations.mail_texts import own_words, text_of_html

OURS = frozenset({"ourco.example"})
SURROUNDINGS = Surroundings(base_currency="USD", today=date(2026, 1, 15), own_domains=OURS)


def mail(body: str = "Hello", *, sender: str = "Jane Doe <jane@acme.example>", **headers: str) -> IncomingMail:
    """A plain mail; `Reply_To` is the header Reply-To."""
    named = {"From": sender, "Subject": "Offer", **{name.replace("_", "-"): text for name, text in headers.items()}}
    lines = "".join(f"{name}: {text}\r\n" for name, text in named.items())
    return read_mail(f"{lines}\r\n{body}".encode(), OURS)


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Auto_Submitted": "auto-replied"}, aside.ABSENCE),
        ({"X_Autoreply": "yes"}, aside.ABSENCE),
        ({"Precedence": "auto_reply"}, aside.ABSENCE),
        ({"Subject": "Out of office: back on Monday"}, aside.ABSENCE),
        ({"Auto_Submitted": "auto-generated"}, aside.ABSENCE),
        ({"List_Unsubscribe": "<https://news.example/u>"}, aside.BULK),
        ({"Precedence": "bulk"}, aside.BULK),
        ({"sender": "jane@ourco.example"}, aside.LOOP),
        ({"sender": "jane@in.ourco.example"}, aside.LOOP),
        ({"Message_ID": "<1@in.ourco.example>"}, aside.LOOP),
        ({"X_Loop": "deals@x.example", "To": "Deals <deals@x.example>"}, aside.LOOP),
        ({"sender": "MAILER-DAEMON@mx.example"}, aside.BOUNCE),
        ({"X_Failed_Recipients": "a@b.example"}, aside.BOUNCE),
        ({"Content_Type": 'multipart/report; report-type=delivery-status; boundary="b"'}, aside.BOUNCE),
        ({"sender": "noreply@shop.example"}, aside.NOBODY),
        ({"sender": "nobody"}, aside.NO_SENDER),
        ({"sender": "Jane <jane@localhost>"}, aside.NO_SENDER),
        ({"sender": ""}, aside.NO_SENDER),
    ],
)
def test_it_sets_aside_what_no_person_wrote_to_us(headers: dict[str, str], why: str) -> None:
    found = understood_mail(mail(**headers), SURROUNDINGS)
    assert (found.set_aside, found.draft, found.lead) == (why, None, None)
    assert found.mail is not None
    assert found.mail.text == "Hello"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Auto_Submitted": "no"},
        {"X_Auto_Response_Suppress": "All"},
        {
            "List_Id": "Sales <sales.ourco.example>",
            "List_Unsubscribe": "<https://ourco.example/u>",
            "Precedence": "list",
        },
        {"X_Loop": "other@elsewhere.example"},
        {"Reply_To": "team@other.example"},
    ],
)
def test_it_keeps_what_a_person_wrote(headers: dict[str, str]) -> None:
    found = mail(**headers)
    assert (found.set_aside, found.sender, found.sender_name) == (None, "jane@acme.example", "Jane Doe")


def test_it_answers_to_the_person_behind_a_machine() -> None:
    for sender in ("Site <no-reply@site.example>", "Site <web@ourco.example>"):
        found = mail(sender=sender, Reply_To='"Maria" <maria@rossi.example>', Auto_Submitted="auto-generated")
        assert (found.sender, found.sender_name, found.set_aside) == ("maria@rossi.example", "Maria", None)


def test_it_reads_the_lines_of_a_form() -> None:
    body = (
        "First name: Maria\r\nNachname: Rossi\r\nE-Mail: maria@rossi.example\r\n*Firma:* Rossi S.p.A.\r\nTeam size: 60"
    )
    found = mail(body, sender="no-reply@site.example")
    assert (found.sender, found.sender_name, found.company) == ("maria@rossi.example", "Maria Rossi", "Rossi S.p.A.")
    assert found.facts == {"company_size": "60"}


def test_the_lines_of_a_form_in_a_persons_mail_are_text() -> None:
    found = mail("Name: CRM\nEmail: other@x.example")
    assert (found.sender, found.company, found.facts) == ("jane@acme.example", None, {})


FORWARDED = """FYI

---------- Forwarded message ---------
From: Carlos Díaz <carlos@diaz.example>
Date: Tue, 11 Aug 2026
Subject: Demo
To: <rep@ourco.example>

We want a demo. Budget: $5,000
"""


def test_the_author_of_what_one_of_us_passed_on_is_the_lead() -> None:
    found = understood_mail(mail(FORWARDED, sender="Rep <rep@ourco.example>", Subject="Fwd: Demo"), SURROUNDINGS)
    assert found.draft is not None
    assert (found.draft.contact_email, found.draft.contact_name) == ("carlos@diaz.example", "Carlos Díaz")
    assert (found.draft.name, found.draft.value_minor) == ("Demo", 500_000)
    assert found.draft.description == "We want a demo. Budget: $5,000"


def test_what_a_stranger_passes_on_stays_the_strangers() -> None:
    assert mail(FORWARDED, Subject="Fwd: Demo").sender == "jane@acme.example"


def test_a_forward_of_our_own_mail_is_a_loop() -> None:
    ours = FORWARDED.replace("carlos@diaz.example", "boss@ourco.example")
    assert mail(ours, sender="rep@ourco.example", Subject="Fwd: Demo").set_aside == aside.LOOP


def test_it_knows_mail_and_thread() -> None:
    found = mail(Message_ID="<a1@acme.example>", In_Reply_To="<o2@x>", References="<o1@x>\r\n <o2@x>")
    assert (found.message_id, found.thread) == ("a1@acme.example", ("o2@x", "o1@x"))


@pytest.mark.parametrize(
    "quoted",
    [
        "On Apr 3, 2012, at 4:19 PM, bob <bob@example.com> wrote:\n\n> Hi $99",
        "Am 3.4.2012 um 12:00 schrieb Bob <b@c.de>:\n> Hi",
        "Le 3 avr. 2012 à 12:00, Bob <b@c.de> a écrit :\n> Hi",
        "El mar, 3 abr 2012 a las 12:00, Bob (<b@c.es>) escribió:\n> Hi",
        "From: Rep [mailto:rep@ourco.example]\nSent: August-09-26 4:22 PM\nTo: Dana\nSubject: x\n\nPrice: $99,999",
        "Von: Rep\nGesendet: Montag\nAn: Dana\nBetreff: x\n\nPreis",
        "________________________________\nFrom: x",
        "-----Original Message-----\nFrom: x",
        "> Hi",
        "Sent from my iPhone",
        "2012年4月3日(火) 16:19 bob <bob@example.com>:\n> Hi",
    ],
)
def test_it_keeps_what_is_new_in_an_answer(quoted: str) -> None:
    assert own_words(f"Looks good.\nDana\n\n{quoted}") == "Looks good.\nDana"


def test_it_keeps_all_where_nothing_stands_above() -> None:
    assert own_words("> only quoted") == "> only quoted"
    assert own_words("") == ""


@pytest.mark.parametrize("piece", ["On " * 60 + "\n", "On ", "From: a\n", "\n", "> ", "Am " * 50 + "\n", "a", " \n"])
def test_no_text_takes_long(piece: str) -> None:
    started = time.process_time()
    own_words(piece * (200_000 // len(piece)))
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "piece",
    ["<div>", "<ul><li>a", "<p>a</p>", "<", "<div style='padding-left:9999999em'>a</div>", "<table><tr><td>x<td><br>"],
)
def test_no_page_takes_long_or_grows(piece: str) -> None:
    started = time.process_time()
    text = text_of_html(piece * (300_000 // len(piece)))
    assert time.process_time() - started < 10
    assert len(text) <= 300_000


def test_html_becomes_lines() -> None:
    html = "<table><tr><td>Name:</td><td>Maria</td></tr></table><p>50&nbsp;<b>seats</b></p><script>alert(1)</script>"
    assert text_of_html(html).split("\n") == ["Name: Maria", "", "50 seats"]


@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        (b"caf\xe9", None, "café"),
        (b"caf\xc3\xa9", None, "café"),
        (b"caf\xe9 \x80", "iso-8859-1", "café €"),
        (b"caf\xe9", "no-such-charset", "café"),
        (b"caf\xe9", "us-ascii", "café"),
        (b"a", "punycode", "a"),
        (b"a\x00b", "utf-8", "ab"),
        (b"\xed\xa0\x80", "utf-8", "í\xa0€"),
    ],
)
def test_it_decodes_what_is_there(content: bytes, charset: str | None, text: str) -> None:
    assert decoded(content, charset) == text


def test_a_charset_with_a_nul_is_none() -> None:
    raw = b"From: a@b.example\r\nContent-Type: text/plain; charset=a\x00b\r\n\r\ncaf\xe9"
    assert read_mail(raw).text == "café"


def test_what_is_too_much_is_refused_in_a_sentence() -> None:
    many = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 101
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(50))
    deeper = b"Content-Type: message/rfc822\r\n\r\n" * 60
    for raw, words in (
        (many, "100 parts"),
        (nested, "20 levels"),
        (deeper, "20 levels"),
        (b"x" * (MAX_BYTES + 1), "25 MB"),
        (b"\n" * 600_001, "600,000 lines"),
    ):
        with pytest.raises(MailRefused, match=words):
            read_mail(raw)


PIECES = (
    b"From: |To: |Subject: |Message-ID: |Content-Type: |Content-Transfer-Encoding: |Date: |Content-Disposition: "
    b"|Reply-To: |List-Id: |References: |Content-Type: multipart/mixed; boundary=b|\r\n\r\n|\r\n|--b\r\n|message/rfc822"
    b"|base64|utf-7|text/html; charset=|=?utf-8?b?|?=|a@b.example|(((((|uuencode|begin 644 x\r\n|filename*0*=|Fwd: |<|>"
)


@given(st.lists(st.sampled_from(PIECES.split(b"|")) | st.binary(max_size=20), max_size=25).map(b"".join))
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    found = understood_mail(read_mail(raw, OURS), SURROUNDINGS)
    assert found.mail is not None
    assert (found.draft is None) is (found.set_aside is not None)
    assert found.draft is None or 1 <= len(found.draft.name) <= 200
    found.mail.text.encode()
