"""The relay rings again for whatever nobody finished; the schedule adds the rows that time itself asks for.

Neither needs a memory: everything is in the tables.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from itertools import count

from flask import Flask

from deals_app.domain.errors import Unavailable
from deals_app.services import outbox
from deals_app.services.connections.due import begin_due_syncs
from deals_app.services.doorbell import Ring, ring
from deals_app.services.mailboxes.leasing import due_mailboxes
from deals_app.services.scoring.sweeping import begin_due_sweeps
from deals_app.services.subscribers.following import due_subscriptions
from deals_app.services.subscribers.subscriber import subscribers
from deals_app.services.webhooks.delivering import due_webhooks

log = logging.getLogger(__name__)

PAUSE_SECONDS = 2
# How many rounds of the relay pass between two of the schedule: a minute.
ROUNDS = 30


def run_scheduler(app: Flask) -> None:
    """Relay until SIGTERM or SIGINT."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    subscribers.load(app.config["DEALS_SETTINGS"].subscribers)
    with app.app_context():
        for number in count():
            if stop.wait(PAUSE_SECONDS):
                return
            relay_once()
            if number % ROUNDS == 0:
                schedule_once()


def relay_once() -> int:
    """Ring for all that is due, webhooks and subscribers too; how many were rung.

    A database that is away is asked again next time.
    """
    return _ring_for(lambda: [*outbox.due_rings(), *due_webhooks(), *due_subscriptions()])


def schedule_once() -> int:
    """Begin what is due by the clock, and ring for it; how many were rung."""
    return _ring_for(lambda: [*begin_due_sweeps(), *begin_due_syncs(), *due_mailboxes()])


def _ring_for(due: Callable[[], list[Ring]]) -> int:
    try:
        calls = due()
    except Unavailable as error:
        log.warning("relay: %s", error.message)
        return 0
    return sum(ring(call) for call in calls)
