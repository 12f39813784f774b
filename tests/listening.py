"""A listener on loopback in the product's place: what another system sends to it is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Received:
    """Its address, and headers and body of every POST so far."""

    url: str = ""
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def receiving(answer: str = "") -> Iterator[Received]:
    """Listen until the end of the block and give this answer to everything."""
    received = Received()

    class Calls(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.calls.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer.encode())))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Calls)
    received.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
