"""Looking into a mailbox over IMAP: each mail once, in order, whatever happens in between."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from deals_app.domain.errors import Forbidden, Invalid, NotFound
from deals_app.domain.mailboxes import rest_after
from deals_app.integrations import imap_reading
from deals_app.integrations.simulator.mail import PASSWORD, USER, Mail, served_mailbox
from deals_app.integrations.simulator.serving import Faults
from deals_app.integrations.webhook_sending import outside
from deals_app.jobs import mailboxes as job
from deals_app.jobs.relay import schedule_once
from deals_app.models import Activity, Attachment, Deal
from deals_app.services.ingesting.receiving import process_delivery
from deals_app.services.mailboxes import leasing, looking
from deals_app.services.mailboxes.editing import MailboxFacts, change_mailbox, create_mailbox, switch_mailbox
from deals_app.services.mailboxes.leasing import due_mailboxes
from deals_app.services.mailboxes.looking import look_now
from deals_app.services.queries.mailboxes import mailbox
from deals_app.services.unit_of_work import reading
from tests.blueprints.mails import written
from tests.blueprints.test_ingestion import count, items
from tests.people import People
from tests.telling import change

NOW = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")


@pytest.fixture
def mail() -> Iterator[Mail]:
    simulation = Mail()
    with patch.object(outside, "allow_internal", new=True), served_mailbox(simulation):
        yield simulation


def facts(mail: Mail, **changes: Any) -> MailboxFacts:
    on = {"host": "127.0.0.1", "port": mail.imap_port, "user_name": USER, "secret": PASSWORD, "security": "none"}
    return MailboxFacts(**({"name": "Sales", **on} | changes))


@pytest.fixture
def box(people: People, mail: Mail) -> UUID:
    return create_mailbox(people.ada, "imap", facts(mail))


def new(number: int, **changes: Any) -> bytes:
    subject: dict[str, Any] = {"subject": f"New {number}"}
    raw = written(f"<new-{number}@client.example>", **(subject | changes))
    return raw.replace(b"Tue, 11 Aug 2026 10:00:00 -0700", NOW.encode())


def names(people: People) -> list[str]:
    with reading(people.ada) as session:
        return list(session.scalars(select(Deal.name).order_by(Deal.id)))


def test_what_is_unread_is_taken_in_order_and_once(people: People, mail: Mail, box: UUID) -> None:
    found = look_now(people.ada, box)
    assert (found.taken, found.problem, found.has_more) == (8, None, False)
    outcomes = [item.outcome for item in items(people.ada)]
    assert outcomes == ["created", "created", "created", "set_aside", "created", "created", "updated", "set_aside"]
    assert len(names(people)) == 5
    assert (count(people.ada, Attachment), look_now(people.ada, box).taken) == (1, 0)
    assert {item.signature_verdict for item in items(people.ada)} == {"signed in"}
    assert not any(each.flags for each in mail.mailbox.mails)
    mail.mailbox.deliver(new(1))
    assert look_now(people.ada, box).taken == 1
    shown = mailbox(people.ada, box)
    assert (shown.taken, shown.last_error, shown.looked_at is not None) == (9, None, True)


@pytest.mark.parametrize(("begins_with", "first"), [("new", 0), ("unread", 7), ("all", 8)])
def test_what_is_there_already_is_taken_as_it_was_wished(
    people: People, mail: Mail, begins_with: str, first: int
) -> None:
    mail.mailbox.mails[1].flags.add("\\Seen")
    box = create_mailbox(people.ada, "imap", facts(mail, begins_with=begins_with, marks_seen=True))
    assert look_now(people.ada, box).taken == first
    mail.mailbox.deliver(new(1))
    assert look_now(people.ada, box).taken == 1
    seen = [each.uid for each in mail.mailbox.mails if "\\Seen" in each.flags]
    assert seen == sorted({2, 9} | {item.context["uid"] for item in items(people.ada)})


def test_other_uids_make_nothing_twice(people: People, mail: Mail) -> None:
    box = create_mailbox(people.ada, "imap", facts(mail, begins_with="new"))
    look_now(people.ada, box)
    mail.mailbox.deliver(new(1))
    mail.mailbox.deliver(new(2).replace(b"Message-ID: <new-2@client.example>\r\n", b""))
    assert look_now(people.ada, box).taken == 2
    mail.mailbox.renumber()
    mail.mailbox.deliver(new(3))
    # The two of today come again and are known; what was old when the mailbox was made stays old.
    assert look_now(people.ada, box).taken == 3
    assert [item.outcome for item in items(people.ada)][2:] == ["unchanged", "unchanged", "created"]
    assert names(people) == ["New 1", "New 2", "New 3"]
    assert look_now(people.ada, box).taken == 0


class Killed(BaseException):
    """As SIGKILL: nothing after it happens."""


@pytest.mark.parametrize("place", ["keep", "process_delivery", "_fetched"])
def test_killed_in_the_middle_it_goes_on_without_a_gap_or_a_double(
    people: People, mail: Mail, box: UUID, engines: Any, place: str
) -> None:
    calls = 0
    real = getattr(looking, place)

    def dies(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Killed
        return real(*args, **kwargs)

    with patch.object(looking, place, dies), pytest.raises(Killed):
        look_now(people.ada, box)
    assert look_now(people.ada, box).problem == "somebody is looking into it right now, or it is paused"
    change(engines, "UPDATE mailboxes SET leased_until = now()")
    kept = len(items(people.ada))
    assert look_now(people.ada, box).taken == 8 - kept
    for item in items(people.ada):
        process_delivery(str(people.tenant_id), str(item.delivery_id))
    assert [item.context["uid"] for item in items(people.ada)] == list(range(1, 9))
    assert len(names(people)) == len(set(names(people))) == 5


def test_whoever_was_thought_dead_keeps_nothing_more(people: People, mail: Mail, box: UUID, engines: Any) -> None:
    fetched = looking._fetched

    def overtaken(state: Any, *args: Any) -> Any:
        found = fetched(state, *args)
        if state.taken == 2:
            change(engines, "UPDATE mailboxes SET looks = looks + 1")
        return found

    with patch.object(looking, "_fetched", overtaken):
        found = look_now(people.ada, box)
    assert (found.taken, found.problem) == (2, "somebody else looks into it now, or it was changed")
    assert len(items(people.ada)) == 2


def test_one_bad_mail_stops_nothing(people: People, mail: Mail, box: UUID) -> None:
    mail.mailbox.mails.clear()
    for raw in (
        b"\r\n" * 700_000,
        b"",
        b"\xff\x00\r\n\r\n\x00",
        new(1),
        b"From: <<<>>>\r\nDate: never\r\n\r\nx",
        new(2),
    ):
        mail.mailbox.deliver(raw)
    assert look_now(people.ada, box).taken == 6
    assert names(people) == ["New 1", "New 2"]
    assert [item.outcome for item in items(people.ada)].count("rejected") >= 1


def test_of_a_mail_that_is_too_large_the_head_is_kept(people: People, mail: Mail, box: UUID) -> None:
    mail.mailbox.mails.clear()
    mail.mailbox.deliver(new(1, text="x" * 200_000))
    with patch.object(looking, "MAIL_BYTES", 100_000):
        assert look_now(people.ada, box).taken == 1
    [item] = items(people.ada)
    assert (item.outcome, b"Subject: New 1" in item.body, len(item.body) < 1000) == ("rejected", True, True)
    assert "larger than" in (item.problems or [])[0]["message"]


def test_a_wrong_password_and_a_server_that_is_away_are_said_and_rested(people: People, mail: Mail) -> None:
    wrong = create_mailbox(people.ada, "imap", facts(mail, secret="nope"))
    assert "refused the name or the password" in (look_now(people.ada, wrong).problem or "")
    away = create_mailbox(people.ada, "imap", facts(mail, port=1))
    for _ in range(2):
        assert "refused" in (look_now(people.ada, away).problem or "")
    shown = mailbox(people.ada, away)
    assert (shown.failing_since is not None, shown.next_look_at - datetime.now(UTC) < rest_after(2)) == (True, True)
    change_mailbox(people.ada, wrong, facts(mail))
    assert look_now(people.ada, wrong).taken == 8
    assert mailbox(people.ada, wrong).failing_since is None


def test_a_server_that_says_no_in_the_middle_is_asked_again(people: People, mail: Mail, box: UUID) -> None:
    mail.faults = Faults(too_many_requests=0)
    real = looking._fetched

    def fails_once(state: Any, *args: Any) -> Any:
        if state.taken == 2:
            mail.faults = replace(mail.faults, failures=1)
        return real(state, *args)

    with patch.object(looking, "_fetched", fails_once):
        found = look_now(people.ada, box)
    assert (found.taken, "UNAVAILABLE" in (found.problem or "")) == (2, True)
    assert look_now(people.ada, box).taken == 6


def test_who_lets_us_wait_is_cut_off(people: People, app: Flask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, patch.object(outside, "allow_internal", new=True):

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                try:
                    while True:
                        connection.sendall(b"*")
                        stop.wait(0.05)
                except OSError:
                    return

        stop = threading.Event()
        thread = threading.Thread(target=drip)
        thread.start()
        made = facts(Mail(), host="127.0.0.1", port=server.getsockname()[1])
        box = create_mailbox(people.ada, "imap", made)
        with patch.object(imap_reading, "PATIENCE_SECONDS", 0.5):
            assert look_now(people.ada, box).problem == "it gave no answer within 0.5 s"
        thread.join(5)
        assert not thread.is_alive()


def test_internal_addresses_are_refused_and_plain_goes_nowhere_else(people: People, mail: Mail, box: UUID) -> None:
    with patch.object(outside, "allow_internal", new=False):
        assert look_now(people.ada, box).problem == "127.0.0.1 is an internal address"
        for host in ("127.1", "10.0.0.1", "[::1]", "0x7f.1"):
            with pytest.raises(Invalid):
                create_mailbox(people.ada, "imap", facts(mail, host=host.strip("[]")))
    elsewhere = create_mailbox(people.ada, "imap", facts(mail, host="192.0.2.1"))
    assert look_now(people.ada, elsewhere).problem == "without TLS only a server on this machine is asked"


def test_the_schedule_rings_each_minute_for_those_that_are_due(people: People, mail: Mail, box: UUID) -> None:
    paused = create_mailbox(people.ada, "imap", facts(mail, name="Paused"))
    switch_mailbox(people.ada, paused, is_active=False)
    create_mailbox(people.ada, "sendgrid", MailboxFacts(name="Posted"))
    [ring] = due_mailboxes()
    assert (ring.job, ring.tenant_id, ring.outbox_id) == (leasing.JOB, people.tenant_id, box)
    assert due_mailboxes() == []
    job.look(str(people.tenant_id), str(box))
    assert (len(names(people)), due_mailboxes()) == (5, [])
    mail.mailbox.deliver(new(1))
    # Not due: a ring that was late does nothing.
    job.look(str(people.tenant_id), str(box))
    assert len(names(people)) == 5
    assert schedule_once() >= 0


def test_the_password_goes_to_no_other_server(people: People, mail: Mail, box: UUID) -> None:
    with pytest.raises(Invalid, match="entered again"):
        change_mailbox(people.ada, box, facts(mail, host="localhost", secret=""))
    change_mailbox(people.ada, box, facts(mail, name="Renamed", secret=""))
    assert look_now(people.ada, box).taken == 8


def test_others_may_not(people: People, mail: Mail, box: UUID) -> None:
    for someone in (people.alice, people.mona):
        with pytest.raises(Forbidden):
            look_now(someone, box)
    with pytest.raises(NotFound):
        look_now(people.charlie, box)
    job.look(str(people.charlie.tenant_id), str(box))
    assert (count(people.charlie, Deal), count(people.ada, Deal), count(people.ada, Activity)) == (0, 0, 0)
