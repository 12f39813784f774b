"""A mailbox over IMAP4rev1 (RFC 3501): what is new in it by UID, and each mail as it is. Nothing is ever deleted.

TLS from the first byte, to the address that was checked; without TLS only on this machine. Who lets us wait, or sends
more than a mail can be, is cut off.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address
from typing import Any, Final, cast

from deals_app.integrations.internet_addresses import Refused, outside_addresses
from deals_app.integrations.leash import Leash
from deals_app.integrations.vendor_errors import VendorDown, VendorRefused

CONNECT_SECONDS: Final = 5
# For a command, and for each part of a mail.
PATIENCE_SECONDS: Final = 20
PART_BYTES: Final = 64 * 1024
# A literal may be a mail of 25 MB; whoever sends a larger one has said another size before.
LARGEST_LITERAL: Final = 26 * 1024 * 1024
_NUMBER: Final = re.compile(rb"\d{1,10}")
_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d{1,12})")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where, and as whom."""

    host: str
    port: int
    user: str
    password: str
    is_plain: bool = False
    allow_internal: bool = False


class OpenMailbox:
    """The INBOX, open. Its methods raise VendorDown and VendorRefused."""

    def __init__(self, client: _Pinned, *, is_writable: bool) -> None:
        self._client = client
        _asked(client, "SELECT", "INBOX", readonly=not is_writable)
        self.validity = _told(client, "UIDVALIDITY")
        self.next_uid = _told(client, "UIDNEXT")

    def uids(self, first: int, last: int | None = None, *criteria: str) -> list[int]:
        """The UIDs from `first` to `last`, or to the end, that meet the criteria, in order."""
        # `n:*` has the last mail even where its UID is below n.
        within = f"{first}:{last or '*'}"
        found = _asked(self._client, "UID", "SEARCH", "UNDELETED", "UID", within, *criteria)
        numbers = {int(each) for part in found if part for each in _NUMBER.findall(part)}
        return sorted(uid for uid in numbers if uid >= first and (last is None or uid <= last))

    def size(self, uid: int) -> int | None:
        """In bytes; None for a mail that is gone."""
        for part in _asked(self._client, "UID", "FETCH", str(uid), "(UID RFC822.SIZE)"):
            if found := _SIZE.search(_line(part)):
                return int(found[1])
        return None

    def mail(self, uid: int) -> bytes | None:
        """The whole mail; None for one that is gone."""
        return self._fetched(uid, "BODY.PEEK[]")

    def head(self, uid: int) -> bytes | None:
        """Its headers alone."""
        return self._fetched(uid, "BODY.PEEK[HEADER]")

    def mark_seen(self, uid: int) -> None:
        """As if a person had read it."""
        _asked(self._client, "UID", "STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")

    def _fetched(self, uid: int, item: str) -> bytes | None:
        found = _asked(self._client, "UID", "FETCH", str(uid), f"(UID {item})")
        # A literal comes with the line before it; what the server tells of other mails meanwhile has none.
        literals = (cast("tuple[bytes, bytes]", part) for part in found if isinstance(part, tuple))
        return next((content for line, content in literals if b"BODY[" in line.upper()), None)


def since(day: date) -> tuple[str, str]:
    """The criterion of mails that the server got on that day or later."""
    return "SINCE", f"{day.day:02d}-{_MONTHS[day.month - 1]}-{day.year}"


@contextmanager
def open_mailbox(
    account: Account, *, is_writable: bool = False, on_progress: Callable[[], None] = lambda: None
) -> Generator[OpenMailbox]:
    """Sign in and open the INBOX; `on_progress` is called with each part of a mail that arrives.

    Raises VendorRefused for an address that must not be asked and for a wrong password, VendorDown when nobody answers
    or the conversation breaks off; both with a sentence for people.
    """
    watch = _Watch(on_progress)
    try:
        client = _connected(account, watch)
        try:
            _sign_in(client, account)
            yield OpenMailbox(client, is_writable=is_writable)
            with suppress(VendorDown), _in_our_words(watch):
                client.logout()
        finally:
            # After a LOGOUT it is closed already.
            with suppress(OSError):
                client.shutdown()
    finally:
        watch.end()


