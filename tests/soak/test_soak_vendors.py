"""The long form of tests/faults/test_vendor_storm.py; the figures are printed."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.faults.vendor_storm import storm
from tests.people import People


def test_1_000_objects_of_20_versions_by_8_senders(
    app: Flask, people: People, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = storm(app, people.ada, objects=1_000, updates=20, most=10, senders=8, seed=11)
    with capsys.disabled():
        print(f"\n{figures}")
