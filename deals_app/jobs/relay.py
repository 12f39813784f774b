"""The relay: rings again for outbox rows that nobody finished. It needs no memory: everything is in the table."""

from __future__ import annotations

import logging
import signal
import threading

from flask import Flask

from deals_app.domain.errors import Unavailable
from deals_app.services import outbox
from deals_app.services.doorbell import ring

log = logging.getLogger(__name__)

PAUSE_SECONDS = 2


def run_scheduler(app: Flask) -> None:
    """Relay until SIGTERM or SIGINT."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    with app.app_context():
        while not stop.wait(PAUSE_SECONDS):
            relay_once()


def relay_once() -> int:
    """Ring for every row that is due; how many were rung. A database that is away is asked again next time."""
    try:
        due = outbox.due_rings()
    except Unavailable as error:
        log.warning("relay: %s", error.message)
        return 0
    return sum(ring(call) for call in due)
