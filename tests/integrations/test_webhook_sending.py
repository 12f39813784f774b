"""One message on the wire: signed, pinned, never redirected, never for longer than it may take."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from deals_app.integrations import webhook_sending
from deals_app.integrations.webhook_sending import EXCERPT, Message, outside, send, signed, url_problem
from tests.receiving import Receiver, receiver

SECRET, OTHER = "whsec_" + "c2VjcmV0" * 4, "whsec_" + "b3RoZXIh" * 4


@pytest.fixture
def development() -> Iterator[None]:
    with patch.object(outside, "allow_internal", new=True):
        yield


@pytest.fixture
def hooks(development: None) -> Iterator[Receiver]:
    with receiver() as listening:
        yield listening


def message(url: str, **changes: Any) -> Message:
    payload = {"type": "deal.won", "n": "Zoë"}
    return replace(Message(url=url, message_id="evt-1", payload=payload, secrets=[SECRET]), **changes)


def test_what_arrives_verifies_with_the_library(hooks: Receiver) -> None:
    outcome = send(message(hooks.url + "?a=1"))
    assert (outcome.status, outcome.error, outcome.response, outcome.got_through) == (200, None, "ok", True)
    [got] = hooks.got
    assert got.path == "/hooks?a=1"
    assert got.headers["host"] in hooks.url
    assert got.headers["webhook-id"] == "evt-1"
    assert got.verified(SECRET) == {"type": "deal.won", "n": "Zoë"}
    with pytest.raises(WebhookVerificationError):
        got.verified(OTHER)


def test_both_secrets_sign_while_one_replaces_the_other() -> None:
    body, headers = signed(message("https://x.example", secrets=[OTHER, SECRET]), datetime.now(UTC))
    for secret in (SECRET, OTHER):
        assert Webhook(secret).verify(body, headers)["type"] == "deal.won"
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + b" ", headers)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(hooks: Receiver, status: int) -> None:
    with receiver() as elsewhere:
        hooks.answers, hooks.headers = (lambda _: status), {"location": elsewhere.url}
        outcome = send(message(hooks.url))
    assert (outcome.status, outcome.got_through, elsewhere.got) == (status, False, [])
    assert outcome.error == f"answered {status}, and redirects are not followed"


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_a_refusal_is_told_as_it_is(hooks: Receiver, status: int) -> None:
    hooks.answers = lambda _: status
    outcome = send(message(hooks.url))
    assert (outcome.status, outcome.got_through, outcome.is_gone) == (status, False, status == 410)


def test_a_receiver_that_hangs_up_or_is_away_is_no_exception(hooks: Receiver) -> None:
    hooks.answers = lambda _: None
    assert send(message(hooks.url)).error
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    outcome = send(message(url))
    assert (outcome.status, outcome.got_through) == (None, False)
    assert "refused" in (outcome.error or "")


def serving(speak: Any) -> tuple[str, threading.Thread]:
    """Whatever is spoken on one connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(65536)
            speak(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", thread


def test_who_answers_a_byte_at_a_time_is_cut_off(development: None) -> None:
    cut = threading.Event()

    def drip(connection: socket.socket) -> None:
        try:
            while not cut.wait(0.05):
                connection.sendall(b"H")
        except OSError:
            cut.set()

    url, thread = serving(drip)
    with patch.object(webhook_sending, "WHOLE_SECONDS", 0.5):
        outcome = send(message(url))
    was_cut = cut.wait(5)
    cut.set()
    thread.join()
    assert was_cut
    assert outcome.error == "no answer within 0.5 s"
    assert outcome.duration_ms < 3000


def test_of_a_long_answer_the_beginning_is_kept(development: None) -> None:
    long = b"\x00\xff" + b"x" * 100_000
    head = b"HTTP/1.1 500 No\r\ncontent-length: %d\r\n\r\n" % len(long)

    def speak(connection: socket.socket) -> None:
        try:
            connection.sendall(head + long)
        except OSError:
            return

    url, thread = serving(speak)
    outcome = send(message(url))
    thread.join()
    assert outcome.status == 500
    assert outcome.response == "\N{REPLACEMENT CHARACTER}" * 2 + "x" * (EXCERPT - 2)


def test_without_the_setting_nothing_internal_is_asked() -> None:
    with receiver() as hooks:
        for url in (hooks.url, hooks.url.replace("http:", "https:"), "https://localhost/x", "https://127.1/x"):
            outcome = send(message(url))
            assert (outcome.status, outcome.got_through) == (None, False)
        assert hooks.got == []


def test_the_checked_address_is_connected_to_and_the_name_goes_to_tls() -> None:
    """The second answer of the resolver is never asked for; the certificate must be the name's."""
    asked: list[tuple[str, int]] = []
    answers = iter(["93.184.216.34", "127.0.0.1"])

    def resolve(_host: str, port: int, *_: Any, **flags: Any) -> list[Any]:
        if flags.get("flags"):
            raise OSError
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> Any:
        asked.append(address)
        raise ConnectionRefusedError

    with patch("socket.getaddrinfo", resolve), patch("urllib3.util.connection.create_connection", connect):
        assert send(message("https://rebinding.example/x")).status is None
    assert asked == [("93.184.216.34", 443)]


def test_certificates_are_verified(development: None) -> None:
    """Who speaks no TLS that we trust gets nothing, not even a request."""
    url, thread = serving(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n"))
    outcome = send(message(url.replace("http:", "https:")))
    thread.join()
    assert outcome.status is None
    made: list[ssl.SSLContext] = []
    original = webhook_sending.create_urllib3_context
    with patch.object(webhook_sending, "create_urllib3_context", lambda: made.append(original()) or made[-1]):
        send(message("https://127.0.0.1:1"))
    assert made[0].verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://example.com", "https://"), ("ftp://example.com", "https://"), ("example.com", "https://"),
        ("https://", "host"), ("https://:443", "host"), ("https://example.com:0", "host"),
        ("https://example.com:99999", "https"), ("https://user:pw@example.com", "user"),
        ("https://u@example.com", "user"),
        ("https://example.com/#x", "#"), ("https://exa mple.com", "plain"), ("https://exämple.com", "plain"),
        ("https://example.com/\n", "plain"), ("https://[::1", "https"), ("https://127.0.0.1", "internal"),
        ("https://[::1]/", "internal"), ("https://127.1/", "internal"), ("https://2130706433", "internal"),
        ("https://example.com/" + "x" * 2000, "2000"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_url_is_said(url: str, says: str) -> None:
    assert says in (url_problem(url) or "")


@pytest.mark.parametrize("url", ["https://example.com", "https://example.com:8443/a?b=c", "https://[2606:4700::1111]/"])
def test_good_urls(url: str) -> None:
    assert url_problem(url) is None
