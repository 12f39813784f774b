"""Mailboxes: their kinds, when one that cannot be reached is asked again, and how they look to those who watch them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

IMAP: Final = "imap"
KINDS: Final = (IMAP, "sendgrid", "mailgun", "postmark")
# Which mails of an IMAP mailbox are taken at first.
BEGINNINGS: Final = ("new", "unread", "all")
SECURITIES: Final = ("tls", "none")
LOOK_EVERY: Final = timedelta(minutes=1)
# A server that refuses a password again and again locks its user out.
REST_MINUTES: Final = (1, 2, 5, 15, 30, 60)


def rest_after(failures_in_row: int) -> timedelta:
    """How long a mailbox is left alone when it could not be looked into that often in a row."""
    return timedelta(minutes=REST_MINUTES[min(failures_in_row, len(REST_MINUTES)) - 1])


@dataclass(frozen=True, kw_only=True)
class MailboxView:
    """A mailbox without its secrets; `taken` and `refused` are mails since it was made."""

    id: UUID
    kind: str
    name: str
    host: str | None
    port: int | None
    user_name: str | None
    security: str | None
    begins_with: str
    marks_seen: bool
    pipeline_id: UUID | None
    owner_id: UUID | None
    state: str
    taken: int
    refused: int
    last_taken_at: datetime | None
    looked_at: datetime | None
    last_error: str | None
    failing_since: datetime | None
    next_look_at: datetime
    created_at: datetime

    @property
    def is_active(self) -> bool:
        """Whether mails are taken."""
        return self.state == "active"

    @property
    def is_fetched(self) -> bool:
        """Whether we fetch its mails; a mail service posts those of the others."""
        return self.kind == IMAP


@dataclass(frozen=True, kw_only=True)
class PostAddress:
    """Where a mail service posts to: a path below our own address, and a name and password where it wants them."""

    path: str
    user: str = ""
    password: str = ""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What came of a look into a mailbox: how many mails were taken, or why none could be."""

    taken: int = 0
    problem: str | None = None
    has_more: bool = False
