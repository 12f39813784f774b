"""What the tests of engines share: a program that supervises small children, run as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from deals_app.embedded.processes import wait_until

PROGRAM = Path(__file__).with_name("small_up.py")
SECONDS = 20.0


class Up:
    """One running supervisor, and all that descends from it."""

    def __init__(self, data_dir: Path, command: Sequence[str], environ: dict[str, str]) -> None:
        self.data_dir = data_dir
        self.process = subprocess.Popen(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def wait_ready(self) -> dict[str, object]:
        """The facts that the small program prints once it is ready."""
        return json.loads(self.first_line())

    def first_line(self) -> str:
        """The first line on stdout."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _, errors = self.process.communicate(timeout=SECONDS)
            pytest.fail(f"ended with {self.process.returncode}: {errors}")
        return line

    def family(self) -> list[psutil.Process]:
        """The supervisor's descendants."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal, wait; returns the exit code and what it said on stderr."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, errors


def all_gone(processes: Sequence[psutil.Process], seconds: float = 5.0) -> bool:
    """Whether all end within the time; a zombie without a reaper has ended."""

    def gone() -> bool:
        return not [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]

    def gone_despite_races() -> bool:
        try:
            return gone()
        except psutil.NoSuchProcess:
            return False

    return wait_until(gone_despite_races, seconds=seconds, pause_seconds=0.05)


@pytest.fixture
def start_up() -> Iterator[Callable[..., Up]]:
    """Starts supervisors and ends what a failed test left."""
    started: list[Up] = []

    def start(
        data_dir: Path,
        *,
        python: Sequence[str] = (sys.executable,),
        program: Sequence[str] | None = None,
        **environ: str,
    ) -> Up:
        clean = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "DATABASE_ADMIN_URL", "REDIS_URL"}}
        clean["PYTHONPATH"] = str(PROGRAM.parents[2])
        up = Up(data_dir, [*python, *(program or (str(PROGRAM), str(data_dir)))], clean | environ)
        started.append(up)
        return up

    yield start
    for up in started:
        if up.process.poll() is None:
            up.process.kill()
            up.process.communicate(timeout=SECONDS)
        for stream in (up.process.stdout, up.process.stderr):
            if stream is not None:
                stream.close()
