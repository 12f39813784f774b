"""Where an instance's engines live: their folders, their socket directory and the user they run as."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from deals_app.embedded import binaries
from deals_app.embedded.processes import CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, EmbeddedError, RunAs, spawn

POSTGRES_FOLDER = "postgres"
REDIS_FOLDER = "redis"

# sun_path is 108 bytes on Linux and 104 on macOS, and the longest name of ours in there is `.s.PGSQL.5432.lock`.
_LONGEST_SOCKET_DIRECTORY = 80
_LOG_BYTES_KEPT = 10 * 1024 * 1024


@dataclass(frozen=True)
class Home:
    """A data directory made ready for engines."""

    data_dir: Path
    socket_dir: Path
    run_as: RunAs | None

    def make_folder(self, name: str) -> Path:
        """A folder of the engines' own inside the data directory."""
        folder = self.data_dir / name
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.run_as is not None:
            os.chown(folder, self.run_as.uid, self.run_as.gid)
        return folder

    def open_log(self, name: str) -> int:
        """A descriptor to append to the log of that name."""
        return open_log(self.data_dir, name)


def open_home(data_dir: Path) -> Home:
    """Make the folders of an instance and find out who its engines can run as."""
    data_dir = data_dir.absolute()
    data_dir.mkdir(parents=True, exist_ok=True)
    # As everything else sees it: PostgreSQL resolves links, and the socket directory is named after this path.
    data_dir = data_dir.resolve()
    user = _engine_user(data_dir)
    socket_dir = _socket_directory(data_dir, user)
    try:
        return Home(data_dir, socket_dir, _with_reach(user, data_dir, socket_dir))
    except EmbeddedError:
        shutil.rmtree(socket_dir, ignore_errors=True)
        raise


def open_log(data_dir: Path, name: str) -> int:
    """Append to `logs/NAME.log`; a log that has grown large is put aside first, one generation is kept."""
    folder = data_dir / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.log"
    if path.exists() and path.stat().st_size > _LOG_BYTES_KEPT:
        path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def log_tail(data_dir: Path, name: str, lines: int = 8) -> str:
    """The last lines of a log, for a message."""
    path = data_dir / "logs" / f"{name}.log"
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 8192))
        text = file.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:])


def remove_socket_directory(home: Home) -> None:
    """Leave nothing behind in the temporary folder after a clean stop."""
    shutil.rmtree(home.socket_dir, ignore_errors=True)


def _engine_user(data_dir: Path) -> RunAs | None:
    """PostgreSQL refuses root. Root's engines belong to whoever owns the cluster, at first to `nobody`."""
    owners = {(folder.stat().st_uid, folder.stat().st_gid) for folder in _existing_folders(data_dir)}
    if os.geteuid() != 0:
        if strangers := {uid for uid, _ in owners if uid != os.geteuid()}:
            message = (
                f"The engines' folders in {data_dir} belong to uid {min(strangers)}: "
                "run as that user or as root, or choose another --data-dir"
            )
            raise EmbeddedError(message)
        return None
    for uid, gid in sorted(owners):
        if uid != 0:
            return RunAs(uid, gid)
    with contextlib.suppress(KeyError):
        nobody = pwd.getpwnam("nobody")
        return RunAs(nobody.pw_uid, nobody.pw_gid)
    return RunAs(65534, 65534)


def _existing_folders(data_dir: Path) -> list[Path]:
    return [folder for name in (POSTGRES_FOLDER, REDIS_FOLDER) if (folder := data_dir / name).exists()]


def _socket_directory(data_dir: Path, user: RunAs | None) -> Path:
    """A short path, because long data paths do not fit into a socket's address; private to the engines' user."""
    uid, gid = (user.uid, user.gid) if user else (os.geteuid(), os.getegid())
    name = f"deals-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]}-{uid}"
    parent = Path(tempfile.gettempdir()).resolve()
    if len(os.fsencode(parent / name)) > _LONGEST_SOCKET_DIRECTORY:
        parent = Path("/tmp").resolve()  # noqa: S108 (the folder in it is checked to be ours)
    path = parent / name
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    # Anybody can make this name first. No link is followed, and a folder of anyone else is not used.
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as problem:
        message = f"{path} is in the way ({problem.strerror}): remove it, or set TMPDIR to a folder of your own"
        raise EmbeddedError(message) from problem
    try:
        found = os.fstat(descriptor)
        if found.st_uid not in {uid, os.geteuid()} or stat.S_IMODE(found.st_mode) & 0o077:
            message = f"{path} was not made by us: remove it, or set TMPDIR to a folder of your own"
            raise EmbeddedError(message)
        if found.st_uid != uid:
            os.fchown(descriptor, uid, gid)
    finally:
        os.close(descriptor)
    return path


def _with_reach(user: RunAs | None, data_dir: Path, socket_dir: Path) -> RunAs | None:
    """Let the engines' user pass folders closed to it (a clone under /root), by one capability and only if needed.

    Tried out rather than computed from mode bits: access lists, mount options and the container's own limits count.
    """
    if user is None:
        return None
    for capability in (None, CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        candidate = replace(user, capability=capability)
        if _can_work(candidate, data_dir, socket_dir):
            return candidate
    message = (
        f"The engines run as uid {user.uid}, which may not enter {data_dir} or {binaries.postgres_bin()}, and this "
        "system does not let root give it that right. Put both where others may enter (for instance under /srv), "
        "or set DATABASE_URL and REDIS_URL to servers of your own"
    )
    raise EmbeddedError(message)


def _can_work(user: RunAs, *folders: Path) -> bool:
    programs = [*(binaries.postgres_bin() / name for name in ("postgres", "initdb")), binaries.redis_server()]
    with Path(os.devnull).open("wb") as nowhere:
        for program in programs:
            argv, reach = [str(program), "--version"], [*folders, program]
            try:
                probe = spawn(argv, run_as=user, output=nowhere.fileno(), must_reach=reach)
            except (OSError, subprocess.SubprocessError):
                return False
            if probe.wait() != 0:
                return False
    return True
