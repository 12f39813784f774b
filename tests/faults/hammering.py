"""Many programs at once at a real `deals web` over HTTP: what they did, and what the database says became of it."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select

from deals_app.domain.actor import Actor
from deals_app.domain.calendar import today_in
from deals_app.models import Deal, DealEvent
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.unit_of_work import reading
from tests.people import People, api_key
from tests.served import served

URL = "/api/v1/customer-mgmt/deals"
PATIENCE_SECONDS = 60
OPEN_STAGES = ("lead", "qualified", "proposal", "negotiation")
OK, BAD_REQUEST, CONFLICT, TOO_MANY, OURS = 200, 400, 409, 429, 500
PASSING = {CONFLICT, TOO_MANY}


@contextmanager
def web(app: Flask, *, workers: int = 2) -> Iterator[int]:
    """`deals web` over the test's engines; its port."""
    with TemporaryDirectory() as logs, served(app.config["DEALS_SETTINGS"], Path(logs), web_workers=workers) as address:
        yield int(address.rpartition(":")[2])


@dataclass
class Tally:
    """What all clients saw."""

    statuses: Counter[int] = field(default_factory=Counter[int])
    codes: Counter[str] = field(default_factory=Counter[str])
    seconds: list[float] = field(default_factory=list[float])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, status: int, body: dict[str, Any], seconds: float) -> None:
        with self.lock:
            self.statuses[status] += 1
            self.seconds.append(seconds)
            if status >= BAD_REQUEST:
                self.codes[body["error"]["code"]] += 1

    def __str__(self) -> str:
        ordered = sorted(self.seconds)
        return (
            f"{len(ordered)} requests, statuses {dict(self.statuses)}, refusals {dict(self.codes)},"
            f" median {ordered[len(ordered) // 2] * 1000:.0f} ms,"
            f" p99 {ordered[int(len(ordered) * 0.99)] * 1000:.0f} ms"
        )


class Client:
    """A program with a key and a connection that it keeps."""

    def __init__(self, port: int, headers: dict[str, str], tally: Tally) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        self.headers = headers | {"Content-Type": "application/json"}
        self.tally = tally

    def __call__(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """One answer; what passes by itself (a limit, a first request that still runs) is waited out as it says."""
        while True:
            start = time.monotonic()
            self.connection.request(method, URL + path, json.dumps(body) if body else None, self.headers)
            answer = self.connection.getresponse()
            found = json.loads(answer.read())
            self.tally.add(answer.status, found, time.monotonic() - start)
            if answer.status not in PASSING or "Retry-After" not in answer.headers:
                return answer.status, found
            time.sleep(float(answer.headers["Retry-After"]))


def all_at_once(port: int, people: People, jobs: list[Callable[[Client], int]]) -> tuple[Tally, list[int]]:
    """Each job in a thread with a client of its own, all beginning together."""
    tally, start = Tally(), threading.Barrier(len(jobs))
    headers = [api_key(people.ada, "manager") for _ in range(min(len(jobs), 8))]

    def run(number: int) -> int:
        client = Client(port, headers[number % len(headers)], tally)
        try:
            start.wait(PATIENCE_SECONDS)
            return jobs[number](client)
        finally:
            client.connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return tally, list(pool.map(run, range(len(jobs))))


def new_deal(actor: Actor, name: str = "Rollout") -> UUID:
    return create_deal(actor, NewDeal(name=name, currency="USD", value=100, assigned_to=actor.user_id))


def moves_on_one_deal(port: int, people: People, *, clients: int, moves: int) -> str:
    """Every client moves the same deal `moves` times, each time with the version it read; nothing may be lost."""
    deal_id = new_deal(people.alice)

    def mover(client: Client) -> int:
        done, misses, known = 0, 0, None
        while done < moves:
            if known is None:
                known = client("GET", f"/{deal_id}")[1]["data"]
            target = OPEN_STAGES[(OPEN_STAGES.index(known["stage"]) + 1) % len(OPEN_STAGES)]
            status, found = client("PUT", f"/{deal_id}/stage", {"stage": target, "version": known["version"]})
            assert status in {OK, CONFLICT}, status
            done += status == OK
            known = found["data"] if status == OK else None
            misses = 0 if status == OK else misses + 1
            # As programs do that were refused: a little later, each at another moment.
            time.sleep(random.uniform(0, min(0.01 * misses, 0.3)))
        return done

    tally, done = all_at_once(port, people, [mover] * clients)
    assert done == [moves] * clients
    assert max(tally.statuses) < OURS, tally
    with reading(people.alice) as session:
        version = session.scalars(select(Deal.version).where(Deal.id == deal_id)).one()
        versions = session.scalars(
            select(DealEvent.version).where(DealEvent.deal_id == deal_id).order_by(DealEvent.id)
        ).all()
    assert version == 1 + clients * moves
    assert list(versions) == list(range(1, version + 1))
    return f"{clients} clients x {moves} moves on one deal: version {version}; {tally}"


def closes_of_many_deals(port: int, people: People, *, deals: int, clients: int) -> str:
    """On each deal, `clients` programs try to win or to lose it at the same moment; one may."""
    today = str(today_in("UTC"))
    ids = [new_deal(people.alice, f"deal {number}") for number in range(deals)]
    tally = Tally()
    for deal_id in ids:

        def closer(client: Client, verb: str, deal_id: UUID = deal_id) -> int:
            status, _ = client("POST", f"/{deal_id}/{verb}", {"close_date": today})
            return status

        jobs: list[Callable[[Client], int]] = [
            lambda client, verb=("win", "lose")[number % 2], closer=closer: closer(client, verb)
            for number in range(clients)
        ]
        seen, statuses = all_at_once(port, people, jobs)
        assert sorted(statuses) == [OK] + [BAD_REQUEST] * (clients - 1), statuses
        assert seen.codes.keys() <= {"WIN_FAILED", "LOSE_FAILED", "RATE_LIMITED"}
        tally.statuses += seen.statuses
        tally.codes += seen.codes
        tally.seconds += seen.seconds
    with reading(people.alice) as session:
        closed = session.scalar(select(func.count()).where(Deal.id.in_(ids), Deal.status != "open", Deal.version == 2))
        kinds = Counter(
            session.scalars(select(DealEvent.kind).where(DealEvent.deal_id.in_(ids), DealEvent.kind != "created"))
        )
    assert closed == deals
    assert sum(kinds.values()) == kinds["won"] + kinds["lost"] == deals
    return f"{clients} closes on each of {deals} deals: {dict(kinds)}; {tally}"
