"""An import taken back by its page alone: its result, its undo, what stays, and its place in the history."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from deals_app.models import Deal
from deals_app.services.accounts import actor_for_tenant, member_views
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.unit_of_work import reading
from tests.browser.conftest import scrolls_sideways, sign_in, violations

ROWS = "Deal Name,Company,Value,Stage\n" + "".join(f"Back {n},Returns {n} Ltd,{n}00,Lead\n" for n in range(1, 8))
BAD = "Back 8,Returns 8 Ltd,to be done,Lead\n=cmd(),Returns 9 Ltd,TBD,Lead\n"


def seen(page: Page, name: str) -> None:
    """Nothing that a machine finds wrong; with SHOTS a picture for a person."""
    assert (violations(page), scrolls_sideways(page)) == ([], False), name
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def somebody_renames(name: str, new_name: str) -> None:
    tenant = actor_for_tenant("demo-two", reference="system:test", door="cli")
    with reading(tenant) as session:
        deal_id = session.scalars(select(Deal.id).where(Deal.name == name)).one()
        person = member_views(session)[0]
    edit_deal(replace(tenant, reference=f"user:{person.id}", door="page"), deal_id, DealEdit(name=new_name))


def test_an_import_is_taken_back_from_its_page(
    page: Page, new_page: Callable[..., Page], demo_app: Flask, tmp_path: Path
) -> None:
    path = tmp_path / "returns.csv"
    path.write_text(ROWS + BAD)
    phone = new_page(width=360, color_scheme="dark")
    for each in (page, phone):
        sign_in(each, "admin@demo-two.example")
    page.goto("/ingest")
    page.set_input_files("input[type=file]", path)
    page.get_by_role("button", name="Check the file").click()
    page.wait_for_url("**/imports/*")
    page.get_by_role("button", name="Import without checking").click()
    progress = page.locator("#import-progress")
    expect(progress.get_by_role("heading", name="Done")).to_be_visible(timeout=20_000)
    expect(progress).to_contain_text("9 of 9 rows")
    seen(page, "result-1440-light")
    phone.goto(page.url)
    seen(phone, "result-360-dark")

    url = page.url
    somebody_renames("Back 3", "Kept by hand")
    page.reload()
    page.get_by_text("Undo this import").first.click()
    expect(progress).to_contain_text("7 new deals are deleted")
    seen(page, "undo-1440-light")
    phone.get_by_text("Undo this import").first.click()
    seen(phone, "undo-360-dark")
    page.get_by_role("button", name="Undo this import").click()
    expect(progress.get_by_role("heading", name="Undone")).to_be_visible(timeout=20_000)
    expect(progress.get_by_role("link", name="Kept by hand")).to_be_visible()
    seen(page, "undone-1440-light")
    phone.goto(url)
    seen(phone, "undone-360-dark")
    for each, name in ((page, "history-1440-light"), (phone, "history-360-dark")):
        each.goto("/ingest")
        each.get_by_role("link", name="All imports").click()
        expect(each.get_by_role("row").filter(has_text="returns.csv").first).to_contain_text("Undone")
        seen(each, name)
