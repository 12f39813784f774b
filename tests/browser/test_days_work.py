"""A rep's day by keyboard alone and by finger at 390 px: sign in, filter, move, lose with a reason, undo, open, note.

With PICTURES=docs/pictures every step is kept as a picture there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.models import Activity, DealEvent
from deals_app.services.accounts import actor_for_tenant, members
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.demo.company import PASSWORD
from deals_app.services.unit_of_work import reading
from tests.browser.boards import card, column, expect_accessible
from tests.browser.conftest import scrolls_sideways
from tests.browser.fingers import Finger
from tests.engines import TestEngines
from tests.sql import SUPERUSER, connected

REP = "priya@demo.example"
REASON = "Their own fleet system does it now"
NOTE = "They want a second call with operations on Monday."
DEPOTS = count(4)


@dataclass(frozen=True)
class Album:
    """Numbered pictures of one way of working, where they are wanted; every page shown is looked at by axe too."""

    page: Page
    way: str
    numbers: Iterator[int]

    def take(self, name: str, *, is_at_rest: bool = True) -> None:
        """At rest a page is accessible and fits; with a card under the finger it is neither."""
        if is_at_rest:
            expect_accessible(self.page)
            assert not scrolls_sideways(self.page)
        if folder := os.environ.get("PICTURES"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{self.way}-{next(self.numbers)}-{name}.png")


@dataclass(frozen=True, kw_only=True)
class Work:
    """The deal that the day is about, and who may look at it."""

    actor: Actor
    deal_id: UUID
    name: str

    def is_done(self) -> None:
        """What the database remembers of the day."""
        with reading(self.actor) as session:
            events = session.scalars(
                select(DealEvent.kind).where(DealEvent.deal_id == self.deal_id).order_by(DealEvent.id)
            ).all()
            notes = session.scalars(select(Activity.body).where(Activity.deal_id == self.deal_id)).all()
        assert (list(events), list(notes)) == (["created", "moved", "lost", "undone"], [NOTE])


@pytest.fixture
def work(demo_app: Flask, engines: TestEngines) -> Iterator[Work]:
    """A deal of the rep's, in a company that wants to know why deals are lost."""
    demo = actor_for_tenant("demo", reference="system:test", door="cli")
    rep = next(person for person in members(demo) if person.email == REP)
    name = f"Route planning, {next(DEPOTS)} depots"
    new = NewDeal(
        name=name,
        currency="USD",
        value=4_850_000,
        stage="qualified",
        customer_name="Cascadia Foods",
        assigned_to=rep.id,
    )
    made = Work(actor=demo, deal_id=create_deal(demo, new), name=name)
    with connected(engines, SUPERUSER) as connection:
        wanted = "UPDATE tenants SET loss_reason_required = %s WHERE id = %s"
        connection.execute(wanted, [True, demo.tenant_id])
        yield made
        connection.execute(wanted, [False, demo.tenant_id])


def is_in(page: Page, work: Work, stage: str) -> None:
    expect(column(page, stage).locator(f'[data-deal-id="{work.deal_id}"]')).to_be_visible()


def tab_to(page: Page, wanted: Locator) -> None:
    for _ in range(60):
        if wanted.evaluate("(wanted) => wanted === document.activeElement"):
            return
        page.keyboard.press("Tab")
    expect(wanted).to_be_focused()


def sign_in_by_keyboard(page: Page, album: Album) -> None:
    page.goto("/login")
    tab_to(page, page.locator("[name=email]"))
    page.keyboard.type(REP)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    album.take("sign-in")
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    # Chromium throws away keys that come before there is anything to see.
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")


def test_by_keyboard_alone(new_page: Callable[..., Page], work: Work) -> None:
    page = new_page()
    album = Album(page, "keyboard", count(1))
    sign_in_by_keyboard(page, album)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type(work.name.lower())
    expect(page.locator("[data-deal-id]")).to_have_count(1)
    album.take("filter")
    name = card(page, work.deal_id).locator(".card-name")
    tab_to(page, name)
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    album.take("carry")
    page.keyboard.press("Space")
    expect(page.locator("#toasts")).to_contain_text("Moved to Proposal")
    is_in(page, work, "proposal")
    album.take("moved")
    page.keyboard.press("Space")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(card(page, work.deal_id).get_by_label("Reason")).to_be_focused()
    page.keyboard.type(REASON)
    page.keyboard.press("Tab")
    page.keyboard.type("Wayfare")
    album.take("why-lost")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Moved to Closed Lost")
    is_in(page, work, "closed_lost")
    album.take("lost")
    page.keyboard.press("Control+z")
    expect(page.locator("#toasts")).to_contain_text(f"Undone: {work.name}.")
    is_in(page, work, "proposal")
    album.take("undone")
    tab_to(page, name)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/deals/{work.deal_id}")
    tab_to(page, page.get_by_role("textbox", name="Note"))
    page.keyboard.type(NOTE)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text(NOTE)).to_be_visible()
    album.take("note")
    work.is_done()


def test_by_touch_on_a_phone(new_page: Callable[..., Page], work: Work) -> None:
    page = new_page(width=390, height=844, has_touch=True, is_mobile=True)
    album = Album(page, "touch", count(1))
    page.goto("/login")
    page.locator("[name=email]").tap()
    page.keyboard.type(REP)
    page.locator("[name=password]").tap()
    page.keyboard.type(PASSWORD)
    album.take("sign-in")
    page.get_by_role("button", name="Sign in").tap()
    page.wait_for_url("**/")
    page.locator("[data-search]").tap()
    page.keyboard.type(work.name.lower())
    expect(page.locator("[data-deal-id]")).to_have_count(1)
    album.take("filter")
    found = card(page, work.deal_id)
    found.scroll_into_view_if_needed()
    finger = Finger(page)
    finger.pick_up(found)
    finger.hold_at(385, until=column(page, "proposal").locator(f'[data-deal-id="{work.deal_id}"]'))
    album.take("carry", is_at_rest=False)
    finger.up()
    expect(page.locator("#toasts")).to_contain_text("Moved to Proposal")
    is_in(page, work, "proposal")
    album.take("moved")
    found.locator("summary").tap()
    found.locator("select").select_option(label="Closed Lost")
    found.get_by_role("button", name="Move", exact=True).tap()
    expect(found.get_by_label("Reason")).to_be_focused()
    page.keyboard.type(REASON)
    album.take("why-lost")
    found.get_by_role("button", name="Close as lost").tap()
    expect(page.locator("#toasts")).to_contain_text("Moved to Closed Lost")
    album.take("lost")
    page.get_by_role("button", name="Undo").tap()
    expect(page.locator("#toasts")).to_contain_text(f"Undone: {work.name}.")
    is_in(page, work, "proposal")
    found.scroll_into_view_if_needed()
    album.take("undone")
    found.locator(".card-name").tap()
    page.wait_for_url(f"**/deals/{work.deal_id}")
    page.get_by_role("textbox", name="Note").tap()
    page.keyboard.type(NOTE)
    page.get_by_role("button", name="Add note").tap()
    expect(page.get_by_text(NOTE)).to_be_visible()
    album.take("note")
    work.is_done()
