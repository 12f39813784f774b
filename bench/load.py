"""A load from threads over kept-alive connections: how many requests a second a server answers.

The client is bare sockets on purpose: what it costs comes off the same cores and would make every ratio look better.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.processes import processor_seconds

CLIENTS = 8
# Before anything is counted: connections are opened, statements prepared, caches filled.
WARMING_SECONDS = 1.0
_READ_BYTES = 1 << 16
_BAD = 400

# Yields requests, is sent the body of each answer.
Script = Generator[bytes, str, None]


@dataclass(frozen=True, kw_only=True)
class Load:
    """A server and what each client, by number, asks of it."""

    port: int
    script: Callable[[int], Script]


def request(method: str, path: str, headers: Mapping[str, str] | None = None, body: str = "") -> bytes:
    """One HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body.encode())}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", body]).encode()


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How many answers a second, and the processor time of one in milliseconds, by kind of process."""

    per_second: float
    milliseconds: dict[str, float]


def rate(load: Load, seconds: float) -> Rate:
    """Measured for so long after warming up; raises RuntimeError on any 4xx or 5xx."""
    counting_from = time.monotonic() + WARMING_SECONDS
    until = counting_from + seconds

    def answered_to(number: int) -> int:
        answered = 0
        with socket.create_connection(("127.0.0.1", load.port), timeout=30) as connection:
            script = load.script(number)
            asked = next(script)
            while time.monotonic() < until:
                body = _answer(connection, asked)
                answered += counting_from <= time.monotonic()
                asked = script.send(body)
        return answered

    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = pool.map(answered_to, range(CLIENTS))
        time.sleep(WARMING_SECONDS)
        before = processor_seconds()
        answered = sum(clients)
        lasted = time.monotonic() - counting_from
        spent = processor_seconds() - before
    return Rate(
        per_second=answered / lasted,
        milliseconds={kind: seconds / answered * 1000 for kind, seconds in spent.items()},
    )


def once(load: Load) -> str:
    """The body of the first answer."""
    with socket.create_connection(("127.0.0.1", load.port), timeout=30) as connection:
        return _answer(connection, next(load.script(0)))


def _answer(connection: socket.socket, asked: bytes) -> str:
    """Send a request and read the whole answer."""
    connection.sendall(asked)
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _read(connection)
    head, body = received[:end], received[end + 4 :]
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or b"0")
    parts, have = [body], len(body)
    while have < length:
        parts.append(_read(connection))
        have += len(parts[-1])
    text = b"".join(parts).decode()
    if int(head[9:12]) >= _BAD:
        raise RuntimeError(head.partition(b"\r\n")[0].decode() + " " + text[:300])
    return text


def _read(connection: socket.socket) -> bytes:
    received = connection.recv(_READ_BYTES)
    if not received:
        message = "the server closed a connection in the middle"
        raise RuntimeError(message)
    return received
