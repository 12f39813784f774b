"""The simulator connected in one click and synchronised live, at desk and phone width; axe finds nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from deals_app.integrations.simulator.hubspot import HubSpot
from deals_app.integrations.simulator.serving import served as simulated
from tests.browser.conftest import scrolls_sideways, sign_in, violations
from tests.served import served

VIEWS = [(1440, "light"), (360, "dark"), (1440, "dark"), (360, "light")]
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def address(demo_app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The product beside a simulated HubSpot."""
    logs: Path = tmp_path_factory.mktemp("logs")
    with simulated(HubSpot(deal_count=40)) as url:
        settings = replace(demo_app.config["DEALS_SETTINGS"], hubspot_api_url=url)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HUBSPOT_API_URL", url)
            with served(settings, logs, job_workers=1) as found:
                yield found


def assert_well(page: Page) -> None:
    assert violations(page) == []
    assert not scrolls_sideways(page)


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_an_admin_connects_the_simulator_and_maps_a_stage(
    new_page: Callable[..., Page], width: int, scheme: str, tmp_path: Path
) -> None:
    page = new_page(width=width, color_scheme=scheme)
    sign_in(page, "admin@demo.example")
    page.goto("/settings/connections")
    assert_well(page)
    page.click("text=Connect to the simulator of HubSpot")
    page.wait_for_url("**/settings/connections/*-*")
    expect(page.locator("#sync-state")).to_have_text("In step", timeout=PATIENCE_MS)
    page.reload()
    page.select_option("[name='stage:contractsent']", "proposal")
    page.screenshot(path=tmp_path / "connection.png", full_page=True)
    page.click("text=Save")
    expect(page.locator("[name='stage:contractsent']")).to_have_value("proposal")
    page.click("text=Synchronise now")
    expect(page.locator("#sync-state")).to_have_text("In step", timeout=PATIENCE_MS)
    page.reload()
    assert_well(page)
    page.click("text=Disconnect >> nth=-1")
    page.wait_for_url("**/settings/connections")
    page.reload()
    assert page.get_by_text("Disconnected within the last day").is_visible()
    assert_well(page)
