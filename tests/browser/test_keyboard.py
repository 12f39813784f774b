"""The board by keyboard alone, and what a screen reader is told of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.stage_transition import win_deal
from tests.browser.boards import Team, card, carry, column, expect_accessible, expect_truth, make_team, truth
from tests.browser.conftest import sign_in


@pytest.fixture
def team(demo_app: Flask) -> Team:
    return make_team()


@pytest.fixture
def page(new_page: Callable[..., Page], team: Team) -> Page:
    """The rep's board."""
    page = new_page()
    sign_in(page, team.rep.email)
    return page


def focus(page: Page, team: Team, name: str) -> None:
    card(page, team.deals[name]).locator(".card-name").focus()


def said(page: Page, text: str) -> None:
    """What the live region says now."""
    expect(page.locator("[aria-live=assertive]")).to_have_text(text)


def is_focused(page: Page, team: Team, name: str) -> None:
    expect(card(page, team.deals[name]).locator(".card-name")).to_be_focused()


def test_a_card_is_picked_up_carried_and_put_down_and_every_step_is_said(page: Page, team: Team) -> None:
    focus(page, team, "Rollout")
    page.keyboard.press("Space")
    expect(page.locator("[aria-live=assertive]")).to_contain_text("Picked up Rollout. Lead, position 2 of 3.")
    page.keyboard.press("ArrowRight")
    said(page, "Rollout, Qualified, position 1 of 1.")
    page.keyboard.press("ArrowRight")
    said(page, "Rollout, Proposal, position 1 of 3.")
    page.keyboard.press("ArrowDown")
    said(page, "Rollout, Proposal, position 2 of 3.")
    expect_accessible(page)
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Moved to Proposal")
    is_focused(page, team, "Rollout")
    expect_truth(page, team)
    names = column(page, "proposal").locator(".card-name").all_inner_texts()
    assert names == ["Gamma", "Rollout", "Delta"]


def test_within_a_column_it_is_a_reorder(page: Page, team: Team) -> None:
    focus(page, team, "Beta")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    said(page, "Beta, Lead, position 1 of 3.")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    said(page, "Beta, Lead, position 3 of 3.")
    page.keyboard.press("ArrowUp")
    with page.expect_response("**/move"):
        page.keyboard.press("Space")
    is_focused(page, team, "Beta")
    expect_truth(page, team)
    assert column(page, "lead").locator(".card-name").all_inner_texts() == ["Alpha", "Beta", "Rollout"]


def test_escape_and_going_elsewhere_put_it_back(page: Page, team: Team) -> None:
    before = truth(team.rep)
    for leave in ("Escape", "Tab"):
        focus(page, team, "Rollout")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.keyboard.press(leave)
        said(page, "Rollout is back in Lead, position 2 of 3.")
        expect_truth(page, team)
    assert truth(team.rep) == before


def test_put_down_where_it_was_nothing_is_asked_of_the_server(page: Page, team: Team) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    focus(page, team, "Rollout")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    said(page, "Rollout put down in Lead, position 2 of 3.")
    assert "POST" not in asked


def test_what_a_card_can_do_is_its_description(page: Page, team: Team) -> None:
    edit_deal(team.manager, team.deals["Beta"], DealEdit(assigned_to=team.colleague.user_id))
    page.reload()
    focus(page, team, "Rollout")
    expect(page.locator(":focus")).to_have_accessible_description(
        "Space picks the card up, arrow keys go from card to card."
    )
    for name, why in (
        ("Beta", "Only its owner or a manager may move this deal."),
        ("Omega", "A closed deal is not moved."),
    ):
        focus(page, team, name)
        expect(page.locator(":focus")).to_have_accessible_description(why)
        page.keyboard.press("Space")
        expect(page.locator("#toasts")).to_contain_text(why)
        expect(page.locator(".is-grabbed")).to_have_count(0)


