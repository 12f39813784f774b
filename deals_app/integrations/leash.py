"""A second handle on a socket, to end whatever is going on with it."""

from __future__ import annotations

import contextlib
import socket


class Leash:
    """Cuts a connection whatever is being done with it, a TLS handshake included."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def of(self, made: socket.socket) -> socket.socket:
        """Hold this one; gives it back."""
        self._socket = made.dup()
        return made

    def cut(self) -> None:
        """End whatever is going on."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def let_go(self) -> None:
        """The handle itself."""
        if self._socket is not None:
            self._socket.close()
