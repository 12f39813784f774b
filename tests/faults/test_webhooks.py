"""The short form of tests/soak/test_soak_webhooks.py: none is lost, none out of order, whatever dies meanwhile."""

from __future__ import annotations

from flask import Flask

from tests.engines import TestEngines
from tests.faults.telling_all import tell
from tests.people import People


def test_300_events_to_a_receiver_with_bad_days(app: Flask, people: People, engines: TestEngines) -> None:
    tell(app, people, engines, deals=30, versions=10, patience=120)
