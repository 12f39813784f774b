"""The demo in full, as the first `make run` loads it: 1,850 deals and what happened to them in 14 months."""

from __future__ import annotations

import time

import pytest
from flask import Flask
from sqlalchemy import func, select

from deals_app.models import Deal
from deals_app.services.accounts import actor_for_tenant
from deals_app.services.demo.loading import load_demo_once
from deals_app.services.unit_of_work import reading
from tests.services.test_ledger import assert_ledger_adds_up


def test_the_whole_demo_is_told_and_its_ledger_adds_up(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.perf_counter()
    load_demo_once()
    took = time.perf_counter() - began
    demo = actor_for_tenant("demo", reference="system:test", door="cli")
    with reading(demo) as session:
        rows = session.execute(select(Deal.status, func.count()).group_by(Deal.status))
        counts = {row[0]: row[1] for row in rows}
    assert counts["open"] == 350
    assert counts["closed_won"] + counts["closed_lost"] == 1500
    events = assert_ledger_adds_up(demo)
    with capsys.disabled():
        print(f"\n{events} events in {took:.1f} s")
