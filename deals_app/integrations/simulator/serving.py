"""An HTTP server on loopback whose paths are functions, with faults that can be switched on."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlsplit

_LARGEST_BODY: Final = 32 << 20
_SLOWEST: Final = 60.0


@dataclass(frozen=True)
class Faults:
    """What goes wrong: with calls (the next so many of them), and with what is sent to the product."""

    too_many_requests: int = 0
    failures: int = 0
    slow_seconds: float = 0.0
    duplicates: bool = False
    disorder: bool = False
    gaps: bool = False

    @classmethod
    def changed(cls, before: Faults, changes: Mapping[str, Any]) -> Faults:
        """`before` with some of it changed; ValueError names what is no fault or has a wrong value."""
        known = asdict(before)
        for name, value in changes.items():
            if name not in known:
                message = f"{name} is no fault; there are {', '.join(known)}"
                raise ValueError(message)
            if isinstance(value, bool) is not isinstance(known[name], bool) or not isinstance(value, int | float):
                message = f"{name} must be of the kind of {known[name]!r}"
                raise ValueError(message)
            if value < 0:
                message = f"{name} must not be negative"
                raise ValueError(message)
        return replace(before, **changes)

    def applied_to(self, sent: list[Any]) -> list[Any]:
        """What really goes out of `sent`: with gaps every second is lost, with disorder the last comes first."""
        kept = sent[::2] if self.gaps else list(sent)
        kept = [each for each in kept for _ in range(2)] if self.duplicates else kept
        return kept[::-1] if self.disorder else kept


@dataclass(frozen=True)
class Request:
    """A call as it came in; `match` holds the named parts of its path."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    match: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ValueError."""
        value = json.loads(self.body or b"{}")
        if not isinstance(value, dict):
            message = "the body must be a JSON object"
            raise ValueError(message)  # noqa: TRY004 (what came from outside is a wrong value, not a wrong type)
        return cast("dict[str, Any]", value)

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode(errors="replace")))

    @property
    def token(self) -> str:
        """What stands behind Bearer."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Answer:
    """JSON, unless `content` is a text or bytes."""

    content: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def encoded(self) -> tuple[bytes, str]:
        """The body and its type."""
        if isinstance(self.content, bytes):
            return self.content, "application/octet-stream"
        if isinstance(self.content, str):
            kind = "text/xml" if self.content.startswith("<?xml") else "text/html"
            return self.content.encode(), f"{kind}; charset=utf-8"
        return (b"" if self.content is None else json.dumps(self.content).encode()), "application/json"


Handler = Callable[[Request], Answer]


class Simulation:
    """A system: its paths (`on`), what it refuses before looking (`door`), and its faults. One call at a time."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.url = ""
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self._lock = threading.RLock()
        self.on("GET", "/_faults", lambda _: Answer(asdict(self.faults)))
        self.on("POST", "/_faults", self._change_faults)

    def on(self, method: str, path: str, handler: Handler) -> None:
        """Answer calls of this path; `{name}` in it stands for one segment."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
        self._routes.append((method, re.compile(pattern), handler))

    def door(self, request: Request) -> Answer | None:  # noqa: ARG002 (for those who have a door)
        """An answer for whoever may not come in."""
        return None

    def too_many(self) -> Answer:
        """How this system says 429."""
        return Answer({"message": "Too many requests"}, 429, {"Retry-After": "7"})

    def answer(self, request: Request) -> Answer:
        """What this call gets. What the control paths (`/_…`) do is never disturbed."""
        is_control = request.path.startswith("/_")
        if not is_control and self.faults.slow_seconds:
            time.sleep(min(self.faults.slow_seconds, _SLOWEST))
        with self._lock:
            if not is_control and (refused := self._fault() or self.door(request)):
                return refused
            for method, pattern, handler in self._routes:
                if method == request.method and (found := pattern.fullmatch(request.path)):
                    try:
                        return handler(replace(request, match=found.groupdict()))
                    except (ValueError, KeyError, TypeError) as problem:
                        return Answer({"message": f"{type(problem).__name__}: {problem}"}, 400)
        return Answer({"message": f"no {request.method} {request.path} here"}, 404)

    def _fault(self) -> Answer | None:
        if self.faults.too_many_requests:
            self.faults = replace(self.faults, too_many_requests=self.faults.too_many_requests - 1)
            return self.too_many()
        if self.faults.failures:
            self.faults = replace(self.faults, failures=self.faults.failures - 1)
            return Answer({"message": "Internal error"}, 500)
        return None

    def _change_faults(self, request: Request) -> Answer:
        self.faults = Faults.changed(self.faults, request.json)
        return Answer(asdict(self.faults))


@contextmanager
def served(simulation: Simulation, port: int = 0) -> Generator[str]:
    """The address of the simulation while it is served; port 0 takes a free one."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler_of(simulation))
    server.daemon_threads = True
    simulation.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield simulation.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _joined(query: str) -> dict[str, str]:
    """HubSpot's client repeats a name for each of a list; its documentation writes them with commas."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(query):
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _handler_of(simulation: Simulation) -> type[BaseHTTPRequestHandler]:
    class Calls(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are two writes: with Nagle's algorithm each answer would wait for the other side's delay.
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            length = self.headers.get("Content-Length", "0")
            if not length.isdecimal() or int(length) > _LARGEST_BODY:
                self.close_connection = True
                self._send(Answer({"message": "the body is too large"}, 413))
                return
            parts = urlsplit(self.path)
            self._send(
                simulation.answer(
                    Request(
                        method=self.command,
                        path=parts.path,
                        query=_joined(parts.query),
                        headers={name.lower(): value for name, value in self.headers.items()},
                        body=self.rfile.read(int(length)),
                    )
                )
            )

        def _send(self, answer: Answer) -> None:
            body, kind = answer.encoded
            self.send_response(answer.status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815 (http.server's names)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (http.server's name)
            """Quiet: tokens stand in addresses."""

    return Calls
