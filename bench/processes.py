"""What the processes of the product cost: the most memory each ever had, and processor time by kind."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

PAUSE_SECONDS = 1.0
BARE, CLIENTS = "bare worker", "clients"
# Words of a command line -> what we call the process; the first that fits.
KINDS = (
    ("bench.bare:app", BARE),
    ("worker [bare]", BARE),
    ("master [bare]", BARE),
    ("worker [deals web]", "web worker"),
    ("gunicorn", "web master"),
    ("deals_app.cli web", "web master"),
    ("deals_app.cli worker", "job worker"),
    ("rq:", "job worker"),
    ("postgres", "postgres"),
    ("valkey", "valkey"),
    ("redis", "valkey"),
)


class Peaks:
    """Peaks of memory of everything but the bare application, by kind."""

    def __init__(self) -> None:
        self._largest: dict[str, int] = {}
        self._at_once: dict[str, int] = {}
        self._together = 0

    def look(self) -> None:
        """One look at everything that lives now."""
        together, alive = 0, Counter[str]()
        for process, kind in _of_ours():
            if kind == BARE:
                continue
            together += _kilobytes(process.pid, "smaps_rollup", "Pss:")
            alive[kind] += 1
            self._largest[kind] = max(self._largest.get(kind, 0), _kilobytes(process.pid, "status", "VmHWM:"))
        self._together = max(self._together, together)
        self._at_once = {kind: max(self._at_once.get(kind, 0), alive[kind]) for kind in {*self._at_once, *alive}}

    def as_json(self) -> dict[str, Any]:
        """The largest process of each kind, and the largest sum at one moment, in megabytes."""
        return {
            "together_megabytes": self._together // 1024,
            "kinds": {
                kind: {"processes": self._at_once[kind], "largest_megabytes": kilobytes // 1024}
                for kind, kilobytes in sorted(self._largest.items())
            },
        }


@contextmanager
def watched() -> Iterator[Peaks]:
    """Look again and again until the end of the block."""
    peaks, ended = Peaks(), threading.Event()

    def keep_looking() -> None:
        while not ended.wait(PAUSE_SECONDS):
            peaks.look()

    watcher = threading.Thread(target=keep_looking)
    watcher.start()
    try:
        yield peaks
    finally:
        ended.set()
        watcher.join()


def processor_seconds() -> Counter[str]:
    """Processor time so far by kind; ours, as the clients', among them."""
    found = Counter({CLIENTS: _spent(psutil.Process())})
    for process, kind in _of_ours():
        with suppress(psutil.Error):
            found[kind] += _spent(process)
    return found


def _spent(process: psutil.Process) -> Any:
    times = process.cpu_times()
    return times.user + times.system


def _of_ours() -> Iterator[tuple[psutil.Process, str]]:
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            line = " ".join(process.cmdline())
            if kind := next((kind for words, kind in KINDS if words in line), ""):
                yield process, kind


def _kilobytes(pid: int, file: str, field: str) -> int:
    """A field of a file in /proc; 0 where the system has none or does not let us look."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}", file).read_text(encoding="ascii").splitlines():
            if line.startswith(field):
                return int(line.split()[1])
    return 0
