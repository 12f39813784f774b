"""A customer's page in a real browser: it fits everywhere, and axe finds nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page

from deals_app.services.contacts import add_contact
from deals_app.services.customers import create_customer
from tests.browser.boards import make_team
from tests.browser.conftest import scrolls_sideways, sign_in, violations

VIEWS = [(1440, "light"), (1440, "dark"), (360, "light"), (360, "dark")]


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_it_fits_and_axe_finds_nothing(
    demo_app: Flask, new_page: Callable[..., Page], width: int, scheme: str, tmp_path: Path
) -> None:
    team = make_team()
    customer_id = create_customer(team.rep, name="Schreiner & Söhne Maschinenbau und Fördertechnik")
    mail = "wilhelmine.schreiner-oberhuber@fördertechnik.example"
    add_contact(team.rep, customer_id, name="Wilhelmine Schreiner", email=mail, phone="+49 89 5550100", title="CFO")
    page = new_page(width=width, color_scheme=scheme)
    sign_in(page, team.rep.email)
    page.goto(f"/customers/{customer_id}")
    page.get_by_text("Add a contact").click()
    page.screenshot(path=Path(os.environ.get("PICTURES") or tmp_path) / f"customer-{width}-{scheme}.png")
    assert not scrolls_sideways(page)
    assert violations(page) == []
