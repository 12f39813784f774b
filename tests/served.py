"""The product as processes: `deals web` and `deals worker` over a test database, on a free port."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
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
    address = f"http://127.0.0.1:{port}"
    environ = environment_for_children(replace(settings, public_url=address)) | {"ASSETS": settings.assets}
    commands = [["web", "--port", str(port), "--workers", str(web_workers)], *[["worker"]] * job_workers]
    with ExitStack() as stack:
        for number, words in enumerate(commands):
            log = stack.enter_context((logs / f"{words[0]}-{number}.log").open("wb"))
            process = spawn([sys.executable, "-m", "deals_app.cli", *words], environ=environ, output=log.fileno())
            stack.callback(_stop, process)
        if not wait_until(lambda: answers(port), seconds=START_SECONDS, pause_seconds=0.05):
            message = (logs / "web-0.log").read_text()
            raise RuntimeError(message)
        yield address


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


def _stop(process: subprocess.Popen[bytes]) -> None:
    stop(process, [(signal.SIGTERM, 10.0)])
