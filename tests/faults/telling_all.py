"""Events to a receiver that fails at random, is slow, and goes away for a while, through real workers and the relay.

Workers are killed, Redis forgets everything; each event must arrive, signed right, and each deal's in order.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from unittest.mock import patch
from uuid import UUID

from flask import Flask
from sqlalchemy import text
from standardwebhooks.webhooks import WebhookVerificationError

from deals_app.embedded.processes import spawn, wait_until
from deals_app.extensions import redis
from deals_app.integrations.webhook_sending import outside
from deals_app.jobs.relay import relay_once
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.queries.webhooks import webhook
from deals_app.services.unit_of_work import reading
from deals_app.services.webhooks.endpoints import NewSecret, create_webhook
from deals_app.settings import environment_for_children
from tests.engines import TestEngines
from tests.jobs.test_import_worker import kill_family
from tests.people import People
from tests.receiving import Received, receiver
from tests.telling import change, later, make

FAILS, SLOW = 0.2, 0.97
WORKERS = 2
PATIENCE_SECONDS = 60
SEED = 20261121


@dataclass
class Trouble:
    """A receiver's bad days; `taken` are the versions it has answered 200 to, per deal, in their order."""

    secret: str = ""
    is_away: bool = False
    random: random.Random = field(default_factory=lambda: random.Random(SEED))
    taken: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    ids: set[UUID] = field(default_factory=set[UUID])
    refused: int = 0
    wrong: list[str] = field(default_factory=list[str])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, received: Received) -> int | None:
        """Verified first; what does not verify is remembered for the end."""
        try:
            told = received.verified(self.secret)["data"]
        except WebhookVerificationError as error:
            self.wrong.append(str(error))
            return 400
        with self.lock:
            draw = self.random.random()
            if self.is_away or draw < FAILS:
                self.refused += 1
                return None if draw < FAILS / 2 else 500
            self.taken[told["deal_id"]].append(told["deal_version"])
            self.ids.add(received.id)
        # Being slow is what this receiver does; nothing is waited for.
        threading.Event().wait(0.3 if draw > SLOW else 0)
        return 200


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came of it."""

    events: int
    received: int
    seconds: float


class Workers:
    """`deals worker` twice, over the test's engines, and allowed to speak to loopback."""

    def __init__(self, app: Flask) -> None:
        settings = replace(app.config["DEALS_SETTINGS"], webhook_allow_internal=True)
        self._environ = environment_for_children(settings, WEBHOOK_ALLOW_INTERNAL="1")
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        argv = [sys.executable, "-m", "deals_app.cli", "worker"]
        self._processes = [spawn(argv, environ=self._environ, output=subprocess.DEVNULL) for _ in range(WORKERS)]

    def kill(self) -> None:
        """As the kernel's OOM killer would, in the middle of whatever they do."""
        for process in self._processes:
            kill_family(process)
            process.wait()


def tell(app: Flask, people: People, engines: TestEngines, *, deals: int, versions: int, patience: float) -> Told:
    """`deals` × `versions` events while everything fails that may; asserts that each arrived and in order."""
    trouble, workers, start = Trouble(), Workers(app), time.monotonic()
    with receiver() as hooks, patch.object(outside, "allow_internal", new=True):
        hooks.answers = trouble.answer
        made = create_webhook(people.ada, url=hooks.url)
        trouble.secret = made.secret
        workers.start()
        try:
            ids = [make(people.alice, f"Deal {number}") for number in range(deals)]
            for version in range(2, versions + 1):
                for deal_id in ids:
                    edit_deal(people.alice, deal_id, DealEdit(value=version))
                relay_once()
                if version == versions // 2:
                    _everything_at_once(trouble, workers, engines)
            trouble.is_away = False
            wait_until(lambda: _is_all_told(people, engines, made), seconds=patience, pause_seconds=0.5)
        finally:
            workers.kill()
    _demand_all(people, made, trouble, ids, versions)
    received = sum(map(len, trouble.taken.values()))
    return Told(events=deals * versions, received=received, seconds=time.monotonic() - start)


def _everything_at_once(trouble: Trouble, workers: Workers, engines: TestEngines) -> None:
    """In the middle of it: the workers die, Redis forgets, and the receiver goes away."""
    assert wait_until(lambda: relay_once() >= 0 and len(trouble.ids) > 0, seconds=PATIENCE_SECONDS, pause_seconds=0.2)
    workers.kill()
    redis.client.flushdb()
    trouble.is_away = True
    # As if the leases of the dead had run out, and their last sign were long ago.
    later(engines, "40 seconds")
    workers.start()
    refused = trouble.refused
    assert wait_until(
        lambda: relay_once() >= 0 and trouble.refused > refused, seconds=PATIENCE_SECONDS, pause_seconds=0.2
    )


def _is_all_told(people: People, engines: TestEngines, made: NewSecret) -> bool:
    """Rings as the relay does; what waits for its next attempt need not be waited for here."""
    change(engines, "UPDATE webhook_deliveries SET next_attempt_at = now() WHERE next_attempt_at > now()")
    change(engines, "UPDATE webhook_endpoints SET rests_until = NULL")
    relay_once()
    with reading(people.ada) as session:
        statement = "SELECT (SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered'), count(*)"
        told, all_there_are = session.execute(text(f"{statement} FROM deal_events WHERE kind <> 'reordered'")).one()
    return told == all_there_are


def _demand_all(people: People, made: NewSecret, trouble: Trouble, ids: list[UUID], versions: int) -> None:
    found = webhook(people.ada, made.endpoint_id)
    assert (found.state, found.waiting, found.failed) == ("active", 0, 0)
    assert trouble.wrong == []
    assert trouble.refused > 0
    assert len(trouble.ids) == len(ids) * versions
    wanted = [*range(1, versions + 1)]
    # Sent again after a worker's death, a version stands there twice; the first of each counts.
    seen = {deal: list(dict.fromkeys(each)) for deal, each in trouble.taken.items()}
    assert seen == {str(deal_id): wanted for deal_id in ids}
