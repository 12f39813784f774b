"""Many at once at the real server: nothing is lost, nothing is done twice. The long form is tests/soak."""

from __future__ import annotations

from flask import Flask

from tests.faults.hammering import closes_of_many_deals, moves_on_one_deal, web
from tests.people import People


def test_of_many_moves_of_one_deal_none_is_lost(app: Flask, people: People) -> None:
    with web(app) as port:
        moves_on_one_deal(port, people, clients=8, moves=20)


def test_of_many_closes_of_a_deal_one_counts(app: Flask, people: People) -> None:
    with web(app) as port:
        closes_of_many_deals(port, people, deals=10, clients=10)
