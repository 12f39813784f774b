"""Signals turned into something a loop can wait for."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
from collections.abc import Iterator
from types import FrameType
from typing import Self

_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopRequested(BaseException):
    """Somebody asked us to stop while we were starting. Not an Exception: nothing may swallow it."""


class StopSignals:
    """Between `__enter__` and `__exit__`, a signal to stop is remembered and, like a child's death, ends a `wait`.

    A wake-up descriptor rather than sigtimedwait: macOS lacks the latter, and blocked signals would be inherited.
    """

    def __init__(self) -> None:
        self.is_stopping = False
        self._may_interrupt = False

    def __enter__(self) -> Self:
        self._reader, self._writer = socket.socketpair()
        self._reader.settimeout(0)
        self._writer.settimeout(0)
        self._old_descriptor = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._old_handlers = {number: signal.signal(number, self._on_stop) for number in _STOPPING}
        self._old_handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._old_descriptor)
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)
        self._reader.close()
        self._writer.close()

    def wait(self, seconds: float | None) -> None:
        """Until a signal comes or the time is over."""
        if self.is_stopping:
            return
        select.select([self._reader], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            while self._reader.recv(4096):
                pass

    @contextlib.contextmanager
    def interrupting(self) -> Iterator[None]:
        """Within, a signal to stop raises StopRequested wherever we are: for long waits that are not ours."""
        self._may_interrupt = True
        try:
            if self.is_stopping:
                raise StopRequested
            yield
        finally:
            self._may_interrupt = False

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.is_stopping = True
        if self._may_interrupt:
            self._may_interrupt = False  # once: what follows is the cleaning up
            raise StopRequested
