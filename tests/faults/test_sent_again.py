"""A POST that is sent again, at once or after a crash: one deal, one answer."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from deals_app.models import Deal, DealEvent
from deals_app.services.unit_of_work import reading
from tests.blueprints.programs import new_deal_body
from tests.faults.dying_web import HEADER
from tests.faults.hammering import Client, Tally, web
from tests.people import People, api_key
from tests.served import served_from

CREATED = 201


def ask(port: int, headers: dict[str, str], body: dict[str, Any]) -> tuple[int, str]:
    """The answer, waited for as long as one is told to."""
    client = Client(port, headers, Tally())
    try:
        status, answer = client("POST", "", body)
        return status, json.dumps(answer)
    finally:
        client.connection.close()


def made(people: People) -> tuple[int, int]:
    """How many deals there are, and how often the ledger tells of a new one."""
    with reading(people.ada) as session:
        deals = session.scalar(select(func.count()).select_from(Deal)) or 0
        told = session.scalar(select(func.count()).where(DealEvent.kind == "created")) or 0
    return deals, told


def test_the_same_request_fifty_times_at_once_makes_one_deal(app: Flask, people: People) -> None:
    body, headers = new_deal_body(people), api_key(people.ada) | {"Idempotency-Key": "at once"}
    start = threading.Barrier(50)

    def together(port: int) -> tuple[int, str]:
        start.wait(30)
        return ask(port, headers, body)

    with web(app) as port, ThreadPoolExecutor(50) as pool:
        answers = set(pool.map(together, [port] * 50))
    assert len(answers) == 1
    assert answers.pop()[0] == CREATED
    assert made(people) == (1, 1)


def test_a_worker_that_dies_after_the_commit_has_made_the_deal_once(app: Flask, people: People, tmp_path: Path) -> None:
    body, headers = new_deal_body(people), api_key(people.ada) | {"Idempotency-Key": "after a crash"}
    settings = app.config["DEALS_SETTINGS"]
    with served_from("tests.faults.dying_web:application()", settings, tmp_path, {}) as address:
        port = int(address.rpartition(":")[2])
        with pytest.raises((HTTPException, OSError)):
            ask(port, headers | {HEADER: "yes"}, body)
        assert made(people) == (1, 1)
        status, answer = ask(port, headers, body)
    assert status == CREATED
    with reading(people.ada) as session:
        assert str(session.scalars(select(Deal.id)).one()) == json.loads(answer)["data"]["id"]
    assert made(people) == (1, 1)
