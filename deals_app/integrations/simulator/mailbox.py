"""A mailbox in memory: its mails by UID, their flags, and the searches of IMAP that a fetching program makes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from typing import Final

_SET: Final = re.compile(r"(?:\d+|\*)(?::(?:\d+|\*))?(?:,(?:\d+|\*)(?::(?:\d+|\*))?)*")


@dataclass
class Stored:
    """A mail as it lies in the box."""

    uid: int
    raw: bytes
    received: datetime
    flags: set[str] = field(default_factory=set[str])


class Mailbox:
    """The one folder there is. UIDs only grow, until `renumber` makes all that anybody remembers of them worthless."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.validity = 1
        self.next_uid = 1
        self.mails: list[Stored] = []

    def deliver(self, raw: bytes) -> int:
        """Put a mail in, received when it says it was sent; its UID."""
        with self.lock:
            stored = Stored(self.next_uid, raw, _date_of(raw))
            self.mails.append(stored)
            self.next_uid += 1
            return stored.uid

    def renumber(self) -> None:
        """What a server does after a restored backup: a new UIDVALIDITY, and UIDs from 1."""
        with self.lock:
            self.validity += 1
            self.next_uid = 1
            for stored in self.mails:
                stored.uid = self.next_uid
                self.next_uid += 1

    def expunge(self) -> list[int]:
        """Remove the deleted ones; their places, as IMAP tells them (each after those before it are gone)."""
        gone: list[int] = []
        for place in range(len(self.mails), 0, -1):
            if "\\Deleted" in self.mails[place - 1].flags:
                del self.mails[place - 1]
                gone.append(place)
        return gone

    def found(self, criteria: str) -> list[Stored]:
        """The mails that meet all criteria. Raises ValueError for one that is not known here."""
        words = criteria.split()
        tests: list[Callable[[Stored], bool]] = []
        while words:
            tests.append(self._test(words))
        return [stored for stored in self.mails if all(test(stored) for test in tests)]

    def chosen(self, uid_set: str) -> list[Stored]:
        """The mails of a set such as `1:4,9,12:*`. Raises ValueError."""
        if not _SET.fullmatch(uid_set):
            message = f"{uid_set} is no set of UIDs"
            raise ValueError(message)
        last = max((stored.uid for stored in self.mails), default=0)
        ranges: list[tuple[int, int]] = []
        for part in uid_set.split(","):
            ends = [last if end == "*" else int(end) for end in part.split(":")]
            ranges.append((min(ends), max(ends)))
        return [stored for stored in self.mails if any(low <= stored.uid <= high for low, high in ranges)]

    def _test(self, words: list[str]) -> Callable[[Stored], bool]:
        name = words.pop(0).upper()
        if name == "ALL":
            return lambda _: True
        if name in {"SEEN", "DELETED", "FLAGGED", "ANSWERED"}:
            return lambda stored: f"\\{name.capitalize()}" in stored.flags
        if name in {"UNSEEN", "UNDELETED", "UNFLAGGED", "UNANSWERED"}:
            return lambda stored: f"\\{name.removeprefix('UN').capitalize()}" not in stored.flags
        if name in {"KEYWORD", "UNKEYWORD"} and words:
            keyword = words.pop(0)
            return lambda stored: (keyword in stored.flags) is (name == "KEYWORD")
        if name in {"SINCE", "BEFORE"} and words:
            day = datetime.strptime(words.pop(0).strip('"'), "%d-%b-%Y").replace(tzinfo=UTC).date()
            is_since = name == "SINCE"
            return lambda stored: (stored.received.date() >= day) is is_since
        if name == "UID" and words:
            uids = {stored.uid for stored in self.chosen(words.pop(0))}
            return lambda stored: stored.uid in uids
        message = f"{name} is no search of this server"
        raise ValueError(message)


def _date_of(raw: bytes) -> datetime:
    try:
        found = parsedate_to_datetime(str(message_from_bytes(raw)["Date"]))
    except ValueError:
        return datetime.now(UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
