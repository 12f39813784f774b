"""A deal typed in, what came of it, and its lead, in a real browser: everything fits, and axe finds nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from deals_app.services.ingesting.inbox import Raw
from deals_app.services.ingesting.receiving import receive
from tests.browser.boards import make_team
from tests.browser.conftest import scrolls_sideways, sign_in, violations

VIEWS = [(1440, "light"), (1440, "dark"), (360, "light"), (360, "dark")]
MAIL = {
    "sender": "Wilhelmine Schreiner-Oberhuber <wilhelmine@schreiner.example>",
    "subject": "Angebot für 40 Lizenzen der Enterprise-Ausgabe",
    "content": "Guten Tag,\nour budget is $45,000 and we decide in March.\n" + "Donaudampfschifffahrt" * 12,
}


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_a_deal_is_typed_in_and_followed(
    demo_app: Flask, new_page: Callable[..., Page], width: int, scheme: str, tmp_path: Path
) -> None:
    team = make_team()
    mail = receive(team.manager, "email", Raw(body=json.dumps(MAIL).encode()))
    page = new_page(width=width, color_scheme=scheme)
    sign_in(page, team.manager.email)
    pictures = Path(os.environ.get("PICTURES") or tmp_path)

    def assert_well(name: str) -> None:
        page.screenshot(path=pictures / f"{name}-{width}-{scheme}.png", full_page=True)
        assert not scrolls_sideways(page)
        assert violations(page) == []

    page.goto("/ingest?tab=manual")
    assert_well("manual")
    page.fill("[name=name]", "Fleet of 40")
    page.fill("[name=value]", "-5")
    page.locator("[name=value]").blur()
    expect(page.locator("#understood")).to_contain_text("negative")
    page.click("text=Add the deal")
    expect(page.locator("#source-value-error")).to_be_visible()
    assert_well("manual-refused")
    page.fill("[name=value]", "1200")
    page.locator("[name=value]").blur()
    expect(page.locator("#understood")).to_contain_text("$1,200")
    page.click("text=Add the deal")
    expect(page.get_by_text("Add another")).to_be_visible()
    assert_well("manual-sent")
    page.click("text=How it was understood")
    expect(page.get_by_role("heading", name="What was made of it")).to_be_visible()
    page.goto("/ingest?tab=hubspot")
    page.locator(".door-fields summary").first.click()
    assert_well("hubspot")
    page.goto("/inbox")
    assert_well("inbox")
    page.goto(f"/inbox/{mail.item_id}")
    expect(page.locator("mark.found").first).to_be_visible()
    assert_well("item")
    page.goto("/leads")
    assert_well("leads")
    page.goto(f"/leads/{mail.lead_id}")
    assert_well("lead")
    page.click("text=Convert")
    expect(page.get_by_text("Their page")).to_be_visible()
