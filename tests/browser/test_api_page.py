"""The page about the API with everything on it opened: accessible, and no wider than the screen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import scrolls_sideways, violations
from tests.browser.test_pages import VIEWS


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_all_of_it_is_accessible_and_fits(new_page: Callable[..., Page], width: int, scheme: str) -> None:
    page = new_page(width=width, color_scheme=scheme)
    page.goto("/docs/api")
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.get_by_label("Send: Close a deal as won").is_visible()
    assert violations(page) == []
    assert not scrolls_sideways(page)
