"""Keeps the parts of an instance running: starts them, starts again what dies, stops all in order."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deals_app.embedded.home import log_tail, open_log
from deals_app.embedded.processes import EmbeddedError, kill_group, spawn, wait_all
from deals_app.embedded.stop_signals import StopSignals

_LONG_LIFE_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 10.0
_DEATHS_BEFORE_READY = 4
_READINESS_PAUSE_SECONDS = 0.05

# Web workers finish their requests within `gunicorn_conf.graceful_timeout`. RQ waits for its job, however long, at
# the first signal and gives it up at the second; the job's outbox row brings it back.
_STOP_STEPS = ((signal.SIGTERM, 4.0), (signal.SIGTERM, 1.5))


class Part(Protocol):
    """Something that can be started again."""

    @property
    def name(self) -> str:
        """What people and its log call it."""
        ...

    def is_running(self) -> bool:
        """Whether it lives."""
        ...

    def start(self) -> None:
        """Start it, for the first time or again."""


class Child:
    """One of our own commands as a child process; its output goes to `logs/NAME.log`."""

    def __init__(self, name: str, argv: Sequence[str], environ: dict[str, str], data_dir: Path) -> None:
        self.name = name
        self.process: subprocess.Popen[bytes] | None = None
        self._argv = argv
        self._environ = environ
        self._data_dir = data_dir

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Spawn it. To a file and not to our own streams: a reader who stops reading would stop it too."""
        log = open_log(self._data_dir, self.name)
        try:
            self.process = spawn(self._argv, environ=self._environ, output=log)
        finally:
            os.close(log)

    def epitaph(self) -> str:
        """How it ended, and the last it said."""
        code = self.process.returncode if self.process is not None else None
        how = f"signal {-code}" if code is not None and code < 0 else f"exit {code}"
        return f"{self.name} ended ({how})\n{log_tail(self._data_dir, self.name)}"


@dataclass
class _Kept:
    """A part with its record of deaths."""

    part: Part
    started_at: float = 0.0
    deaths_in_a_row: int = 0
    start_again_at: float | None = None

    def note_death(self, now: float) -> None:
        lived_long = now - self.started_at > _LONG_LIFE_SECONDS
        self.deaths_in_a_row = 1 if lived_long else self.deaths_in_a_row + 1
        # At once the first time; then slower and slower, so that a broken part does not eat the machine.
        pause = 0.0 if self.deaths_in_a_row == 1 else min(0.1 * 2**self.deaths_in_a_row, _LONGEST_PAUSE_SECONDS)
        self.start_again_at = now + pause


class Supervisor:
    """Runs children over engines that are already up, until a signal to stop."""

    def __init__(
        self,
        *,
        engines: Sequence[Part],
        children: Sequence[Child],
        is_ready: Callable[[], bool],
        on_ready: Callable[[], None],
        notify: Callable[[str], None],
    ) -> None:
        self._children = children
        now = time.monotonic()
        self._kept = [_Kept(part, started_at=now) for part in (*engines, *children)]
        self._is_ready = is_ready
        self._on_ready = on_ready
        self._notify = notify
        self._has_been_ready = False

    def run(self, signals: StopSignals) -> None:
        """Blocks until asked to stop; the children are gone when it returns, the engines are their owner's."""
        try:
            for child in self._children:
                child.start()
            while not signals.is_stopping:
                self._revive(signals)
                self._look_for_readiness()
                signals.wait(self._seconds_to_next_look())
        finally:
            stop_children(self._children)

    def _revive(self, signals: StopSignals) -> None:
        for kept in self._kept:
            if kept.part.is_running():
                continue
            now = time.monotonic()
            if kept.start_again_at is None:
                kept.note_death(now)
                self._notify(kept.part.epitaph() if isinstance(kept.part, Child) else f"{kept.part.name} ended")
                if not self._has_been_ready and kept.deaths_in_a_row >= _DEATHS_BEFORE_READY:
                    message = f"{kept.part.name} does not start"
                    raise EmbeddedError(message)
            if kept.start_again_at is not None and now >= kept.start_again_at:
                self._start_again(kept, signals)

    def _start_again(self, kept: _Kept, signals: StopSignals) -> None:
        kept.start_again_at = None
        kept.started_at = time.monotonic()
        self._notify(f"Starting {kept.part.name} again")
        try:
            with signals.interrupting():  # an engine's recovery may take long
                kept.part.start()
        except EmbeddedError as problem:
            self._notify(str(problem))

    def _look_for_readiness(self) -> None:
        if not self._has_been_ready and self._is_ready():
            self._has_been_ready = True
            self._on_ready()

    def _seconds_to_next_look(self) -> float | None:
        """None is until the next signal: the death of a child is one."""
        if not self._has_been_ready:
            return _READINESS_PAUSE_SECONDS
        if any(kept.start_again_at is None and not kept.part.is_running() for kept in self._kept):
            return 0.0
        waiting = [kept.start_again_at for kept in self._kept if kept.start_again_at is not None]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None


def stop_children(children: Sequence[Child]) -> None:
    """All at once, with a common deadline; SIGKILL for the process group of whoever overruns it."""
    left = [child.process for child in children if child.process is not None and child.is_running()]
    for number, seconds in _STOP_STEPS:
        for process in left:
            process.send_signal(number)
        left = wait_all(left, time.monotonic() + seconds)
    for process in left:
        kill_group(process)
