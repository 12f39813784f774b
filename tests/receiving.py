"""A receiver of webhooks on loopback: remembers what came, verifies it as the library does, answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Received:
    """One message as it came."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def id(self) -> UUID:
        return UUID(self.headers["webhook-id"])

    def verified(self, secret: str) -> dict[str, Any]:
        """The payload; the library raises for a wrong signature."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """`answers` decides on each message: a status, or None to hang up without a word."""

    url: str = ""
    answers: Callable[[Received], int | None] = lambda _: 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    got: list[Received] = field(default_factory=list[Received])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def decide(self, received: Received) -> int | None:
        with self.lock:
            self.got.append(received)
        return self.answers(received)


@contextmanager
def receiver(port: int = 0) -> Iterator[Receiver]:
    """Listening until the end of the block."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = found.decide(Received(self.path, headers, body))
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (http.server's name)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/hooks"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
