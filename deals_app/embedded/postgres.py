"""The embedded PostgreSQL: its cluster, its roles and database, its start and stop."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from urllib.parse import quote

from deals_app.embedded import binaries
from deals_app.embedded.home import POSTGRES_FOLDER, Home, log_tail
from deals_app.embedded.orphans import end_orphans, running
from deals_app.embedded.processes import EmbeddedError, spawn, stop, wait_until
from deals_app.settings import APPLICATION_ROLE

SUPERUSER = "postgres"
OWNER_ROLE = "deals_owner"
DATABASE = "deals"

_STATE_LINE = 7  # of postmaster.pid, from 0
_START_SECONDS = 60.0  # recovery after a crash may take a while
_STOP_STEPS = ((signal.SIGINT, 2.5), (signal.SIGQUIT, 0.5))  # fast shutdown, then without a checkpoint

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

# Run at every start: what a crash left out, or a person changed, is put right.
_ROLES_AND_DATABASE = f"""
\\set ON_ERROR_STOP on
SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['{OWNER_ROLE}', '{APPLICATION_ROLE}']) AS wanted (name)
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \\gexec
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION', rolname)
  FROM pg_roles WHERE rolname IN ('{OWNER_ROLE}', '{APPLICATION_ROLE}')
  AND (NOT rolcanlogin OR rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication) \\gexec
SELECT 'CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec
"""  # noqa: S608 (all names are constants of ours)


class EmbeddedPostgres:
    """One cluster in `<data dir>/postgres`, reachable through a socket by its own user (and root) only."""

    name = "postgres"

    def __init__(self, home: Home) -> None:
        self._home = home
        self._cluster = home.data_dir / POSTGRES_FOLDER
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The postmaster, while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def url(self, role: str = APPLICATION_ROLE, database: str = DATABASE) -> str:
        """The address in SQLAlchemy's form. Every role may connect; who may open the socket is the protection."""
        return f"postgresql+psycopg://{role}@/{database}?host={quote(str(self._home.socket_dir))}"

    def conninfo(self, role: str = SUPERUSER, database: str = "postgres") -> str:
        """The address in libpq's form, for instance the superuser's for template databases of tests."""
        return f"host={self._home.socket_dir} user={role} dbname={database}"

    def is_running(self) -> bool:
        """Whether the postmaster lives."""
        return self.pid is not None

    def start(self) -> None:
        """Make the cluster if there is none, start it, and return once it answers and has our roles and database."""
        self._check_version()
        marker = f"postgres -D {self._cluster} "
        end_orphans(marker, gentle_signal=signal.SIGQUIT)
        self._forget_reused_pid(marker)
        if not self._cluster.exists():
            self._make_cluster()
        self._launch()
        self._ensure_roles()

    def stop(self) -> None:
        """Fast shutdown: transactions are rolled back, a checkpoint is written."""
        if self._process is not None and self._process.poll() is None:
            stop(self._process, _STOP_STEPS)
        self._process = None

    def _check_version(self) -> None:
        """A newer wheel must not be started on an older cluster: PostgreSQL would refuse less helpfully."""
        version_file = self._cluster / "PG_VERSION"
        if not version_file.exists():
            return
        have = version_file.read_text(encoding="ascii").strip()
        bring = binaries.postgres_major()
        if have != bring:
            message = (
                f"{self._cluster} was made by PostgreSQL {have}, the installed wheel brings {bring}: "
                "make a backup with the older release and restore it into a new --data-dir"
            )
            raise EmbeddedError(message)

    def _make_cluster(self) -> None:
        """Run initdb into a folder aside and rename: a crash in between leaves nothing that looks like a cluster."""
        draft_name = f"{POSTGRES_FOLDER}.new"
        shutil.rmtree(self._home.data_dir / draft_name, ignore_errors=True)
        draft = self._home.make_folder(draft_name)
        # The builtin provider knows Unicode's letters and is the same on every machine; the system's may be missing.
        self._run(
            "initdb", "-D", str(draft), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8",
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions",
        )  # fmt: skip
        draft.rename(self._cluster)
        descriptor = os.open(self._home.data_dir, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _launch(self) -> None:
        options = {**_SETTINGS, "unix_socket_directories": str(self._home.socket_dir)}
        argv = [str(binaries.postgres_bin() / "postgres"), "-D", str(self._cluster)]
        for name, value in options.items():
            argv += ["-c", f"{name}={value}"]
        log = self._home.open_log(self.name)
        try:
            # SIGQUIT: the postmaster takes its own children along, and replays its log at the next start.
            process = spawn(argv, run_as=self._home.run_as, death_signal=signal.SIGQUIT, output=log)
        finally:
            os.close(log)
        self._process = process
        wait_until(lambda: self._says_ready(process.pid) or process.poll() is not None, seconds=_START_SECONDS)
        if process.poll() is not None or not self._says_ready(process.pid):
            self.stop()
            message = f"PostgreSQL did not start:\n{log_tail(self._home.data_dir, self.name)}"
            raise EmbeddedError(message)

    def _says_ready(self, pid: int) -> bool:
        """The eighth line of postmaster.pid, as pg_ctl reads it."""
        with contextlib.suppress(OSError):
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
            return len(lines) > _STATE_LINE and lines[0] == str(pid) and lines[_STATE_LINE].strip() == "ready"
        return False

    def _forget_reused_pid(self, marker: str) -> None:
        """After a reboot another process may have the number in postmaster.pid; PostgreSQL would take it for itself.

        With no postmaster of ours left the file is only in the way. Backends that outlived theirs are still seen:
        PostgreSQL finds their shared memory by the cluster's inode.
        """
        if not running(marker):
            (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def _ensure_roles(self) -> None:
        command = [str(binaries.postgres_bin() / "psql"), "-X", "-q", "-d", self.conninfo(), "-f", "-"]
        result = subprocess.run(
            command, input=_ROLES_AND_DATABASE, capture_output=True, text=True, timeout=_START_SECONDS, check=False
        )
        if result.returncode != 0:
            message = f"PostgreSQL's roles and database cannot be made:\n{result.stderr.strip()}"
            raise EmbeddedError(message)

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's own programs as the engines' user; its output goes to the log."""
        log = self._home.open_log(self.name)
        try:
            process = spawn([str(binaries.postgres_bin() / program), *arguments], run_as=self._home.run_as, output=log)
        finally:
            os.close(log)
        started_at = time.monotonic()
        if process.wait() != 0:
            seconds = time.monotonic() - started_at
            message = f"{program} failed after {seconds:.1f} s:\n{log_tail(self._home.data_dir, self.name)}"
            raise EmbeddedError(message)
