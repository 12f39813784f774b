"""Who lives in a data directory: a lock that dies with its holder, and beside it how to reach the engines."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from deals_app.embedded.processes import EmbeddedError


@dataclass(frozen=True)
class Occupant:
    """What the holder of the lock tells others. Addresses are empty until the engines answer."""

    pid: int
    is_up: bool  # `deals up`, as against a command that runs the engines for its own duration
    database_url: str = ""
    database_admin_url: str = ""
    redis_url: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether the addresses may be used."""
        return bool(self.database_url and self.redis_url)


class InstanceLock:
    """`instance.lock`: the kernel's lock on it tells whether somebody lives here, its text only how to reach them.

    A file with a process id would have to be believed after a crash; a flock is gone with its process.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "instance.lock"
        self._file: IO[str] | None = None

    def try_acquire(self, occupant: Occupant) -> bool:
        """Become the occupant, if nobody is."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = _open_private(self._path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        self.publish(occupant)
        return True

    def publish(self, occupant: Occupant | None) -> None:
        """Tell others. In place, because a renamed file would be another lock; half a text reads as none."""
        assert self._file is not None  # noqa: S101 (for the types: only the holder publishes)
        self._file.seek(0)
        self._file.truncate()
        if occupant is not None:
            json.dump(asdict(occupant), self._file)
        self._file.flush()

    def release(self) -> None:
        """Leave, and leave no address behind: it may hold a password."""
        if self._file is not None:
            self.publish(None)
            self._file.close()
            self._file = None

    def occupant(self) -> Occupant | None:
        """Who holds the lock, or None when nobody does or they have not said so yet."""
        if self.is_ours or not self._is_held():
            return None
        with contextlib.suppress(OSError, ValueError, TypeError):
            found = Occupant(**json.loads(self._path.read_text(encoding="utf-8")))
            # Between another's taking of the lock and their first word, a crashed occupant's words are still there.
            return found if _is_alive(found.pid) else None
        return None

    @property
    def is_ours(self) -> bool:
        """Whether this object holds the lock."""
        return self._file is not None

    def _is_held(self) -> bool:
        if not self._path.exists():
            return False
        with _open_private(self._path) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False


@contextlib.contextmanager
def guests(data_dir: Path, *, alone: bool) -> Iterator[None]:
    """Commands that use the engines of another command share this; their owner waits to be alone before it stops."""
    with _open_private(data_dir / "instance.guests") as file:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except ProcessLookupError:
        return False
    return True


def _open_private(path: Path) -> IO[str]:
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8")
    except PermissionError as problem:
        message = f"{path} belongs to another user: run as that user, or choose another --data-dir"
        raise EmbeddedError(message) from problem
