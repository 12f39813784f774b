"""What comes through forms is counted wherever Redis is, and a Redis that is away or silent costs an answer little."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from deals_app.extensions import redis
from deals_app.models import InboundItem, OutboxRow
from deals_app.services.forms import forms
from deals_app.services.rate_limits import PostRate
from deals_app.services.unit_of_work import reading
from tests.people import People

DOOR = "/api/sales/deals/web-form"


@pytest.fixture(params=["away", "silent"])
def _lost_redis(app: Flask, request: pytest.FixtureRequest) -> Iterator[None]:
    """Nobody listens at the port, or somebody who never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        if request.param == "away":
            listening.close()
        redis.init_url(f"redis://127.0.0.1:{port}/0")
        yield
        redis.init_url(app.config["DEALS_SETTINGS"].redis_url)


def test_each_address_and_form_has_its_own_count(app: Flask) -> None:
    assert app is not None
    here, there = PostRate(), PostRate()
    assert [here.count("203.0.113.7", "a"), there.count("203.0.113.7", "a"), here.count("203.0.113.7", "b")] == [
        1,
        2,
        1,
    ]
    assert here.count("203.0.113.8", "a") == 1


@pytest.mark.usefixtures("_lost_redis")
def test_without_redis_it_is_counted_here_and_asked_again_later() -> None:
    rate = PostRate()
    assert [rate.count("203.0.113.7", "a") for _ in range(3)] == [1, 2, 3]
    begun = time.monotonic()
    for _ in range(100):
        rate.count("203.0.113.7", "a")
    # It was asked once, and is not asked again for some seconds.
    assert time.monotonic() - begun < 0.25


@pytest.mark.usefixtures("_lost_redis")
def test_without_redis_what_people_send_is_taken_within_a_second(client: FlaskClient, people: People) -> None:
    form_key = forms(people.ada)[0].form_key
    took: list[float] = []
    for number in range(20):
        body = {"form_key": form_key, "email": f"ann{number}@globex.example", "company": f"Globex {number}"}
        begun = time.monotonic()
        assert client.post(DOOR, json=body).status_code == 201
        took.append(time.monotonic() - begun)
    assert max(took) < 1
    with reading(people.ada) as session:
        assert set(session.scalars(select(InboundItem.outcome))) == {"created"}
        waiting = select(OutboxRow.done_at).where(OutboxRow.topic == "analysis.deal")
        assert session.scalars(waiting).all() == [None] * 20
