"""Whatever goes wrong with a move, by whichever hand: afterwards the screen says what the database says.

The faults are real: another person is first, the stage asks, the deal is given away, the database fails, the answer is
lost or late, the network is gone.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.browser.boards import GESTURES, Team, card, expect_truth, make_team, truth
from tests.browser.conftest import sign_in
from tests.browser.faults import FAULTS, Fault, faulty_page
from tests.engines import TestEngines


@pytest.fixture
def team(demo_app: Flask) -> Team:
    return make_team()


@pytest.fixture
def page(browser: Browser, address: str, team: Team) -> Iterator[Page]:
    """The rep's board."""
    with faulty_page(browser, address) as page:
        sign_in(page, team.rep.email)
        yield page


@pytest.mark.parametrize("gesture", GESTURES)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_screen_equals_the_database(
    page: Page, team: Team, engines: TestEngines, fault: Fault, gesture: str
) -> None:
    expect_truth(page, team)
    fault.befalls(team, page, engines, GESTURES[gesture])
    expect_truth(page, team)
    if gesture == "keyboard" and fault.name != "404":
        expect(card(page, team.deals["Rollout"]).locator(".card-name")).to_be_focused()
    page.reload()
    expect_truth(page, team)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.offers_retry], ids=lambda fault: fault.name)
def test_retry_repeats_the_move(page: Page, team: Team, engines: TestEngines, fault: Fault) -> None:
    deal_id = team.deals["Rollout"]
    with fault.happening(team, page, engines):
        GESTURES["drag"](page, deal_id, fault.target)
        fault.told(page, deal_id)
    page.get_by_role("button", name="Retry").click()
    expect(page.locator("#toasts")).to_contain_text("Moved to Proposal")
    expect(page.get_by_role("button", name="Retry")).to_have_count(0)
    expect_truth(page, team)
    assert [str(deal_id), 2] in truth(team.rep)["proposal"]["cards"]
