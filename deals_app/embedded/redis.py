"""The embedded Redis (its free continuation Valkey): its start and stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from urllib.parse import quote

from deals_app.embedded import binaries
from deals_app.embedded.home import REDIS_FOLDER, Home, log_tail
from deals_app.embedded.orphans import end_orphans
from deals_app.embedded.processes import EmbeddedError, spawn, stop, wait_until

_START_SECONDS = 60.0  # a long append-only file is read first
_STOP_STEPS = ((signal.SIGTERM, 2.0),)


class EmbeddedRedis:
    """One server with its append-only file in `<data dir>/redis`, reachable through a socket only."""

    name = "redis"

    def __init__(self, home: Home) -> None:
        self._home = home
        self._socket = home.socket_dir / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server, while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def url(self, database: int = 0) -> str:
        """The address in redis-py's form."""
        return f"unix://{quote(str(self._socket))}?db={database}"

    def is_running(self) -> bool:
        """Whether the server lives."""
        return self.pid is not None

    def start(self) -> None:
        """Start the server and return once it answers."""
        # It rewrites its title to the socket's path, which is as much ours as the folder. Two servers on one
        # append-only file would ruin it, and unlike PostgreSQL it does not look.
        end_orphans(f"unixsocket:{self._socket}", gentle_signal=signal.SIGTERM)
        log = self._home.open_log(self.name)
        try:
            process = spawn(self._command(), run_as=self._home.run_as, death_signal=signal.SIGTERM, output=log)
        finally:
            os.close(log)
        self._process = process
        wait_until(lambda: self._answers() or process.poll() is not None, seconds=_START_SECONDS)
        if process.poll() is not None or not self._answers():
            self.stop()
            message = f"Redis did not start:\n{log_tail(self._home.data_dir, self.name)}"
            raise EmbeddedError(message)

    def stop(self) -> None:
        """The server writes its file to the end and goes."""
        if self._process is not None and self._process.poll() is None:
            stop(self._process, _STOP_STEPS)
        self._process = None

    def _command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._home.make_folder(REDIS_FOLDER)),
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        return [
            str(binaries.redis_server()),
            *(word for name, value in options.items() for word in (f"--{name}", value)),
        ]

    def _answers(self) -> bool:
        """PING by hand: a client library would cost the supervisor 0.1 s and 10 MB."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
