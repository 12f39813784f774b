"""Every page at phone and desk width, light and dark: no axe violation, no sideways scroll, nothing on the console."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page

from tests.browser.conftest import scrolls_sideways, sign_in, violations

PAGES = (
    "/", "/deals", "/deals?q=nothing-like-this", "/deals/new", "/ingest", "/ingest?tab=manual", "/ingest?tab=api",
    "/leads", "/customers", "/forecast", "/analytics", "/settings/profile", "/settings/people", "/settings/pipelines",
    "/settings/keys", "/f/closed",
)  # fmt: skip
VIEWS = [(1440, "light"), (1440, "dark"), (360, "light"), (360, "dark")]


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_every_page_is_accessible_and_fits(
    new_page: Callable[..., Page], demo_app: Flask, width: int, scheme: str
) -> None:
    page = new_page(width=width, color_scheme=scheme)
    page.goto("/login")
    assert violations(page) == []
    sign_in(page, "admin@demo.example")
    found = {}
    deal = page.locator("[data-deal-id] a").first.get_attribute("href")
    for path in (*PAGES, deal or ""):
        page.goto(path)
        found[path] = [*violations(page), *([("scrolls sideways", path)] if scrolls_sideways(page) else [])]
    assert {path: problems for path, problems in found.items() if problems} == {}
