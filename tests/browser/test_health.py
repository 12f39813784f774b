"""How a deal is doing, on its page in a real browser: before it was looked at, and after, for every eye and hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from deals_app.services.activities import plan_step
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.scoring.analysing import analyse_deals
from deals_app.services.stage_transition import win_deal
from tests.browser.boards import Team, make_team
from tests.browser.conftest import scrolls_sideways, sign_in, violations

VIEWS = [(1440, "light"), (1440, "dark"), (360, "light"), (360, "dark")]


@pytest.fixture
def team(demo_app: Flask) -> Team:
    return make_team()


@pytest.fixture
def forgotten(team: Team) -> UUID:
    """A deal of the rep's that nobody has touched for a quarter of a year."""
    then = replace(team.rep, as_of=datetime.now(UTC) - timedelta(days=90))
    due = team.rep.today - timedelta(days=40)
    new = NewDeal(
        name="Forgotten", currency="USD", value=5_000_00, assigned_to=team.rep.user_id, expected_close_date=due
    )
    return create_deal(then, new)


def open_deal(page: Page, team: Team, deal_id: UUID) -> None:
    sign_in(page, team.rep.email)
    page.goto(f"/deals/{deal_id}")


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_the_score_its_factors_and_what_to_do_are_there_for_everybody(
    new_page: Callable[..., Page], team: Team, forgotten: UUID, width: int, scheme: str
) -> None:
    plan_step(team.rep, forgotten, body="Call purchasing", due_on=team.rep.today)
    analyse_deals(team.setup, [forgotten])
    page = new_page(width=width, color_scheme=scheme)
    open_deal(page, team, forgotten)
    health = page.get_by_role("region", name="Health")
    expect(health).to_contain_text("of 100")
    expect(health.get_by_role("list", name="Insights").get_by_role("listitem")).to_have_count(2)
    factors = health.get_by_role("list", name="What the score is made of").get_by_role("listitem")
    expect(factors).to_have_count(4)
    expect(factors.first).to_contain_text("In Lead for 90 days; 14 days are usual")
    expect(health.get_by_role("meter", name="Velocity")).to_have_js_property("value", 0)
    expect(health).to_contain_text("Analysed just now")
    assert violations(page) == []
    assert not scrolls_sideways(page)


def test_what_was_not_looked_at_says_so(page: Page, team: Team, forgotten: UUID) -> None:
    open_deal(page, team, forgotten)
    expect(page.get_by_role("region", name="Health")).to_contain_text("Not looked at yet")
    assert violations(page) == []


def test_a_warning_is_a_next_step_like_any_other(page: Page, team: Team, forgotten: UUID) -> None:
    analyse_deals(team.setup, [forgotten])
    open_deal(page, team, forgotten)
    expect(page.locator(".steps li")).to_contain_text("Deal at risk: It should have closed on")
    page.get_by_role("button", name="Done: Deal at risk").click()
    expect(page.get_by_text("Nothing is planned.")).to_be_visible()


def test_a_closed_deal_is_past_health(page: Page, team: Team, forgotten: UUID) -> None:
    analyse_deals(team.setup, [forgotten])
    win_deal(team.rep, forgotten)
    open_deal(page, team, forgotten)
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(page.get_by_role("region", name="Health")).to_have_count(0)
