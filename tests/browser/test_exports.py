"""The Export menu in a browser: by keyboard, on a phone, and without scripts."""

from __future__ import annotations

import csv
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page

from tests.browser.boards import Team, make_team
from tests.browser.conftest import scrolls_sideways, sign_in, violations


@pytest.fixture
def team(demo_app: Flask) -> Team:
    return make_team()


def downloaded(page: Page, go: Callable[[], None]) -> list[dict[str, str]]:
    """The rows of the CSV that comes."""
    with page.expect_download() as download:
        go()
    with download.value.path().open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_by_keyboard_it_is_what_the_list_shows(page: Page, team: Team) -> None:
    sign_in(page, team.manager.email)
    page.goto("/deals?sort=name")
    page.get_by_role("searchbox", name="Search deals").fill("a")
    page.wait_for_url("**q=a**")
    shown = page.locator("#deal-rows tr[id^=row-] th").all_inner_texts()
    page.locator("summary", has_text="Export").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Excel").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    rows = downloaded(page, lambda: page.keyboard.press("Enter"))
    assert [row["Name"] for row in rows] == [text.splitlines()[0] for text in shown]
    assert rows


@pytest.mark.parametrize("path", ["/deals", "/customers", "/leads"])
@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (360, "light")])
def test_the_menu_fits(new_page: Callable[..., Page], path: str, width: int, scheme: str) -> None:
    page = new_page(width=width, color_scheme=scheme)
    sign_in(page, "manager@demo.example")
    page.goto(path)
    page.locator("summary", has_text="Export").click()
    box = page.get_by_role("link", name="JSON Lines").bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= box["x"] + box["width"] <= width
    assert not scrolls_sideways(page)
    assert violations(page) == []


def test_without_scripts(new_page: Callable[..., Page], team: Team) -> None:
    page = new_page(java_script_enabled=False)
    sign_in(page, team.manager.email)
    page.goto("/deals?status=open")
    page.locator("summary", has_text="Export").click()
    assert downloaded(page, page.get_by_role("link", name="CSV").click)
