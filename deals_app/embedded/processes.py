"""Child processes that never outlive us and, where asked, run with fewer rights. Knows no particular program."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deals_app.settings import supervisor_pid_from_environment

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2

_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_CAPABILITY_VERSION_3 = 0x20080522

_ON_LINUX = sys.platform == "linux"
# Loaded before any fork: a child between fork and exec must not run the dynamic loader.
_libc = ctypes.CDLL(None, use_errno=True) if _ON_LINUX else None


class EmbeddedError(Exception):
    """An engine or a part of `deals up` cannot run; the message says why and what to do."""


@dataclass(frozen=True)
class RunAs:
    """The user a child becomes, and the one capability (if any) it keeps from root."""

    uid: int
    gid: int
    capability: int | None = None


def spawn(
    argv: Sequence[str],
    *,
    run_as: RunAs | None = None,
    death_signal: int = signal.SIGKILL,
    environ: Mapping[str, str] | None = None,
    output: int | None = None,
    errors: int | None = subprocess.STDOUT,
    must_reach: Iterable[Path] = (),
) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own; the kernel sends it `death_signal` when we die.

    Call this from the main thread: the signal comes when the *thread* that forked ends. The session keeps a Ctrl-C
    of the terminal away from the child, so that the order of stopping stays ours. `output` takes both streams unless
    `errors` says otherwise.
    Folders and programs in `must_reach` are tried as the child's user first; one that is closed to it fails the call.
    """
    parent = os.getpid()

    def prepare() -> None:
        if run_as is not None:
            _become(run_as)
        for path in must_reach:
            if not os.access(path, os.X_OK):
                raise PermissionError(path)
        # Last, because the kernel forgets the death signal whenever the user changes.
        die_with_parent(death_signal, parent)

    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else errors,
        env=environ,
        cwd="/" if run_as is not None else None,
        start_new_session=True,
        preexec_fn=prepare,  # noqa: PLW1509 (there is no other place between fork and exec; we fork from one thread)
    )


def die_with_parent(death_signal: int = signal.SIGKILL, parent: int | None = None) -> None:
    """Ask the kernel for `death_signal` when the parent dies. A no-op where there is no prctl (macOS)."""
    if _libc is None:
        return
    _prctl(_PR_SET_PDEATHSIG, death_signal)
    if parent is not None and os.getppid() != parent:  # it died before we asked
        os.kill(os.getpid(), signal.SIGKILL)


def tie_forks_to_this_process() -> None:
    """Every later `os.fork` of this process (an RQ work-horse, a gunicorn worker) dies with it too.

    The death signal is not inherited over fork. Where there is none, our own Python processes look at their parent
    instead; engines then survive a killed supervisor until the next `deals up` ends them (`orphans.py`).
    """
    if _ON_LINUX:
        forking_pid = os.getpid()

        def remember() -> None:
            nonlocal forking_pid
            forking_pid = os.getpid()

        os.register_at_fork(before=remember, after_in_child=lambda: die_with_parent(signal.SIGKILL, forking_pid))
        return
    supervisor = supervisor_pid_from_environment()
    if supervisor is not None:
        threading.Thread(target=_leave_when_orphaned, args=(supervisor,), daemon=True).start()


def wait_all(processes: Iterable[subprocess.Popen[bytes]], deadline: float) -> list[subprocess.Popen[bytes]]:
    """Wait until all have ended or the monotonic `deadline` has passed; returns those still running."""
    remaining = []
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            remaining.append(process)
    return remaining


def stop(process: subprocess.Popen[bytes], steps: Iterable[tuple[int, float]]) -> None:
    """Send each signal and give it its seconds; whatever is left then is killed with its whole process group."""
    for number, seconds in steps:
        process.send_signal(number)
        if not wait_all([process], time.monotonic() + seconds):
            return
    kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL for the child and everything in its session's first group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(condition: Callable[[], bool], *, seconds: float, pause_seconds: float = 0.01) -> bool:
    """Poll `condition` until it holds or the time is over; returns whether it held."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_seconds)
    return True


def _leave_when_orphaned(supervisor: int) -> None:
    while os.getppid() == supervisor:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _become(user: RunAs) -> None:
    """Between fork and exec: leave root for good, keeping at most one capability across the exec."""
    if user.capability is not None:
        # Capabilities then stay over setuid until we cut them down; and access(2), with which PostgreSQL looks for its
        # own program, goes on counting them: it ignores the capabilities of anyone but root otherwise.
        _prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setgid(user.gid)
    os.setuid(user.uid)
    if user.capability is not None:
        _keep_only(user.capability)
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, user.capability)


def _keep_only(capability: int) -> None:
    """capset(2): permitted, effective and inheritable hold this one; ambient demands the first and the last."""
    assert _libc is not None  # noqa: S101 (for the types: only called where there is one)
    bit = 1 << capability
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    if _libc.capset(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capset failed")


def _prctl(option: int, *arguments: int) -> None:
    assert _libc is not None  # noqa: S101 (for the types: only called where there is one)
    padded = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    if _libc.prctl(option, *padded) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")
