"""Filters, folded columns, sums and the small form of a column, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import FloatRect, Locator, Page, expect

from deals_app.services.accounts import create_tenant
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.demo.company import PASSWORD
from tests.browser.boards import Team, column, drag, make_team, names_in
from tests.browser.conftest import scrolls_sideways, sign_in, violations


@pytest.fixture
def team(demo_app: Flask) -> Team:
    return make_team()


@pytest.fixture
def page(new_page: Callable[..., Page], team: Team) -> Page:
    """The rep's board."""
    page = new_page()
    sign_in(page, team.rep.email)
    return page


def count_of(page: Page, stage: str = "lead") -> int:
    return int(column(page, stage).locator("[data-count]").get_attribute("data-count") or "")


def box_of(element: Locator) -> FloatRect:
    box = element.bounding_box()
    assert box is not None
    return box


def test_typing_filters_in_place_and_the_address_follows(page: Page, team: Team) -> None:
    page.evaluate("document.body.dataset.kept = ''")
    page.locator("[data-search]").press_sequentially("ROLL")
    expect(page.locator("[data-deal-id]")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/\?q=ROLL$"))
    expect(page.locator("[data-search]")).to_be_focused()
    expect(page.locator("[data-search]")).to_have_value("ROLL")
    assert (count_of(page, "lead"), count_of(page, "proposal")) == (1, 0)
    page.locator("select[name=sort]").select_option("name")
    expect(page).to_have_url(re.compile(r"/\?q=ROLL&sort=name$"))
    expect(page.locator("[data-board][data-sorted=name]")).to_be_visible()
    expect(page.locator("body[data-kept]")).to_be_attached()
    page.locator(".chip").click()
    expect(page).to_have_url(re.compile(r"/\?sort=name$"))
    assert names_in(page, "lead") == ["Alpha", "Beta", "Rollout"]


def test_back_leads_through_the_filters(page: Page, team: Team) -> None:
    page.locator("select[name=owner]").select_option("none")
    expect(page.locator(".chip")).to_have_count(1)
    page.locator("select[name=close]").select_option("overdue")
    expect(page.locator(".chip")).to_have_count(2)
    for chips, address in ((1, r"/\?owner=none$"), (0, r"/$")):
        page.go_back()
        expect(page).to_have_url(re.compile(address))
        expect(page.locator(".chip")).to_have_count(chips)
        expect(page.locator("select[name=close]")).to_have_value("")


def test_who_goes_back_before_the_scripts_are_there_sees_what_the_address_says(page: Page, team: Team) -> None:
    page.locator("select[name=owner]").select_option("none")
    expect(page.locator(".chip")).to_have_count(1)
    # A handler that does nothing holds the request; without one it goes on.
    page.route("**/*.js*", lambda _route: None)
    page.reload(wait_until="commit")
    expect(page.locator(".chip")).to_have_count(1)
    page.evaluate("history.back()")
    expect(page).to_have_url(re.compile(r"/$"))
    page.unroute("**/*.js*")
    expect(page.locator(".chip")).to_have_count(0)


def test_further_filters_are_applied_together(page: Page, team: Team) -> None:
    page.locator(".filter-summary").click()
    page.locator("[name=value_from]").fill("a lot")
    page.locator("[name=source]").select_option("hubspot")
    expect(page.locator("[name=value_from]")).to_be_visible()
    page.locator(".filter-panel button").click()
    expect(page.locator(".filters-problem")).to_contain_text("Value from: “a lot” is not an amount")
    expect(page.locator(".chip")).to_have_text([re.compile("Came in by HubSpot")])
    expect(page).to_have_url(re.compile("source=hubspot"))


def test_deals_are_added_one_after_the_other_by_keyboard_alone(page: Page, team: Team) -> None:
    form, cards = column(page, "lead").locator("[data-quick]"), column(page, "lead").locator(".card-name")
    form.locator("summary").press("Enter")
    expect(form.locator("[name=name]")).to_be_focused()
    page.keyboard.type("One")
    page.keyboard.press("Enter")
    expect(cards.first).to_have_text("One")
    expect(form.locator("[name=name]")).to_be_focused()
    expect(form.locator("[name=name]")).to_have_value("")
    page.keyboard.type("Two")
    for text in ("", "much"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(form.locator(".field-error")).to_contain_text("Value: “much” is not an amount")
    expect(form.locator("[name=value]")).to_be_focused()
    form.locator("[name=value]").fill("€1,200")
    page.keyboard.press("Enter")
    expect(cards.first).to_have_text("Two")
    expect(column(page, "lead").locator(".card-value").first).to_contain_text("€1,200")
    assert count_of(page) == 5
    page.keyboard.press("Escape")
    expect(form.locator("[name=name]")).to_be_hidden()
    expect(form.locator("summary")).to_be_focused()


def test_a_filter_leaves_the_small_form_as_it_was_typed(page: Page, team: Team) -> None:
    form = column(page, "lead").locator("[data-quick]")
    form.locator("summary").click()
    form.locator("[name=name]").fill("Half typed")
    page.locator("select[name=owner]").select_option("me")
    expect(page.locator(".chip")).to_have_count(1)
    expect(form.locator("[name=name]")).to_have_value("Half typed")
    expect(form.locator("[name=name]")).to_be_visible()


def test_a_card_is_dropped_on_a_folded_column(page: Page, team: Team) -> None:
    fold, rollout = column(page, "proposal").locator(".column-fold button"), team.deals["Rollout"]
    column(page, "proposal").hover()
    fold.click()
    expect(page.locator("[data-stage=proposal][data-folded]")).to_be_visible()
    assert (box_of(column(page, "proposal"))["width"] < 60, count_of(page, "proposal")) == (True, 2)
    drag(page, rollout, "proposal", drop=False)
    with page.expect_response("**/move") as answer:
        page.mouse.up()
    assert answer.value.status == 200
    expect(column(page, "proposal").locator("[data-count]")).to_have_attribute("data-count", "3")
    page.reload()
    fold.click()
    expect(column(page, "proposal").locator(f'[data-deal-id="{rollout}"]')).to_be_visible()
    expect(page.locator("[data-folded]")).to_have_count(0)


def test_a_sorted_board_moves_cards_between_columns(page: Page, team: Team) -> None:
    page.goto("/?sort=name")
    with page.expect_response("**/move") as answer:
        drag(page, team.deals["Rollout"], "proposal")
    assert answer.value.status == 200
    expect(column(page, "proposal").locator("[data-count='3']")).to_be_visible()
    expect(column(page, "lead").locator("[data-count='2']")).to_be_visible()
    expect(column(page, "proposal").locator(f'[data-deal-id="{team.deals["Rollout"]}"]')).to_be_visible()


def test_a_move_on_a_filtered_board_adds_up_what_the_board_shows(page: Page, team: Team) -> None:
    page.goto("/?q=rollout")
    with page.expect_response("**/move"):
        drag(page, team.deals["Rollout"], "proposal")
    expect(column(page, "proposal").locator("[data-count='1']")).to_be_visible()
    expect(column(page, "lead").locator("[data-count='0']")).to_be_visible()


def test_the_parts_of_a_sum_show_by_pointing_by_focus_and_by_a_click(page: Page, team: Team) -> None:
    total, parts = column(page, "lead").locator(".column-sum summary"), column(page, "lead").locator(".column-parts")
    expect(parts).to_be_hidden()
    total.hover()
    expect(parts).to_be_visible()
    expect(parts).to_contain_text("$3,000")
    page.keyboard.press("Escape")
    expect(parts).to_be_hidden()
    page.mouse.move(0, 0)
    column(page, "lead").locator(".column-fold button").focus()
    page.keyboard.press("Tab")
    expect(total).to_be_focused()
    expect(parts).to_be_visible()
    page.keyboard.press("Escape")
    expect(parts).to_be_hidden()
    page.keyboard.press("Enter")
    expect(parts).to_be_visible()


def test_the_parts_of_a_sum_show_by_a_tap(new_page: Callable[..., Page], team: Team) -> None:
    page = new_page(width=390, has_touch=True, is_mobile=True)
    sign_in(page, team.rep.email)
    column(page, "lead").locator(".column-sum summary").tap()
    expect(column(page, "lead").locator(".column-parts")).to_be_visible()
    assert not scrolls_sideways(page)


def test_cards_do_not_jump_when_further_ones_arrive(page: Page, team: Team) -> None:
    for number in range(60):
        create_deal(team.rep, NewDeal(name=f"One of many {number}", currency="USD"))
    page.reload()
    cards, sentinel = column(page, "lead").locator("[data-deal-id]"), column(page, "lead").locator(".more")
    expect(cards).to_have_count(25)
    assert box_of(sentinel)["height"] > 2 * box_of(cards.first)["height"] * 0.7
    before = [box_of(cards.nth(place))["y"] for place in range(25)]
    with page.expect_response("**/board/column/**"):
        column(page, "lead").locator("[data-cards]").evaluate("(list) => list.scrollBy(0, 1800)")
    expect(cards).to_have_count(50)
    scrolled = column(page, "lead").locator("[data-cards]").evaluate("(list) => list.scrollTop")
    after = [box_of(cards.nth(place))["y"] for place in range(25)]
    assert [round(old - new) for old, new in zip(before, after, strict=True)] == [round(scrolled)] * 25


def test_without_javascript_everything_is_a_form_and_a_link(new_page: Callable[..., Page], team: Team) -> None:
    page = new_page(java_script_enabled=False)
    sign_in(page, team.rep.email)
    form = column(page, "lead").locator("[data-quick]")
    form.locator("summary").click()
    form.locator("[name=name]").fill("Plain")
    form.locator("[name=value]").fill("lots")
    form.locator("button").click()
    expect(form.locator(".field-error")).to_contain_text("Value: “lots” is not an amount")
    form.locator("[name=value]").fill("1,200")
    form.locator("button").click()
    expect(page.locator("#toasts")).to_contain_text("“Plain” was added")
    page.locator("[data-search]").fill("plain")
    page.locator("select[name=sort]").select_option("name")
    page.locator(".filters-send").click()
    expect(page.locator("[data-deal-id]")).to_have_count(1)
    here = re.compile(r"\?q=plain&sort=name$")
    expect(page).to_have_url(here)
    column(page, "lead").locator(".column-fold button").click()
    expect(page.locator("[data-stage=lead][data-folded]")).to_be_visible()
    expect(page).to_have_url(here)
    column(page, "lead").locator(".column-fold button").click()
    expect(page.locator("[data-deal-id]")).to_have_count(1)
    column(page, "closed_won").locator(".column-span a").click()
    expect(page).to_have_url(re.compile(r"\?q=plain&sort=name&closed=all$"))


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (360, "light"), (360, "dark")])
def test_the_states_of_a_board_are_accessible_and_fit(
    new_page: Callable[..., Page], demo_app: Flask, width: int, scheme: str
) -> None:
    page = new_page(width=width, color_scheme=scheme)
    sign_in(page, "manager@demo.example")
    found: dict[str, list[tuple[str, str]]] = {}

    def check(state: str) -> None:
        found[state] = violations(page) + ([("scrolls sideways", state)] if scrolls_sideways(page) else [])

    column(page, "lead").locator(".column-sum summary").click()
    check("parts")
    column(page, "lead").locator("[data-quick] summary").click()
    check("small form")
    column(page, "lead").locator("[name=name]").fill("Wrong")
    column(page, "lead").locator("[name=value]").fill("wrong")
    column(page, "lead").locator("[data-quick] button").click()
    expect(column(page, "lead").locator(".field-error")).to_be_visible()
    check("small form, wrong")
    page.goto("/?q=nothing-like-this&owner=none&close=overdue&value_from=x&sort=value")
    check("filtered to nothing")
    page.goto("/?closed=all&sort=close")
    page.locator(".filter-summary").click()
    check("further filters")
    page.keyboard.press("Escape")
    column(page, "lead").locator("h2").hover()
    column(page, "lead").locator(".column-fold button").click()
    expect(page.locator("[data-folded]")).to_have_count(1)
    check("folded")
    assert {state: problems for state, problems in found.items() if problems} == {}


def test_an_empty_board_teaches_until_the_first_deal_is_there(new_page: Callable[..., Page], demo_app: Flask) -> None:
    owner = "owner@empty-board.example"
    create_tenant(slug="empty-board", name="Empty", owner_email=owner, owner_name="Olga", password=PASSWORD)
    page = new_page()
    sign_in(page, owner)
    expect(page.locator(".board-empty")).to_contain_text("No deals yet")
    form = column(page, "lead").locator("[data-quick]")
    form.locator("summary").click()
    form.locator("[name=name]").fill("The first")
    page.keyboard.press("Enter")
    expect(column(page, "lead").locator(".card-name")).to_have_text("The first")
    expect(page.locator(".board-empty")).to_be_hidden()
