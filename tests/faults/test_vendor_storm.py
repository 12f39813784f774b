"""Each object ends as its newest version, one deal each, one entry of the ledger for each change that was made."""

from __future__ import annotations

from flask import Flask

from tests.faults.vendor_storm import storm
from tests.people import People


def test_shuffled_versions_end_as_the_newest(app: Flask, people: People) -> None:
    found = storm(app, people.ada, objects=30, updates=5, most=4, senders=4, seed=7)
    assert found["delivered"] > 250
