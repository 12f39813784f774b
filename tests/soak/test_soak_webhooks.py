"""The long form of tests/faults/test_webhooks.py; the figures are printed."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.engines import TestEngines
from tests.faults.telling_all import tell
from tests.people import People


def test_10_000_events_to_a_receiver_with_bad_days(
    app: Flask, people: People, engines: TestEngines, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tell(app, people, engines, deals=500, versions=20, patience=800)
    with capsys.disabled():
        print(f"\n{figures}")
