"""The product as processes: `deals web` and `deals worker` over a test database, on a free port."""

from __future__ import annotations

import http.client
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from deals_app.embedded.processes import spawn, stop, wait_until
from deals_app.settings import Settings, environment_for_children

START_SECONDS = 30.0


@contextmanager
def served(settings: Settings, logs: Path, *, web_workers: int = 1, job_workers: int = 0) -> Iterator[str]:
    """The address, once requests are answered; everything is stopped at the end."""
    port = free_port()
    web = ["deals_app.cli", "web", "--port", str(port), "--workers", str(web_workers)]
    environ = _environment(settings, port)
    with ExitStack() as stack:
        stack.enter_context(_answering(web, port, environ, logs / "web-0.log"))
        for number in range(job_workers):
            stack.enter_context(_running(["deals_app.cli", "worker"], environ, logs / f"worker-{number + 1}.log"))
        yield _address(port)


@contextmanager
def served_from(application: str, settings: Settings, logs: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """`module:expression`, an application of the test's own, in a process of its own as `deals web` serves it."""
    port = free_port()
    gunicorn = ["gunicorn", "--config", "python:deals_app.embedded.gunicorn_conf"]
    web = [*gunicorn, "--bind", f"127.0.0.1:{port}", application]
    with _answering(web, port, {**_environment(settings, port), **environ}, logs / f"web-{port}.log"):
        yield _address(port)


@contextmanager
def _answering(module: list[str], port: int, environ: Mapping[str, str], log: Path) -> Iterator[None]:
    with _running(module, environ, log):
        if not wait_until(lambda: answers(port), seconds=START_SECONDS, pause_seconds=0.05):
            raise RuntimeError(log.read_text())
        yield


@contextmanager
def _running(module: list[str], environ: Mapping[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = spawn([sys.executable, "-m", *module], environ=dict(environ), output=output.fileno())
        try:
            yield
        finally:
            stop(process, [(signal.SIGTERM, 10.0)])


def _address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _environment(settings: Settings, port: int) -> dict[str, str]:
    return environment_for_children(replace(settings, public_url=_address(port))) | {"ASSETS": settings.assets}


def answers(port: int) -> bool:
    """Whether `/readyz` says yes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
