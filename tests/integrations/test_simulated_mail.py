"""The simulated mailbox as Python's own imaplib sees it."""

from __future__ import annotations

import imaplib
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
import requests

from deals_app.integrations.simulator.mail import PASSWORD, USER, Mail, served_mailbox
from deals_app.integrations.simulator.sample_mails import sample_mails
from deals_app.integrations.simulator.serving import served


@pytest.fixture
def mail() -> Iterator[Mail]:
    simulation = Mail()
    with served_mailbox(simulation), served(simulation):
        yield simulation


@pytest.fixture
def imap(mail: Mail) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4("127.0.0.1", mail.imap_port, timeout=10) as client:
        client.login(USER, PASSWORD)
        client.select("INBOX")
        yield client


def uids(imap: imaplib.IMAP4, *criteria: str) -> list[int]:
    status, (found,) = imap.uid("SEARCH", *criteria)
    assert status == "OK"
    return [int(uid) for uid in found.split()]


def fetched(imap: imaplib.IMAP4, uid: int, items: str = "(UID BODY.PEEK[])") -> bytes:
    status, found = imap.uid("FETCH", str(uid), items)
    assert status == "OK"
    return next(part[1] for part in found if isinstance(part, tuple))


def test_every_mail_comes_as_it_was_and_stays_unseen(imap: imaplib.IMAP4) -> None:
    assert uids(imap, "ALL") == uids(imap, "UNSEEN") == list(range(1, 9))
    assert [fetched(imap, uid) for uid in range(1, 9)] == sample_mails()
    assert uids(imap, "UNSEEN") == list(range(1, 9))
    subjects = [message_from_bytes(fetched(imap, uid), policy=default)["Subject"] for uid in range(1, 4)]
    assert subjects == [
        "Enquiry: 50 licences",
        "Devis pour trois boutiques — réponse avant juin",
        "契約のお問い合わせ",
    ]
    head = fetched(imap, 1, "(BODY.PEEK[HEADER])")
    assert head.endswith(b"\r\n\r\n")
    assert b"12,500" not in head


def test_looking_and_storing_set_flags(imap: imaplib.IMAP4) -> None:
    fetched(imap, 2, "(BODY[])")
    imap.uid("STORE", "3:4", "+FLAGS", r"(\Seen Taken)")
    assert uids(imap, "UNSEEN") == [1, 5, 6, 7, 8]
    assert uids(imap, "KEYWORD", "Taken") == [3, 4]
    imap.uid("STORE", "3", "-FLAGS.SILENT", r"(\Seen)")
    assert uids(imap, "UNSEEN", "UID", "2:4") == [3]
    imap.uid("STORE", "8", "+FLAGS", r"(\Deleted)")
    imap.expunge()
    assert uids(imap, "UID", "7:*") == [7]


def test_dates_sizes_and_reading_only(imap: imaplib.IMAP4) -> None:
    assert uids(imap, "SINCE", "06-Jun-2026") == [6, 7, 8]
    assert uids(imap, "BEFORE", "03-Jun-2026") == [1, 2]
    _, found = imap.uid("FETCH", "1", "(FLAGS INTERNALDATE RFC822.SIZE)")
    assert str(len(sample_mails()[0])).encode() in found[0]
    assert imaplib.Internaldate2tuple(found[0]) is not None
    imap.select("INBOX", readonly=True)
    assert imap.uid("STORE", "1", "+FLAGS", r"(\Seen)")[0] == "NO"


def test_a_delivered_mail_is_the_next_one_and_a_renumbered_box_says_so(mail: Mail, imap: imaplib.IMAP4) -> None:
    raw = b"From: a@b.example\nSubject: new\nDate: Mon, 1 Jun 2026 10:00:00 +0000\n\nHello {5}\n"
    assert requests.post(f"{mail.url}/_deliver", data=raw, timeout=5).json() == {"uids": [9]}
    assert fetched(imap, 9) == raw.replace(b"\n", b"\r\n")
    requests.post(f"{mail.url}/_faults", json={"duplicates": True}, timeout=5)
    assert requests.post(f"{mail.url}/_deliver", data=raw, timeout=5).json() == {"uids": [10, 11]}
    before = imap.response("UIDVALIDITY")[1]
    requests.post(f"{mail.url}/_renumber", timeout=5)
    imap.select("INBOX")
    assert (before, imap.response("UIDVALIDITY")[1]) == ([b"1"], [b"2"])
    assert requests.post(f"{mail.url}/_deliver", timeout=5).status_code == 400


@pytest.mark.parametrize(
    "command", [("SEARCH", "TEXT", "x"), ("FETCH", "x", "(UID)"), ("FETCH", "1", "(NONSENSE)"), ("COPY", "1", "Old")]
)
def test_what_is_not_simulated_is_refused(imap: imaplib.IMAP4, command: Any) -> None:
    with pytest.raises(imaplib.IMAP4.error):
        imap.uid(*command)
    assert uids(imap, "ALL")


def test_signing_in(mail: Mail) -> None:
    with imaplib.IMAP4("127.0.0.1", mail.imap_port, timeout=10) as client:
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            client.login(USER, "wrong")
        client.login(USER, PASSWORD)
        assert client.select("Sent")[0] == "NO"
        assert client.select()[1] == [b"8"]


def test_a_server_that_fails_now_and_then(mail: Mail, imap: imaplib.IMAP4) -> None:
    requests.post(f"{mail.url}/_faults", json={"failures": 1, "too_many_requests": 1}, timeout=5)
    assert [imap.uid("SEARCH", "ALL")[0] for _ in range(3)] == ["NO", "NO", "OK"]
