"""How often somebody may ask: counted over all processes, each second of the clock anew."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from limits.errors import StorageError

from deals_app.extensions import redis
from deals_app.services import rate_limits
from deals_app.services.rate_limits import (
    ATTEMPTS_PER_ACCOUNT,
    ATTEMPTS_PER_ADDRESS,
    REQUESTS_PER_SECOND,
    Attempt,
    RequestRate,
)

SetClock = Callable[[float], None]


@pytest.fixture
def clock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Sets the clock that requests are counted by; it stands still."""

    def stand_at(seconds: float) -> None:
        monkeypatch.setattr(rate_limits, "time", SimpleNamespace(time=lambda: seconds))

    stand_at(1_000.5)
    return stand_at


def allowed(rate: RequestRate, asked: int, caller: str = "a") -> int:
    return sum(not rate.exceeded(caller) for _ in range(asked))


def test_so_many_a_second_and_no_more(clock: SetClock) -> None:
    rate = RequestRate()
    assert allowed(rate, REQUESTS_PER_SECOND) == REQUESTS_PER_SECOND
    assert allowed(rate, 50) == 0
    clock(1_001.0)
    assert allowed(rate, REQUESTS_PER_SECOND + 1) == REQUESTS_PER_SECOND


def test_callers_do_not_count_for_each_other(clock: SetClock) -> None:
    rate = RequestRate()
    assert allowed(rate, REQUESTS_PER_SECOND + 1) == REQUESTS_PER_SECOND
    assert allowed(rate, REQUESTS_PER_SECOND, "b") == REQUESTS_PER_SECOND


@pytest.mark.parametrize("processes", [2, 3, 8])
def test_processes_share_one_limit_and_lose_none_of_it(clock: SetClock, processes: int) -> None:
    rates = [RequestRate() for _ in range(processes)]
    turns = [rates[number % processes].exceeded("a") for number in range(2 * REQUESTS_PER_SECOND)]
    assert turns.count(False) == REQUESTS_PER_SECOND


def test_most_requests_are_counted_without_asking_redis(clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    incr = redis.counts.incr
    monkeypatch.setattr(redis.counts, "incr", lambda *a, **k: asked.append(k["amount"]) or incr(*a, **k))
    assert allowed(RequestRate(), 100) == 100
    assert len(asked) == 10


def test_while_redis_is_away_nobody_is_refused(clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise StorageError(ConnectionError())

    monkeypatch.setattr(redis.counts, "incr", away)
    assert allowed(RequestRate(), 3 * REQUESTS_PER_SECOND) == 3 * REQUESTS_PER_SECOND


def test_failed_sign_ins_of_an_address_shut_it_whatever_the_account(app: Flask) -> None:
    for number in range(ATTEMPTS_PER_ADDRESS.amount):
        attempt = Attempt(address="192.0.2.1", account=f"{number}@acme.example")
        assert attempt.seconds_to_wait() == 0
        attempt.failed()
    assert 0 < Attempt(address="192.0.2.1", account="new@acme.example").seconds_to_wait() <= 5 * 60
    assert Attempt(address="192.0.2.2", account="new@acme.example").seconds_to_wait() == 0


def test_failed_sign_ins_of_an_account_shut_it_from_anywhere(app: Flask) -> None:
    for number in range(ATTEMPTS_PER_ACCOUNT.amount):
        Attempt(address=f"192.0.2.{number}", account="alice@acme.example").failed()
    assert 0 < Attempt(address="192.0.2.99", account="alice@acme.example").seconds_to_wait() <= 15 * 60
