"""The list in a browser: selecting, changing many and taking it back, filters, further rows; also without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.queries.deal import deal
from tests.browser.boards import Team, make_team
from tests.browser.conftest import scrolls_sideways, sign_in, violations

VIEWS = [(1440, "light"), (1440, "dark"), (360, "light"), (360, "dark")]
BY_NAME = "/deals?sort=name&status=open"


@pytest.fixture
def team(demo_app: Flask) -> Team:
    return make_team()


def open_list(page: Page, team: Team, path: str = BY_NAME) -> None:
    sign_in(page, team.manager.email)
    page.goto(path)


def stages(page: Page) -> dict[str, str]:
    rows = page.locator("#deal-rows tr[id^=row-]")
    return {row.locator("th").inner_text(): row.locator(".badge-stage").inner_text() for row in rows.all()}


def box(page: Page, name: str) -> None:
    page.get_by_role("checkbox", name=f"Select {name}", exact=True).click()


def move_to(page: Page, stage: str) -> None:
    page.locator("[data-bulk-bar] summary", has_text="Move").click()
    page.get_by_label("To the stage").select_option(label=stage)
    page.get_by_role("button", name="Move", exact=True).click()


def test_a_stretch_is_selected_moved_and_taken_back(page: Page, team: Team) -> None:
    open_list(page, team)
    bar = page.locator("[data-bulk-bar]")
    expect(bar).to_be_hidden()
    box(page, "Alpha")
    page.get_by_role("checkbox", name="Select Delta").click(modifiers=["Shift"])
    expect(page.locator("[data-select-row]:checked")).to_have_count(3)
    expect(bar).to_be_visible()
    everything = page.locator("[data-select-all]")
    assert everything.evaluate("box => box.indeterminate")
    before = stages(page)
    move_to(page, "Negotiation")
    expect(page.locator("#toasts")).to_contain_text("3 deals moved.")
    expect(page.locator(".badge-stage", has_text="Negotiation")).to_have_count(3)
    assert {name for name, stage in stages(page).items() if stage == "Negotiation"} == {"Alpha", "Beta", "Delta"}
    expect(page.locator("[data-select-row]:checked")).to_have_count(0)
    expect(bar).to_be_hidden()
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Undone on 3 deals.")
    expect(page.locator(".badge-stage", has_text="Negotiation")).to_have_count(0)
    assert stages(page) == before


def test_all_of_the_page_and_all_that_match(page: Page, team: Team) -> None:
    for number in range(60):
        create_deal(team.rep, NewDeal(name=f"Zeta {number:02}", currency="USD", assigned_to=team.rep.user_id))
    open_list(page, team, "/deals?sort=name&q=zeta")
    everything = page.locator("[data-select-all]")
    everything.check()
    expect(page.locator("[data-select-row]:checked")).to_have_count(50)
    everything.uncheck()
    expect(page.locator("[data-select-row]:checked")).to_have_count(0)
    everything.check()
    page.get_by_label("All 60 that match").check()
    expect(page.locator("[data-bulk-count]")).to_have_text("All 60 that match")
    move_to(page, "Qualified")
    expect(page.locator("#toasts")).to_contain_text("60 deals moved.")
    expect(page.locator(".badge-stage", has_text="Qualified")).to_have_count(50)


def test_what_is_left_alone_is_listed_where_it_is_long(page: Page, team: Team) -> None:
    open_list(page, team)
    page.locator("[data-select-all]").check()
    for name in ("Alpha", "Beta", "Gamma", "Delta"):
        edit_deal(team.rep, team.deals[name], DealEdit(value=7))
    move_to(page, "Negotiation")
    expect(page.locator("#toasts")).to_contain_text("1 deal moved. 4 deals left alone.")
    page.get_by_text("See why").click()
    expect(page.locator("#left-alone li")).to_have_count(4)
    expect(page.locator("#left-alone li").first).to_contain_text("has changed since you selected it")
    assert violations(page) == []


def test_enter_in_a_menus_field_presses_that_menus_button(page: Page, team: Team) -> None:
    open_list(page, team)
    page.get_by_role("checkbox", name="Select Alpha").focus()
    page.keyboard.press("Space")
    page.locator("[data-bulk-bar] summary", has_text="Tag").press("Enter")
    page.get_by_label("Add tags").fill("vip, top")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("1 deal tagged.")
    assert deal(team.manager, team.deals["Alpha"]).tags == ("vip", "top")


def test_what_is_missing_is_said_and_the_selection_stays(page: Page, team: Team) -> None:
    open_list(page, team)
    box(page, "Alpha")
    page.locator("[data-bulk-bar] summary", has_text="Assign").click()
    page.get_by_role("button", name="Assign", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("Choose whom to give them to.")
    expect(page.locator("[data-select-row]:checked")).to_have_count(1)
    expect(page.get_by_label("To", exact=True)).to_be_visible()


def test_typing_filters_and_the_address_keeps_it(page: Page, team: Team) -> None:
    open_list(page, team)
    search = page.get_by_label("Search deals")
    search.press_sequentially("ta")
    expect(page.locator("#deal-rows tr")).to_have_count(2)
    page.wait_for_url("**/deals?q=ta&status=open&sort=name")
    expect(search).to_be_focused()
    expect(search).to_have_value("ta")
    page.get_by_role("search").get_by_label("Stage").select_option(label="Proposal")
    expect(page.locator("#deal-rows tr")).to_have_count(1)
    page.reload()
    expect(page.locator("#deal-rows tr")).to_have_count(1)
    page.get_by_role("link", name="Clear all").click()
    expect(page.locator("#deal-rows tr")).to_have_count(6)


@pytest.mark.parametrize("width", [1440, 360])
def test_further_rows_come_by_themselves_and_stay_when_something_changes(
    new_page: Callable[..., Page], team: Team, width: int
) -> None:
    page = new_page(width=width)
    for number in range(110):
        create_deal(team.rep, NewDeal(name=f"Zeta {number:03}", currency="USD", assigned_to=team.rep.user_id))
    open_list(page, team, "/deals?sort=name&q=zeta")
    rows = page.locator("#deal-rows tr[id^=row-]")
    expect(rows).to_have_count(50)
    # Coming near is enough, so what is scrolled to may be gone already.
    page.evaluate("document.getElementById('rows-more')?.scrollIntoView()")
    expect(rows).to_have_count(100)
    names = page.locator("#deal-rows th").all_inner_texts()
    assert names == sorted(names)
    box(page, "Zeta 070")
    move_to(page, "Qualified")
    expect(page.locator(".badge-stage", has_text="Qualified")).to_have_count(1)
    expect(rows).to_have_count(100)


def test_columns_are_chosen_and_remembered(page: Page, team: Team) -> None:
    open_list(page, team)
    page.locator("summary", has_text="Columns").click()
    page.get_by_label("Probability").check()
    page.get_by_label("Next step").uncheck()
    page.get_by_role("button", name="Show these").click()
    heads = page.locator(".list-data thead th")
    expect(heads.filter(has_text="Probability")).to_have_count(1)
    expect(heads.filter(has_text="Next step")).to_have_count(0)
    page.goto("/deals")
    expect(heads.filter(has_text="Probability")).to_have_count(1)
    heads.filter(has_text="Value").get_by_role("link").click()
    expect(heads.filter(has_text="Value")).to_have_attribute("aria-sort", "descending")


def test_without_scripts_the_same_form_works(new_page: Callable[..., Page], team: Team) -> None:
    page = new_page(java_script_enabled=False)
    open_list(page, team)
    box(page, "Alpha")
    box(page, "Gamma")
    expect(page.locator("[data-bulk-bar]")).to_be_visible()
    expect(page.locator("[data-select-all]")).to_be_hidden()
    move_to(page, "Negotiation")
    expect(page.locator("#toasts")).to_contain_text("2 deals moved.")
    assert stages(page)["Gamma"] == "Negotiation"
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    assert deal(team.manager, team.deals["Gamma"]).stage_key == "proposal"


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_every_state_of_the_list_is_accessible_and_fits(
    new_page: Callable[..., Page], team: Team, width: int, scheme: str
) -> None:
    page = new_page(width=width, color_scheme=scheme, reduced_motion="reduce")
    seen: dict[str, object] = {}

    def look(state: str) -> None:
        seen[state] = [*violations(page), *([("scrolls sideways", state)] if scrolls_sideways(page) else [])]

    open_list(page, team, "/deals?columns=name,customer,stage,pipeline,value,weighted,probability,owner,close,age,tags")
    look("every column")
    page.goto("/deals")
    page.locator(".list-sum summary").click()
    look("sum")
    page.keyboard.press("Escape")
    page.locator("summary", has_text="Columns").click()
    look("columns")
    page.keyboard.press("Escape")
    box(page, "Alpha")
    look("selected")
    page.locator("[data-bulk-bar] summary", has_text="Lost").click()
    look("bulk menu")
    page.goto("/deals?q=nothing-like-this&stage=lead&value_from=much")
    look("nothing fits")
    assert {state: problems for state, problems in seen.items() if problems} == {}


def test_a_rep_sees_no_checkbox(page: Page, team: Team) -> None:
    sign_in(page, team.rep.email)
    page.goto("/deals")
    expect(page.locator("#deal-rows tr")).to_have_count(6)
    assert page.locator("input[type=checkbox][name=deal]").count() == 0
