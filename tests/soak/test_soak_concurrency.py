"""The long form of tests/faults/test_concurrency.py; the figures are printed."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.faults.hammering import closes_of_many_deals, moves_on_one_deal, web
from tests.people import People


def test_32_clients_move_one_deal_50_times_each(app: Flask, people: People, capsys: pytest.CaptureFixture[str]) -> None:
    with web(app) as port:
        figures = moves_on_one_deal(port, people, clients=32, moves=50)
    with capsys.disabled():
        print(f"\n{figures}")


def test_20_clients_close_each_of_100_deals(app: Flask, people: People, capsys: pytest.CaptureFixture[str]) -> None:
    with web(app) as port:
        figures = closes_of_many_deals(port, people, deals=100, clients=20)
    with capsys.disabled():
        print(f"\n{figures}")