def test_arrows_go_from_card_to_card_over_empty_columns(page: Page, team: Team) -> None:
    focus(page, team, "Alpha")
    for key, name in (
        ("ArrowDown", "Rollout"), ("End", "Beta"), ("ArrowDown", "Beta"), ("ArrowRight", "Delta"),
        ("ArrowUp", "Gamma"), ("ArrowRight", "Omega"), ("ArrowRight", "Omega"), ("ArrowLeft", "Gamma"),
        ("ArrowLeft", "Alpha"), ("ArrowLeft", "Alpha"),
    ):  # fmt: skip
        page.keyboard.press(key)
        is_focused(page, team, name)
    page.keyboard.press("Tab")
    expect(card(page, team.deals["Alpha"]).locator("summary")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/deals/{team.deals['Alpha']}")


def test_focus_follows_a_card_that_somebody_else_has_closed(page: Page, team: Team) -> None:
    win_deal(team.manager, team.deals["Rollout"])
    carry(page, team.deals["Rollout"], "proposal")
    found = column(page, "closed_won").locator(f'[data-deal-id="{team.deals["Rollout"]}"]')
    expect(found).to_contain_text("Mona closed this as won just now")
    expect(found.get_by_role("button", name="anyway")).to_have_count(0)
    is_focused(page, team, "Rollout")
    expect_accessible(page)
    page.keyboard.press("Escape")
    expect(page.locator("[data-too-late]")).to_have_count(0)
    is_focused(page, team, "Rollout")


def test_anyway_moves_the_card_as_it_now_is(page: Page, team: Team) -> None:
    edit_deal(team.manager, team.deals["Rollout"], DealEdit(name="Rollout II"))
    carry(page, team.deals["Rollout"], "proposal")
    found = card(page, team.deals["Rollout"])
    expect(found).to_contain_text("Mona changed name just now")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(found.get_by_role("button", name="Move to Proposal anyway")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Moved to Proposal")
    expect_truth(page, team)
    assert [str(team.deals["Rollout"]), 3] in truth(team.rep)["proposal"]["cards"]
    is_focused(page, team, "Rollout")


def test_ctrl_z_undoes_and_ctrl_shift_z_redoes(page: Page, team: Team) -> None:
    carry(page, team.deals["Rollout"], "proposal")
    expect(page.locator("#toasts")).to_contain_text("Moved to Proposal")
    page.keyboard.press("Control+z")
    expect(page.locator("#toasts")).to_contain_text("Undone: Rollout.")
    expect(page.locator("#toasts [data-toast]")).to_have_count(1)
    expect(column(page, "lead").locator(f'[data-deal-id="{team.deals["Rollout"]}"]')).to_be_visible()
    expect_truth(page, team)
    page.keyboard.press("Control+Shift+z")
    expect(page.locator("#toasts")).to_contain_text("Redone: Rollout.")
    expect(column(page, "proposal").locator(f'[data-deal-id="{team.deals["Rollout"]}"]')).to_be_visible()
    expect_truth(page, team)


def test_in_a_field_keys_are_letters(page: Page, team: Team) -> None:
    carry(page, team.deals["Rollout"], "proposal")
    expect(page.locator("#toasts")).to_contain_text("Moved to Proposal")
    page.keyboard.press("/")
    search = page.locator("[data-search]")
    expect(search).to_be_focused()
    page.keyboard.type("a/?")
    expect(search).to_have_value("a/?")
    page.keyboard.press("Control+z")
    expect(page.locator("#toasts")).not_to_contain_text("Undone")
    assert [str(team.deals["Rollout"]), 2] in truth(team.rep)["proposal"]["cards"]


def test_the_keys_are_listed_and_those_without_ctrl_can_be_switched_off(page: Page) -> None:
    keys = page.locator("#keys")
    page.keyboard.press("?")
    expect(keys).to_be_visible()
    expect_accessible(page)
    keys.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.reload()
    page.keyboard.press("?")
    page.keyboard.press("/")
    expect(keys).to_be_hidden()
    expect(page.locator("[data-search]")).not_to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.locator("[data-search]")).to_be_focused()
