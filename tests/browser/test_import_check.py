"""What a file would do, seen and decided before it happens, on a wide screen and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from deals_app.domain.actor import Actor
from deals_app.services.accounts import actor_for_tenant
from tests.browser.conftest import scrolls_sideways, sign_in, violations
from tests.checked import check_file
from tests.filled import import_file

BEFORE = "ID,Deal Name,Company,Value\nc1,Tower,Acme,10\nc2,Bridge,Acme,20\n,Tunnel,Acme,30\n"
FILE = (
    "ID,Deal Name,Company,Value\nc1,Tower,Acme,12\nc2,Bridge,Acme,20\n,Tunnel,Globex,40\nc9,Bad,Acme,"
    # One word that no column has room for.
    + "TBD" * 70
    + "\n"
    + "".join(f"n{n},New {n:02},Globex,{n}\n" for n in range(60))
)


@pytest.fixture
def importer(demo_app: Flask) -> Actor:
    actor = actor_for_tenant("demo-two", reference="system:test", door="cli")
    import_file(actor, BEFORE)
    return actor


def test_what_a_file_would_do_is_seen_decided_and_then_done(
    page: Page, new_page: Callable[..., Page], importer: Actor, tmp_path: Path
) -> None:
    path = tmp_path / "changed.csv"
    path.write_text(FILE)
    sign_in(page, "admin@demo-two.example")
    page.goto("/ingest")
    page.set_input_files("input[type=file]", path)
    page.get_by_role("button", name="Check the file").click()
    page.wait_for_url("**/imports/*")
    page.locator("form[action$='/columns'] button.button-primary").click()
    tabs = page.get_by_role("navigation", name="Rows of the file")
    expect(tabs).to_be_visible(timeout=20_000)
    assert [" ".join(each.split()) for each in tabs.get_by_role("link").all_inner_texts()] == [
        "New 60", "Updates 1", "Unchanged 1", "Likely duplicates 1", "Rejected 1",
    ]  # fmt: skip
    expect(page.locator("tr", has_text="New 59")).to_have_count(0)
    page.locator("#rows-more").scroll_into_view_if_needed()
    expect(page.locator("tr", has_text="New 49")).to_have_count(1)
    tabs.get_by_role("link", name="Updates").click()
    expect(page.locator("tr", has_text="Tower")).to_contain_text("$12")
    phone = new_page(width=360, color_scheme="dark")
    sign_in(phone, "admin@demo-two.example")
    address = page.url.partition("?")[0]
    for tab in ("new", "updates", "unchanged", "duplicates", "rejected"):
        for each in (page, phone):
            each.goto(f"{address}?tab={tab}")
            assert (violations(each), scrolls_sideways(each)) == ([], False), tab
    page.goto(f"{address}?tab=duplicates")
    page.locator("tr", has_text="Tunnel").get_by_role("button", name="Leave out").click()
    expect(page.get_by_role("button", name="Take in")).to_be_visible()
    expect(page.get_by_role("button", name="Import 61 rows")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Import 61 rows").click()
    expect(page.locator("#import-progress")).to_contain_text("Done", timeout=20_000)
    expect(page.locator("#import-progress")).to_contain_text("Left out")


def test_a_check_is_walked_through_without_scripts(new_page: Callable[..., Page], importer: Actor) -> None:
    import_id = check_file(importer, FILE.replace("\nn", "\nm").replace("New", "Next"))
    page = new_page(java_script_enabled=False)
    sign_in(page, "admin@demo-two.example")
    page.goto(f"/imports/{import_id}?tab=new")
    page.get_by_role("link", name="More rows").click()
    page.locator("tr").filter(has_text="Next 30").get_by_role("button", name="Leave out").click()
    page.get_by_role("link", name="Updates").click()
    page.locator("tr", has_text="Tower").get_by_role("button", name="Leave out").click()
    expect(page.locator("tr", has_text="Tower")).to_contain_text("Left out")
    page.get_by_role("button", name="Change columns").click()
    expect(page.locator("main")).to_contain_text("olumns")
