"""Saved views in a real browser: what the list shows is saved from its menu and opened from there; fits everywhere."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from deals_app.services.saved_views import save_view
from tests.browser.boards import Team, make_team
from tests.browser.conftest import scrolls_sideways, sign_in, violations

VIEWS = [(1440, "light"), (1440, "dark"), (360, "light"), (360, "dark")]


@pytest.fixture
def team(demo_app: Flask) -> Team:
    return make_team()


def test_what_the_list_shows_is_saved_and_opened_again(page: Page, team: Team) -> None:
    sign_in(page, team.rep.email)
    page.goto("/deals?owner=me&status=open")
    page.get_by_text("Views", exact=True).click()
    page.get_by_label("Save this view as").fill("My open ones")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("link", name="My open ones")).to_be_visible()
    page.goto("/deals")
    page.get_by_text("Views", exact=True).click()
    page.get_by_role("link", name="My open ones").click()
    page.wait_for_url("**/deals?status=open&owner=me")


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_it_fits_and_axe_finds_nothing(
    new_page: Callable[..., Page], team: Team, width: int, scheme: str, tmp_path: Path
) -> None:
    save_view(team.rep, name="My open ones", page="board", words={"owner": "me"})
    save_view(team.manager, name="Everything that is late, for all of us", page="board", words={}, is_shared=True)
    page = new_page(width=width, color_scheme=scheme)
    sign_in(page, team.rep.email)
    pictures = Path(os.environ.get("PICTURES") or tmp_path)
    page.get_by_text("Views", exact=True).click()
    expect(page.get_by_label("Save this view as")).to_be_visible()
    box = page.locator(".views-menu").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    page.screenshot(path=pictures / f"views-menu-{width}-{scheme}.png")
    assert not scrolls_sideways(page)
    assert violations(page) == []
    page.goto("/views/board?owner=me")
    page.screenshot(path=pictures / f"views-page-{width}-{scheme}.png")
    assert not scrolls_sideways(page)
    assert violations(page) == []
