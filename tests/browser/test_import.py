"""A file of deals through the page, by somebody who has never seen it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from deals_app.models import Deal
from deals_app.services.accounts import actor_for_tenant
from deals_app.services.unit_of_work import reading
from tests.browser.conftest import scrolls_sideways, sign_in, violations

SMALL = """Opp,Firm,Worth,Step,Closing
Rollout,Acme Inc.,"$1,200.50",Proposal,2027-03-01
Pilot,Beta GmbH,900,Qualified,2027-04-01
Broken,Beta GmbH,TBD,Qualified,2027-04-01
"""


def deals_of(slug: str) -> tuple[int, int]:
    """How many deals the tenant has, and what they add up to in minor units."""
    with reading(actor_for_tenant(slug, reference="system:test", door="cli")) as session:
        count, value = session.execute(select(func.count(), func.coalesce(func.sum(Deal.value), 0))).one()
    return count, int(value or 0)


def upload(page: Page, path: Path) -> None:
    page.goto("/ingest")
    page.set_input_files("input[type=file]", path)
    page.get_by_role("button", name="Check the file").click()
    page.wait_for_url("**/imports/*")


def test_columns_nobody_knows_are_mapped_by_hand_and_a_bad_row_is_told_apart(
    page: Page, new_page: Callable[..., Page], demo_app: Flask, tmp_path: Path
) -> None:
    path = tmp_path / "own words.csv"
    path.write_text(SMALL)
    sign_in(page, "admin@demo-two.example")
    count, total = deals_of("demo-two")
    upload(page, path)
    assert violations(page) == []
    for column, target in {"Opp": "Deal name", "Firm": "Company", "Worth": "Value", "Step": "Stage"}.items():
        page.locator("tr", has_text=column).locator("select").first.select_option(label=target)
    page.get_by_role("button", name="Import without checking").click()
    progress = page.locator("#import-progress")
    expect(progress).to_contain_text("Done", timeout=20_000)
    expect(page.locator("main")).to_contain_text("TBD")
    assert deals_of("demo-two") == (count + 2, total + 120_050 + 90_000)
    assert violations(page) == []
    phone = new_page(width=360, color_scheme="dark")
    sign_in(phone, "admin@demo-two.example")
    phone.goto(page.url)
    assert (violations(phone), scrolls_sideways(phone)) == ([], False)


def test_a_real_export_of_8800_deals_stands_on_the_board(page: Page, demo_app: Flask, real_data: Path) -> None:
    sign_in(page, "fresh@x.example")
    upload(page, real_data / "csv_crm" / "01_hubspot_deals_8800_bom.csv")
    page.get_by_role("button", name="Import without checking").click()
    expect(page.locator("#import-progress")).to_contain_text("8,800", timeout=20_000)
    expect(page.locator("#import-progress")).to_contain_text("Done", timeout=60_000)
    page.goto("/?closed=all")
    counts = {
        column.get_attribute("data-stage"): int(column.locator("[data-count]").get_attribute("data-count") or "")
        for column in page.locator("[data-stage]").all()
    }
    assert counts == {
        "lead": 500, "qualified": 1589, "proposal": 0, "negotiation": 0, "closed_won": 4238, "closed_lost": 2473,
    }  # fmt: skip
    lead = page.locator("[data-stage=lead] [data-deal-id]")
    expect(lead).to_have_count(25)
    lead.last.scroll_into_view_if_needed()
    expect(lead).to_have_count(50)
    won = page.locator("[data-stage=closed_won] data").first
    assert won.get_attribute("value") == str(10_005_534 * 100)
    assert deals_of("fresh") == (8800, (10_005_534 + 3_892_229 + 1_073_986) * 100)
