"""A real browser on the real product: gunicorn, an RQ worker, the demo tenants."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from deals_app.app import create_app
from deals_app.extensions import db
from deals_app.services.accounts import create_tenant
from deals_app.services.demo.company import PASSWORD
from deals_app.services.demo.loading import load_demo_once
from tests.engines import TestEngines
from tests.served import served

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome")
# Chromium's own look-ups of the vendor's hosts have no place in a test, and as root it wants no sandbox.
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
# What Chromium itself says of every answer that is no 2xx; our own scripts have nothing to say.
EXPECTED_NOISE = "Failed to load resource: the server responded with a status of"


@pytest.fixture(scope="session")
def demo_app(engines: TestEngines) -> Iterator[Flask]:
    """An application over a database with both demo tenants and an empty one, `fresh@x.example`."""
    app = create_app(engines.settings(engines.database()))
    with app.app_context():
        load_demo_once(scale=0.1)
        create_tenant(
            slug="fresh", name="Fresh Start", owner_email="fresh@x.example", owner_name="Fay", password=PASSWORD
        )
        yield app
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture(scope="session")
def address(demo_app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = demo_app.config["DEALS_SETTINGS"]
    with served(settings, tmp_path_factory.mktemp("logs"), job_workers=1) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=_executable(), args=list(ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture
def new_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """`new_page(width=360, color_scheme="dark")`: a page of a browser of its own.

    All are closed at the end, and the test fails when a script of one of them failed or complained.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(*, width: int = 1440, height: int = 900, **options: object) -> Page:
        context = browser.new_context(base_url=address, viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.extend(_complaint(message)))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()


def _complaint(message: ConsoleMessage) -> list[str]:
    if message.type not in {"error", "warning"} or message.text.startswith(EXPECTED_NOISE):
        return []
    return [message.text]


def violations(page: Page) -> list[tuple[str, str]]:
    """What axe finds wrong, with the first place."""
    found = Axe().run(page).response["violations"]
    return [(violation["id"], violation["nodes"][0]["html"]) for violation in found]


def scrolls_sideways(page: Page) -> bool:
    """Whether the page as a whole does."""
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


def sign_in(page: Page, email: str) -> None:
    """Through the sign-in form; ends on the board."""
    page.goto("/login")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/")


def _executable() -> str | None:
    """$CHROMIUM, or what is on the PATH; None lets Playwright use its own."""
    named = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, EXECUTABLES)), None)
    return str(Path(named)) if named else None
