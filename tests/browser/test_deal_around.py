"""What surrounds a deal, in a real browser: added, removed and taken back; fits everywhere, axe finds nothing."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from deals_app.services.attachments import attach_file
from deals_app.services.collaborators import add_collaborator
from deals_app.services.competitors import add_competitor
from deals_app.services.queries.around import around
from tests.browser.boards import Team, make_team
from tests.browser.conftest import scrolls_sideways, sign_in, violations

VIEWS = [(1440, "light"), (1440, "dark"), (360, "light"), (360, "dark")]


@pytest.fixture
def team(demo_app: Flask) -> Team:
    return make_team()


@pytest.fixture
def deal_id(team: Team) -> UUID:
    return team.deals["Rollout"]


def test_a_file_is_attached_by_its_button_and_removal_is_undone(page: Page, team: Team, deal_id: UUID) -> None:
    sign_in(page, team.rep.email)
    page.goto(f"/deals/{deal_id}")
    file = {"name": "offer.txt", "mimeType": "text/plain", "buffer": b"An offer"}
    page.get_by_label("Choose a file or drop it here").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Attach").click()
    files = page.locator("#deal-files .beside-line")
    expect(files).to_have_count(1)
    expect(page.locator(".timeline li").first).to_contain_text("attached a file")
    with page.expect_download() as started:
        page.get_by_role("link", name="offer.txt").click()
    assert Path(started.value.path()).read_bytes() == b"An offer"
    page.get_by_role("button", name="Remove offer.txt").click()
    expect(files).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Undo").last.click()
    expect(files).to_have_count(1)


def test_a_file_is_dropped_on_its_zone(page: Page, team: Team, deal_id: UUID) -> None:
    sign_in(page, team.rep.email)
    page.goto(f"/deals/{deal_id}")
    page.locator("#deal-files [data-drop-zone]").evaluate(
        """zone => {
            const carried = new DataTransfer();
            carried.items.add(new File(["dropped"], "dropped.txt", { type: "text/plain" }));
            zone.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
        }"""
    )
    page.get_by_role("button", name="Attach").click()
    expect(page.get_by_role("link", name="dropped.txt")).to_be_visible()


def test_people_and_competitors_come_and_go_without_a_new_page(page: Page, team: Team, deal_id: UUID) -> None:
    sign_in(page, team.rep.email)
    page.goto(f"/deals/{deal_id}")
    page.get_by_text("Add a competitor").click()
    page.get_by_label("Competitor", exact=True).last.fill("Initech")
    page.get_by_label("Strength").select_option("strong")
    page.locator("#deal-competitors").get_by_role("button", name="Add", exact=True).click()
    rivals = page.locator("#deal-competitors .beside-line")
    expect(rivals).to_contain_text("Initech")
    expect(page.locator("#beside-name")).to_have_value("")
    page.get_by_text("Add a person").click()
    page.get_by_label("Person").select_option(index=1)
    page.locator("#deal-people").get_by_role("button", name="Add", exact=True).click()
    people = page.locator("#deal-people .beside-line")
    expect(people).to_have_count(1)
    people.get_by_role("button", name="Remove").click()
    expect(people).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Undo").last.click()
    expect(people).to_have_count(1)
    assert [each.name for each in around(team.rep, deal_id).competitors] == ["Initech"]


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_it_fits_and_axe_finds_nothing(
    new_page: Callable[..., Page], team: Team, deal_id: UUID, width: int, scheme: str, tmp_path: Path
) -> None:
    long_name = "Angebot-2026-Schreiner-und-Söhne_final_v3_unterschrieben-von-beiden-Seiten.pdf"
    attach_file(team.rep, deal_id, filename=long_name, content_type="application/pdf", stream=io.BytesIO(b"x" * 5000))
    add_competitor(team.rep, deal_id, name="Initech", strength="strong", note="Cheaper, without anybody on site")
    add_collaborator(team.rep, deal_id, team.manager.user_id or deal_id, role="watcher")
    page = new_page(width=width, color_scheme=scheme)
    sign_in(page, team.rep.email)
    page.goto(f"/deals/{deal_id}")
    page.get_by_text("Add a competitor").click()
    assert not scrolls_sideways(page)
    assert violations(page) == []
    picture = Path(os.environ.get("PICTURES") or tmp_path) / f"around-{width}-{scheme}.png"
    page.screenshot(path=picture, full_page=True)
