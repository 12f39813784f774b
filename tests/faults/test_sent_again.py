"""A POST that is sent again, at once or after a crash: one deal, one answer."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from deals_app.models import Deal, DealEvent
from deals_app.services.unit_of_work import reading
from tests.blueprints.programs import new_deal_body
from tests.faults.dying_web import HEADER
from tests.faults.hammering import URL, web
from tests.people import People, api_key
from tests.served import served_from

CREATED = 201
LATER = {(409, "IDEMPOTENCY_IN_PROGRESS"), (429, "RATE_LIMITED")}


def post(port: int, headers: dict[str, str], body: dict[str, Any]) -> tuple[int, bytes]:
    """The answer, waited for as long as one is told to."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        while True:
            connection.request("POST", URL, json.dumps(body), headers | {"Content-Type": "application/json"})
            answer = connection.getresponse()
            found = answer.read()
            if "Retry-After" not in answer.headers:
                return answer.status, found
            assert (answer.status, json.loads(found)["error"]["code"]) in LATER
            time.sleep(float(answer.headers["Retry-After"]))
    finally:
        connection.close()


def made(people: People) -> tuple[int, int]:
    """How many deals there are, and how often the ledger tells of a new one."""
    with reading(people.ada) as session:
        deals = session.scalar(select(func.count()).select_from(Deal)) or 0
        told = session.scalar(select(func.count()).where(DealEvent.kind == "created")) or 0
    return deals, told


def test_the_same_request_fifty_times_at_once_makes_one_deal(app: Flask, people: People) -> None:
    body, headers = new_deal_body(people), api_key(people.ada) | {"Idempotency-Key": "at once"}
    start = threading.Barrier(50)

    def ask(port: int) -> tuple[int, bytes]:
        start.wait(30)
        return post(port, headers, body)

    with web(app) as port, ThreadPoolExecutor(50) as pool:
        answers = set(pool.map(ask, [port] * 50))
    assert len(answers) == 1
    assert answers.pop()[0] == CREATED
    assert made(people) == (1, 1)


def test_a_worker_that_dies_after_the_commit_has_made_the_deal_once(app: Flask, people: People, tmp_path: Path) -> None:
    body, headers = new_deal_body(people), api_key(people.ada) | {"Idempotency-Key": "after a crash"}
    settings = app.config["DEALS_SETTINGS"]
    with served_from("tests.faults.dying_web:application()", settings, tmp_path, {}) as address:
        port = int(address.rpartition(":")[2])
        with pytest.raises((HTTPException, OSError)):
            post(port, headers | {HEADER: "yes"}, body)
        assert made(people) == (1, 1)
        status, answer = post(port, headers, body)
    assert status == CREATED
    with reading(people.ada) as session:
        assert str(session.scalars(select(Deal.id)).one()) == json.loads(answer)["data"]["id"]
    assert made(people) == (1, 1)
