"""Webhooks set up and watched by an admin, at desk and phone width: the log fills by itself, axe finds nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page

from deals_app.embedded.processes import wait_until
from deals_app.jobs.relay import relay_once
from tests.browser.conftest import scrolls_sideways, sign_in, violations

SECONDS = 60
VIEWS = [(1440, "light"), (360, "dark"), (1440, "dark"), (360, "light")]


def assert_well(page: Page) -> None:
    assert violations(page) == []
    assert not scrolls_sideways(page)


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_an_admin_sets_one_up_and_sees_why_nothing_arrives(
    new_page: Callable[..., Page], demo_app: Flask, width: int, scheme: str
) -> None:
    page = new_page(width=width, color_scheme=scheme)
    sign_in(page, "admin@demo.example")
    page.goto("/settings/webhooks")
    assert_well(page)
    page.fill("[name=url]", "https://127.0.0.1/hooks")
    page.click("text=Add >> nth=-1")
    assert page.get_by_text("is an internal address").is_visible()
    assert_well(page)
    page.fill("[name=url]", "https://shop.deals-test.invalid/hooks")
    page.fill("[name=description]", "The shop")
    page.check("[value='deal.won']")
    page.click("text=Add >> nth=-1")
    assert page.input_value("#new-secret").startswith("whsec_")
    assert_well(page)
    page.click("text=Send a test")

    def has_failed() -> bool:
        relay_once()
        page.reload()
        return page.locator(".webhook-log summary").count() > 0

    assert wait_until(has_failed, seconds=SECONDS, pause_seconds=0.3)
    page.locator(".webhook-log summary").click()
    assert page.get_by_text("the name shop.deals-test.invalid was not found").is_visible()
    assert_well(page)
    page.click("text=Switch off")
    assert page.get_by_text("switched off by an admin").is_visible()
    # The message that fades in says nothing about this page.
    page.reload()
    assert_well(page)
    page.click("text=Delete with its log")
    assert page.get_by_text("The webhook is deleted.").is_visible()
