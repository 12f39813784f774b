"""A deal's page in a real browser: facts changed in place, by two people at once, questions, history; by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from deals_app.services.activities import plan_step
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.queries.deal import deal
from deals_app.services.stage_transition import move_deal
from tests.browser.boards import Team, make_team
from tests.browser.conftest import scrolls_sideways, sign_in, violations
from tests.engines import TestEngines
from tests.sql import SUPERUSER, connected

VIEWS = [(1440, "light"), (1440, "dark"), (360, "light"), (360, "dark")]


@pytest.fixture
def team(demo_app: Flask) -> Team:
    return make_team()


@pytest.fixture
def deal_id(team: Team) -> UUID:
    return team.deals["Rollout"]


def open_deal(page: Page, email: str, deal_id: UUID) -> None:
    sign_in(page, email)
    page.goto(f"/deals/{deal_id}")


def fact(page: Page, key: str) -> Locator:
    return page.locator(f"#fact-{key}")


def write(page: Page, key: str, text: str) -> None:
    fact(page, key).locator("summary").click()
    fact(page, key).locator("input:not([type=hidden])").first.fill(text)
    page.keyboard.press("Enter")


def test_a_fact_is_changed_by_keyboard_alone(page: Page, team: Team, deal_id: UUID) -> None:
    open_deal(page, team.rep.email, deal_id)
    value = fact(page, "value").locator("summary")
    value.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Value", exact=True)).to_be_focused()
    page.keyboard.type("12,500")
    page.keyboard.press("Enter")
    expect(fact(page, "value").locator(".deal-value")).to_have_text("$12,500")
    expect(fact(page, "value").get_by_role("status")).to_have_text("Saved")
    expect(value).to_be_focused()
    expect(page.locator(".timeline li").first).to_contain_text("USD 12,500.00")
    expect(fact(page, "value").get_by_role("status")).to_have_text("")
    page.keyboard.press("Enter")
    page.keyboard.type("99")
    page.keyboard.press("Escape")
    expect(value).to_be_focused()
    expect(fact(page, "value").locator(".deal-value")).to_have_text("$12,500")
    assert deal(team.rep, deal_id).value == 12_500_00
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(fact(page, "value").locator(".deal-value")).to_have_text("$1,000")


def test_what_is_wrong_is_said_at_the_field(page: Page, team: Team, deal_id: UUID) -> None:
    open_deal(page, team.rep.email, deal_id)
    write(page, "value", "much")
    expect(fact(page, "value").get_by_role("alert")).to_contain_text("“much” is not an amount")
    expect(page.get_by_label("Value", exact=True)).to_be_focused()
    expect(page.get_by_label("Value", exact=True)).to_have_value("much")


def test_two_people_edit_one_deal(new_page: Callable[..., Page], team: Team, deal_id: UUID) -> None:
    rep, manager = new_page(), new_page()
    open_deal(rep, team.rep.email, deal_id)
    open_deal(manager, team.manager.email, deal_id)
    write(manager, "name", "Theirs")
    expect(fact(manager, "name").get_by_role("status")).to_have_text("Saved")
    write(rep, "value", "500")
    expect(fact(rep, "value").get_by_role("status")).to_have_text("Saved")
    expect(rep.get_by_role("heading", level=1)).to_have_text("Theirs")
    write(manager, "value", "700")
    conflict = manager.locator(".conflict")
    expect(conflict).to_contain_text("Rhea changed this to $500 just now. You wrote $700.")
    conflict.get_by_role("link", name="Take theirs").click()
    expect(conflict).to_have_count(0)
    expect(fact(manager, "value").locator(".deal-value")).to_have_text("$500")
    write(rep, "value", "600")
    expect(fact(rep, "value").get_by_role("status")).to_have_text("Saved")
    write(manager, "value", "700")
    conflict.get_by_role("button", name="Keep mine").click()
    expect(fact(manager, "value").locator(".deal-value")).to_have_text("$700")
    now = deal(team.rep, deal_id)
    assert (now.name, now.value) == ("Theirs", 700_00)


def test_what_is_being_written_stays_when_the_page_asks_for_itself_again(page: Page, team: Team, deal_id: UUID) -> None:
    open_deal(page, team.rep.email, deal_id)
    fact(page, "name").locator("summary").click()
    page.get_by_label("Name", exact=True).fill("Half a na")
    page.locator("#note-body").fill("Half a note")
    edit_deal(team.manager, deal_id, DealEdit(value=7_00))
    page.evaluate("htmx.trigger(document.body, 'deals-changed')")
    expect(fact(page, "value").locator(".deal-value")).to_have_text("$7")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Half a na")
    expect(page.locator("#note-body")).to_have_value("Half a note")


def test_a_step_asks_in_place_and_escape_takes_it_back(
    page: Page, team: Team, deal_id: UUID, engines: TestEngines
) -> None:
    with connected(engines, SUPERUSER) as connection:
        connection.execute(
            "UPDATE stages SET required_fields = '{customer}' WHERE key = 'qualified' AND tenant_id = %s",
            [team.rep.tenant_id],
        )
    open_deal(page, team.rep.email, deal_id)
    step = page.get_by_role("button", name="Move to Qualified")
    step.click()
    question = page.locator("#deal-question")
    expect(question.get_by_label("Customer")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question.locator("form")).to_have_count(0)
    step.click()
    question.get_by_label("Customer").fill("Globex")
    page.keyboard.press("Enter")
    expect(page.locator("[aria-current=step]")).to_contain_text("Qualified")
    expect(question.locator("form")).to_have_count(0)
    expect(fact(page, "customer")).to_contain_text("Globex")


def test_who_was_quicker_is_said_and_the_move_made_anyway(page: Page, team: Team, deal_id: UUID) -> None:
    open_deal(page, team.rep.email, deal_id)
    move_deal(team.manager, deal_id, stage="negotiation")
    page.get_by_role("button", name="Move to Qualified").click()
    expect(page.locator("#deal-question")).to_contain_text("Mona moved this to Negotiation just now.")
    page.get_by_role("button", name="Move to Qualified anyway").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("Qualified")


def test_won_and_taken_back_from_the_history(page: Page, team: Team, deal_id: UUID) -> None:
    open_deal(page, team.rep.email, deal_id)
    page.locator(".deal-head summary", has_text="Won").click()
    page.get_by_label("Final value in USD").fill("900")
    page.get_by_role("button", name="Close as won").click()
    expect(page.locator("#deal .notice")).to_contain_text("Won on")
    expect(fact(page, "value").locator(".deal-value")).to_have_text("$900")
    page.locator(".timeline li").first.get_by_role("button", name="Undo").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("Lead")
    expect(page.locator(".timeline li[data-undone]")).to_contain_text("Taken back by Rhea")
    page.locator(".timeline li").first.get_by_role("button", name="Redo").click()
    expect(page.locator("#deal .notice")).to_contain_text("Won on")
    assert deal(team.rep, deal_id).status == "closed_won"


def test_steps_and_notes_come_without_leaving_the_page(page: Page, team: Team, deal_id: UUID) -> None:
    open_deal(page, team.rep.email, deal_id)
    page.locator("#step-form summary").click()
    page.get_by_label("What", exact=True).fill("Call purchasing")
    page.get_by_label("By", exact=True).fill((team.rep.today + timedelta(days=2)).isoformat())
    page.get_by_role("button", name="Plan", exact=True).click()
    expect(page.locator(".steps li")).to_contain_text("Call purchasing")
    expect(page.locator("#step-form details")).not_to_have_attribute("open", "")
    page.locator("#note-body").fill("They want two sites")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".timeline li").first).to_contain_text("They want two sites")
    expect(page.locator("#note-body")).to_have_value("")
    page.get_by_role("button", name="Done: Call purchasing").click()
    expect(page.locator(".steps li")).to_have_count(0)
    expect(page.locator(".timeline li").first).to_contain_text("Done: Call purchasing")


def test_deleted_with_a_message_that_brings_it_back(page: Page, team: Team, deal_id: UUID) -> None:
    open_deal(page, team.rep.email, deal_id)
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/board/*")
    expect(page.locator("#toasts")).to_contain_text("Rollout deleted.")
    expect(page.locator(f'[data-deal-id="{deal_id}"]')).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator(f'[data-deal-id="{deal_id}"]')).to_have_count(1)


def test_without_scripts_every_fact_opens_saves_and_conflicts(
    new_page: Callable[..., Page], team: Team, deal_id: UUID
) -> None:
    page = new_page(java_script_enabled=False)
    open_deal(page, team.rep.email, deal_id)
    fact(page, "tags").locator("summary").click()
    page.get_by_label("Tags, separated by commas").fill("vip")
    fact(page, "tags").get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("Tags changed.")
    expect(fact(page, "tags")).to_contain_text("vip")
    edit_deal(team.manager, deal_id, DealEdit(name="Theirs"))
    fact(page, "name").locator("summary").click()
    page.get_by_label("Name", exact=True).fill("Mine")
    fact(page, "name").get_by_role("button", name="Save").click()
    expect(page.locator(".conflict")).to_contain_text("Mona changed this to Theirs")
    page.get_by_role("button", name="Keep mine").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mine")
    page.get_by_role("button", name="Move to Proposal").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("Proposal")
    page.locator(".timeline li").first.get_by_role("button", name="Undo").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("Lead")


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_every_state_of_the_page_is_accessible_and_fits(
    new_page: Callable[..., Page], team: Team, deal_id: UUID, width: int, scheme: str
) -> None:
    page = new_page(width=width, color_scheme=scheme, reduced_motion="reduce")
    seen: dict[str, object] = {}

    def look(state: str) -> None:
        seen[state] = [*violations(page), *([("scrolls sideways", state)] if scrolls_sideways(page) else [])]

    edit_deal(team.rep, deal_id, DealEdit(expected_close_date=team.rep.today - timedelta(days=40), tags=("a", "b")))
    plan_step(team.rep, deal_id, body="Call " + "purchasing " * 12, due_on=team.rep.today - timedelta(days=2))
    open_deal(page, team.manager.email, deal_id)
    look("at rest")
    write(page, "value", "much")
    expect(fact(page, "value").get_by_role("alert")).to_be_visible()
    look("an error")
    page.goto(f"/deals/{deal_id}")
    edit_deal(team.rep, deal_id, DealEdit(name="Theirs"))
    write(page, "name", "Mine")
    expect(page.locator(".conflict")).to_be_visible()
    look("a conflict")
    page.goto(f"/deals/{deal_id}")
    page.locator("#step-form summary").click()
    look("planning")
    page.locator(".deal-head summary", has_text="Lost").click()
    look("losing")
    page.get_by_label("Why was it lost?").fill("price")
    page.get_by_role("button", name="Close as lost").click()
    expect(page.locator("#deal .notice")).to_contain_text("Lost on")
    page.locator(".timeline li").first.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-undone]").first).to_be_visible()
    look("history")
    assert {state: problems for state, problems in seen.items() if problems} == {}
