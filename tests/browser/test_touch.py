"""The board under a finger, on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser.boards import Team, card, column, expect_accessible, expect_truth, make_team, truth
from tests.browser.conftest import scrolls_sideways, sign_in
from tests.browser.fingers import Finger

FINGER = 44


@pytest.fixture
def team(demo_app: Flask) -> Team:
    return make_team()


@pytest.fixture
def phone(new_page: Callable[..., Page], team: Team) -> Page:
    """The rep's board at 390 px."""
    page = new_page(width=390, height=844, has_touch=True, is_mobile=True)
    sign_in(page, team.rep.email)
    return page


def test_a_long_press_picks_a_card_up_and_the_board_scrolls_under_it_at_the_edge(phone: Page, team: Team) -> None:
    board = phone.locator("[data-board]")
    assert board.evaluate("(board) => board.scrollLeft") == 0
    finger = Finger(phone)
    finger.pick_up(card(phone, team.deals["Rollout"]))
    finger.hold_at(380, until=column(phone, "qualified").locator(f'[data-deal-id="{team.deals["Rollout"]}"]'))
    assert board.evaluate("(board) => board.scrollLeft") > 0
    with phone.expect_response("**/move") as answer:
        finger.up()
    assert answer.value.status == 200
    expect(phone.locator("#toasts")).to_contain_text("Moved to ")
    expect_truth(phone, team)
    assert [str(team.deals["Rollout"]), 1] not in truth(team.rep)["lead"]["cards"]


def test_a_swipe_scrolls_and_moves_nothing(phone: Page, team: Team) -> None:
    before = truth(team.rep)
    box = card(phone, team.deals["Rollout"]).bounding_box()
    assert box is not None
    finger = Finger(phone)
    finger.down(350, box["y"] + 20)
    for step in range(1, 15):
        finger.move(350 - 20 * step)
    finger.up()
    phone.wait_for_function("() => document.querySelector('[data-board]').scrollLeft > 100")
    expect_truth(phone, team)
    assert truth(team.rep) == before


def test_a_long_press_opens_no_menu_of_the_browser(phone: Page, team: Team) -> None:
    prevented = (
        card(phone, team.deals["Rollout"])
        .locator(".card-name")
        .evaluate(
            """(name) => ["touch", "mouse"].map((pointerType) => !name.dispatchEvent(
             new PointerEvent("contextmenu", {pointerType, bubbles: true, cancelable: true})))"""
        )
    )
    assert prevented == [True, False]


def test_whatever_a_finger_must_hit_is_large_enough(phone: Page, team: Team) -> None:
    found = card(phone, team.deals["Rollout"])
    found.locator("summary").tap()
    for target in (found.locator("summary"), found.locator("select"), found.get_by_role("button", name="Move")):
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= FINGER
        assert box["width"] >= FINGER
    expect_accessible(phone)
    assert not scrolls_sideways(phone)


def test_the_menu_moves_by_taps_and_the_toast_undoes(phone: Page, team: Team) -> None:
    found = card(phone, team.deals["Rollout"])
    found.locator("summary").tap()
    found.locator("select").select_option(label="Proposal")
    found.get_by_role("button", name="Move").tap()
    expect(phone.locator("#toasts")).to_contain_text("Moved to Proposal")
    expect(found.locator(".card-name")).to_be_in_viewport(ratio=1)
    expect_truth(phone, team)
    phone.get_by_role("button", name="Undo").tap()
    expect(phone.locator("#toasts")).to_contain_text("Undone: Rollout.")
    expect_truth(phone, team)
    assert [str(team.deals["Rollout"]), 3] in truth(team.rep)["lead"]["cards"]


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_card_flies_only_for_those_who_like_motion(new_page: Callable[..., Page], team: Team, motion: str) -> None:
    page = new_page(reduced_motion=motion)
    sign_in(page, team.rep.email)
    page.evaluate(
        """() => {
          window.flights = 0;
          const animate = Element.prototype.animate;
          Element.prototype.animate = function (...given) { window.flights += 1; return animate.apply(this, given); };
        }"""
    )
    found = card(page, team.deals["Rollout"])
    found.hover()
    found.locator("summary").click()
    found.locator("select").select_option(label="Proposal")
    found.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("Moved to Proposal")
    expect_truth(page, team)
    assert page.evaluate("window.flights") == (0 if motion == "reduce" else 1)
