"""`deals up` itself: ready, answering, surviving the loss of its parts, leaving nothing behind."""

from __future__ import annotations

import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil

from deals_app.embedded.processes import wait_until
from tests.embedded.conftest import Up, all_gone

StartUp = Callable[..., Up]


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command_lines(processes: list[psutil.Process]) -> str:
    """What `ps` would show."""
    return "\n".join(" ".join(process.cmdline()) for process in processes)


def is_ready(port: int) -> bool:
    """Whether requests are answered and every part is good."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as response:
            return response.status == 200
    except OSError:
        return False


def test_up_from_the_first_start_to_the_last_stop(start_up: StartUp, tmp_path: Path) -> None:
    port = free_port()
    words = ("-m", "deals_app.cli", "up", "--port", str(port), "--no-demo", "--data-dir", str(tmp_path))
    up = start_up(tmp_path, program=words)
    assert up.first_line() == f"Ready on http://127.0.0.1:{port}\n"
    assert is_ready(port)
    family = up.family()
    for part in ("deals web", "rq:worker", "deals scheduler", "postgres", "valkey-server"):
        assert part in command_lines(family)

    code, errors = start_up(tmp_path, program=(*words[:3], "--port", str(free_port()), *words[5:])).stop(0)
    assert (code, "already runs" in errors) == (1, True)

    master = next(process for process in family if "master [deals web]" in command_lines([process]))
    workers = master.children()
    master.kill()
    assert all_gone(workers)
    assert wait_until(lambda: is_ready(port), seconds=10)

    family = up.family()
    up.process.kill()
    up.process.wait()
    assert all_gone(family)

    up = start_up(tmp_path, program=words)
    assert up.first_line().startswith("Ready on")
    family = up.family()
    asked_at = time.monotonic()
    assert up.stop(signal.SIGTERM)[0] == 0
    assert time.monotonic() - asked_at < 10
    assert all_gone(family, seconds=1)


def test_a_taken_port_is_refused_at_once(start_up: StartUp, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, errors = start_up(
            tmp_path, program=("-m", "deals_app.cli", "up", "--port", port, "--data-dir", str(tmp_path))
        ).stop(0)
    assert (code, "choose another" in errors) == (1, True)
