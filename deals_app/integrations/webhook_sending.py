"""One signed message to one address: resolved, checked and pinned, no redirect followed, no proxy asked, in 15 s.

Format: Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md).
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import SplitResult, urlsplit

from standardwebhooks import Webhook
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import create_urllib3_context

from deals_app.integrations.internet_addresses import Refused, demand_no_internal_literal, outside_addresses
from deals_app.integrations.leash import Leash

CONNECT_SECONDS = 5
WHOLE_SECONDS = 15
# Enough to see what the receiver complains about.
EXCERPT = 1024
LONGEST_URL = 2000
AGENT = "Deals-Webhooks/1.0"


class Outside:
    """Whether internal addresses and plain http are allowed: never, but for tests and development."""

    def __init__(self) -> None:
        self.allow_internal = False


outside = Outside()


@dataclass(frozen=True, kw_only=True)
class Message:
    """What is sent: the same id at each attempt, signed with each of the secrets."""

    url: str
    message_id: str
    payload: Mapping[str, Any]
    secrets: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of it: the status, or why there is none; the beginning of what was answered."""

    status: int | None
    error: str | None
    response: str | None
    duration_ms: int

    @property
    def got_through(self) -> bool:
        """Any 2xx; a redirect is none."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_gone(self) -> bool:
        """410: the receiver wants no more, ever."""
        return self.status == HTTPStatus.GONE


def url_problem(url: str) -> str | None:
    """What is wrong with an endpoint's URL and what would be right, or None."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return f"must be a URL of at most {LONGEST_URL} plain characters"
    try:
        parts = urlsplit(url)
        host, has_port = parts.hostname, parts.port != 0
    except ValueError:
        host, has_port = None, False
        parts = urlsplit("")
    schemes = ("https", "http") if outside.allow_internal else ("https",)
    for is_wrong, message in (
        (parts.scheme not in schemes, "must begin with https://"),
        (not host or not has_port, "must name a host, like https://example.com/hooks"),
        (parts.username is not None or parts.password is not None, "must have no user or password in it"),
        (bool(parts.fragment), "must have no # part"),
    ):
        if is_wrong:
            return message
    return None if outside.allow_internal else _literal_problem(host or "")


def _literal_problem(host: str) -> str | None:
    try:
        demand_no_internal_literal(host)
    except Refused as error:
        return str(error)
    return None


def send(message: Message) -> Outcome:
    """Post it once; whatever goes wrong is in the outcome, nothing is raised."""
    start = time.monotonic()
    status, error, response = None, None, None
    try:
        status, response = _posted(message)
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            error = f"answered {status}" + (
                ", and redirects are not followed" if HTTPStatus.MULTIPLE_CHOICES <= status < 400 else ""  # noqa: PLR2004 (3xx)
            )
    except Refused as refusal:
        error = str(refusal)
    except (OSError, HTTPError, http.client.HTTPException, ValueError) as failure:
        seconds = time.monotonic() - start
        error = f"no answer within {WHOLE_SECONDS} s" if seconds >= WHOLE_SECONDS else _reason(failure)
    duration_ms = round((time.monotonic() - start) * 1000)
    return Outcome(status=status, error=error, response=response, duration_ms=duration_ms)


def signed(message: Message, now: datetime) -> tuple[bytes, dict[str, str]]:
    """The body and the headers that the specification asks for; `now` in UTC."""
    body = json.dumps(message.payload, ensure_ascii=False, separators=(",", ":"))
    signatures = (Webhook(secret).sign(message.message_id, now, body) for secret in message.secrets)
    return body.encode(), {
        "content-type": "application/json",
        "user-agent": AGENT,
        "webhook-id": message.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _posted(message: Message) -> tuple[int, str]:
    if problem := url_problem(message.url):
        raise Refused(problem)
    parts = urlsplit(message.url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    body, headers = signed(message, datetime.now(UTC))
    headers["host"] = parts.netloc
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    addresses = outside_addresses(host, port, allow_internal=outside.allow_internal)
    with _connected(parts, host, addresses[0], port) as connection:
        connection.request("POST", target, body, headers, preload_content=False, decode_content=False)
        answer = connection.getresponse()
        excerpt = answer.read(EXCERPT, decode_content=False) or b""
        return answer.status, excerpt.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")[:EXCERPT]


@contextmanager
def _connected(parts: SplitResult, host: str, address: str, port: int) -> Generator[HTTPConnection | HTTPSConnection]:
    """To exactly this address; certificate and server name are the URL's. Cut when the time is over.

    A time limit of a socket is one for each read: who sends a byte every four seconds would keep us for ever.
    """
    if parts.scheme == "https":
        context = create_urllib3_context()
        context.load_default_certs()
        connection = _PinnedHTTPS(
            address, port, timeout=CONNECT_SECONDS, server_hostname=host, assert_hostname=host, ssl_context=context
        )
    else:
        connection = _PinnedHTTP(address, port, timeout=CONNECT_SECONDS)
    connection.leash = leash = Leash()
    watch = threading.Timer(WHOLE_SECONDS, leash.cut)
    watch.daemon = True
    watch.start()
    try:
        connection.connect()
        if connection.sock is not None:
            connection.sock.settimeout(WHOLE_SECONDS)
        yield connection
    finally:
        watch.cancel()
        connection.close()
        leash.let_go()


class _PinnedHTTP(HTTPConnection):
    """By http: for development."""

    leash: Leash

    def _new_conn(self) -> socket.socket:
        return self.leash.of(super()._new_conn())


class _PinnedHTTPS(HTTPSConnection):
    """By https."""

    leash: Leash

    def _new_conn(self) -> socket.socket:
        return self.leash.of(super()._new_conn())


def _reason(failure: Exception) -> str:
    """In a sentence, without our own objects in it."""
    text = str(failure) or type(failure).__name__
    _, mark, rest = text.partition("object at 0x")
    return (rest.partition(": ")[2] if mark else text)[:500].replace("\0", "") or type(failure).__name__