@contextmanager
def _in_our_words(watch: _Watch) -> Generator[None]:
    """What one exchange with the server may raise, as VendorDown or VendorRefused."""
    try:
        with watch.waiting():
            yield
    except Refused as error:
        raise VendorRefused(str(error)) from error
    except (imaplib.IMAP4.error, OSError, EOFError, ValueError) as error:
        message = f"it gave no answer within {PATIENCE_SECONDS} s" if watch.has_cut else _reason(error)
        raise VendorDown(message) from error


class _Watch:
    """Cuts the connection when a command, or a part of a mail, takes longer than we have patience.

    A time limit of a socket is one for each read: who sends a byte now and then would keep us for ever.
    """

    def __init__(self, on_progress: Callable[[], None]) -> None:
        self.leash = Leash()
        self.on_progress = on_progress
        self.has_cut = False
        self._timer: threading.Timer | None = None

    @contextmanager
    def waiting(self) -> Generator[None]:
        """Something is waited for inside."""
        self.wait()
        try:
            yield
        finally:
            self._stop()

    def wait(self) -> None:
        """From now on there is patience again."""
        self._stop()
        self._timer = threading.Timer(PATIENCE_SECONDS, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """Nothing is waited for any more."""
        self._stop()
        self.leash.let_go()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _cut(self) -> None:
        self.has_cut = True
        self.leash.cut()


class _Pinned(imaplib.IMAP4):
    """To exactly the address that was checked."""

    watch: _Watch
    address: str
    tls_for: str | None

    def __init__(self, account: Account, address: str, watch: _Watch) -> None:
        self.watch, self.address = watch, address
        self.tls_for = None if account.is_plain else account.host
        super().__init__(account.host, account.port, timeout=CONNECT_SECONDS)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        """Where the standard library connects to the name, by whatever address it has a moment later."""
        made = self.watch.leash.of(socket.create_connection((self.address, self.port), timeout))
        if self.tls_for is not None:
            made = ssl.create_default_context().wrap_socket(made, server_hostname=self.tls_for)
        made.settimeout(PATIENCE_SECONDS)
        return made

    def read(self, size: int) -> bytes:
        """A literal, part by part."""
        if size > LARGEST_LITERAL:
            message = f"it sends {size:,} bytes at once"
            raise self.abort(message)
        parts: list[bytes] = []
        while size > 0:
            part = super().read(min(size, PART_BYTES))
            if not part:
                break
            parts.append(part)
            size -= len(part)
            self.watch.wait()
            self.watch.on_progress()
        return b"".join(parts)


def _connected(account: Account, watch: _Watch) -> _Pinned:
    with _in_our_words(watch):
        [address, *_] = outside_addresses(account.host, account.port, allow_internal=account.allow_internal)
        if account.is_plain and not ip_address(address.partition("%")[0]).is_loopback:
            message = "without TLS only a server on this machine is asked"
            raise Refused(message)
        return _Pinned(account, address, watch)


def _sign_in(client: _Pinned, account: Account) -> None:
    with _in_our_words(client.watch):
        try:
            client.login(account.user, account.password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            message = f"it refused the name or the password: {_reason(error)}"
            raise VendorRefused(message) from error


def _asked(client: _Pinned, command: str, *arguments: str, readonly: bool = False) -> list[Any]:
    with _in_our_words(client.watch):
        is_select = command == "SELECT"
        status, found = client.select(*arguments, readonly=readonly) if is_select else client.uid(*arguments)
    if status != "OK":
        said = found[0].decode("utf-8", "replace") if found and isinstance(found[0], bytes) else status
        message = f"it said no to {command} {arguments[0]}: {said[:200]}"
        raise VendorDown(message)
    return list(found)


def _line(part: Any) -> bytes:
    """What the server said of a mail, without a literal that follows it."""
    said: Any = cast("tuple[Any, ...]", part)[0] if isinstance(part, tuple) else part
    return said if isinstance(said, bytes) else b""


def _told(client: imaplib.IMAP4, name: str) -> int:
    """A number that the server says of the mailbox when it is opened."""
    for part in client.response(name)[1]:
        if isinstance(part, bytes) and (found := _NUMBER.search(part)):
            return int(found[0])
    message = f"it does not say the mailbox's {name}"
    raise VendorRefused(message)


def _reason(error: Exception) -> str:
    """In a sentence."""
    said = error.args[0] if error.args else None
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(error)
    return (text or type(error).__name__)[:300].replace("\0", "")
