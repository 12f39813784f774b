"""The long form of tests/browser/test_fault_matrix.py: every fault by every hand, again and again, in any order.

One page lives through all of it, without ever being loaded again.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, sync_playwright

from deals_app.domain.errors import NotFound
from deals_app.services.deals import NewDeal, create_deal, delete_deal
from deals_app.services.queries.deal import deal
from tests.browser.boards import GESTURES, Team, expect_truth, make_team
from tests.browser.conftest import ARGUMENTS, _executable, sign_in
from tests.browser.faults import FAULTS, faulty_page
from tests.engines import TestEngines
from tests.served import served

ROUNDS = int(os.environ.get("SOAK_ROUNDS", "20"))


def test_every_fault_by_every_hand(
    app: Flask, engines: TestEngines, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("SOAK_SEED", random.randrange(10**6)))
    cases = [(fault, gesture) for fault in FAULTS for gesture in GESTURES] * ROUNDS
    random.Random(seed).shuffle(cases)
    team = make_team()
    with served(app.config["DEALS_SETTINGS"], tmp_path) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_executable(), args=list(ARGUMENTS))
        with faulty_page(browser, address) as page:
            sign_in(page, team.rep.email)
            for number, (fault, gesture) in enumerate(cases):
                with capsys.disabled():
                    print(f"\r{number + 1} of {len(cases)}, seed {seed}: {fault.name} by {gesture}   ", end="")
                fault.befalls(team, page, engines, GESTURES[gesture])
                expect_truth(page, team)
                begin_again(page, team)
        browser.close()


def begin_again(page: Page, team: Team) -> None:
    """Another deal in the place of the one that has been through a fault."""
    try:
        deal(team.rep, team.deals["Rollout"])
        delete_deal(team.manager, team.deals["Rollout"])
    except NotFound:
        pass
    new = NewDeal(name="Rollout", currency="USD", value=100_000, stage="lead", assigned_to=team.rep.user_id)
    team.deals["Rollout"] = create_deal(team.rep, new)
    page.evaluate(
        """() => {
          document.querySelectorAll("[data-toast-close]").forEach((button) => button.click());
          document.dispatchEvent(new Event("deals-changed"));
        }"""
    )
    expect_truth(page, team)
