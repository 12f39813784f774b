"""Engines of a crashed instance that still run: found by their command line, ended before a new one starts."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from deals_app.embedded.processes import EmbeddedError, wait_until

# A killed supervisor takes its engines along within milliseconds (`processes.die_with_parent`), so this is for the
# moment in between, and for systems without a parent-death signal.
_GRACE_SECONDS = 5.0


def end_orphans(marker: str, *, gentle_signal: int) -> None:
    """End every process whose command line holds `marker`. Only for the holder of the instance's lock."""
    if not running(marker):
        return
    for number in (gentle_signal, signal.SIGKILL):
        for pid in running(marker):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        if wait_until(lambda: not running(marker), seconds=_GRACE_SECONDS, pause_seconds=0.05):
            return
    pids = ", ".join(str(pid) for pid in running(marker))
    message = f"An engine of an earlier instance still runs and cannot be ended (pid {pids}): end it and try again"
    raise EmbeddedError(message)


def running(marker: str) -> list[int]:
    """The processes whose command line holds `marker`: a program's name together with a path that only we use."""
    return [pid for pid, command in _command_lines().items() if marker in command and pid != os.getpid()]


def _command_lines() -> dict[int, str]:
    """All processes of this machine. /proc/PID/cmdline is readable for all, unlike /proc/PID/cwd in a container."""
    proc = Path("/proc")
    if not (proc / "self/cmdline").exists():
        listing = subprocess.run(["ps", "-axo", "pid=,command="], capture_output=True, text=True, check=True).stdout  # noqa: S607 (where ps lives differs)
        rows = (line.strip().partition(" ") for line in listing.splitlines())
        return {int(pid): command.strip() for pid, _, command in rows}
    commands: dict[int, str] = {}
    for entry in proc.iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                raw = (entry / "cmdline").read_bytes().rstrip(b"\0")
                commands[int(entry.name)] = raw.replace(b"\0", b" ").decode(errors="replace")
    return commands
