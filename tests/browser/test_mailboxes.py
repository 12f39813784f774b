"""A mailbox set up by an admin, at desk and phone width, in light and dark: axe finds nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import scrolls_sideways, sign_in, violations

VIEWS = [(1440, "light"), (360, "dark"), (1440, "dark"), (360, "light")]


def assert_well(page: Page) -> None:
    assert violations(page) == []
    assert not scrolls_sideways(page)


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_an_admin_adds_one_and_sees_why_it_fails(new_page: Callable[..., Page], width: int, scheme: str) -> None:
    page = new_page(width=width, color_scheme=scheme)
    sign_in(page, "admin@demo.example")
    page.goto("/settings/mailboxes")
    assert_well(page)
    page.click("a:text-is('IMAP')")
    assert_well(page)
    page.fill("[name=name]", "Sales inbox")
    page.fill("[name=host]", "127.0.0.1")
    page.fill("[name=user_name]", "sales")
    page.fill("[name=secret]", "secret")
    page.click("button:text-is('Add')")
    assert page.get_by_text("is an internal address").is_visible()
    assert_well(page)
    page.fill("[name=host]", "imap.deals-test.invalid")
    page.fill("[name=secret]", "secret")
    page.click("button:text-is('Add')")
    page.click("button:text-is('Look now')")
    assert page.get_by_text("the name imap.deals-test.invalid was not found").first.is_visible()
    # The message that fades in says nothing about this page.
    page.reload()
    assert_well(page)
    page.click("button:text-is('Pause')")
    page.click("button:text-is('Delete')")
    assert page.get_by_text("The mailbox is deleted").is_visible()


@pytest.mark.parametrize(("width", "scheme"), VIEWS[:2])
def test_an_address_is_there_to_copy(new_page: Callable[..., Page], width: int, scheme: str) -> None:
    page = new_page(width=width, color_scheme=scheme)
    sign_in(page, "admin@demo.example")
    page.goto("/settings/mailboxes/new/postmark")
    assert_well(page)
    page.fill("[name=name]", "Enquiries")
    page.click("button:text-is('Add')")
    assert "/api/sales/deals/email/" in page.input_value("#mailbox-address")
    assert_well(page)
    page.goto("/settings/mailboxes")
    assert page.get_by_role("link", name="Enquiries").first.is_visible()
    assert_well(page)
