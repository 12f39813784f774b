"""A form's page, what is held, and the editor as browsers show them: every width and scheme, without scripts, framed.

With PICTURES=<folder> each page is kept there as a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.domain.forms import STANDARD_FIELDS, FormField, FormInFull
from deals_app.models import InboundItem
from deals_app.services.accounts import actor_for_tenant
from deals_app.services.forms import change_form, create_form
from deals_app.services.ingesting.reviewing import call_spam
from deals_app.services.public_forms import Arrival, public_form, receive_form
from deals_app.services.queries.held import held_page
from deals_app.services.unit_of_work import reading
from tests.browser.albums import Album
from tests.browser.conftest import sign_in

VIEWS = [(1440, "light"), (1440, "dark"), (360, "light"), (360, "dark")]
SPAM = (
    b'{"email": "seo@rank.example", "company": "Rank", "message": "SEO services: http://a.ru http://b.ru http://c.ru"}'
)


@pytest.fixture(scope="module")
def admin(demo_app: Flask) -> Actor:
    assert demo_app is not None
    return actor_for_tenant("demo", reference="system:test", door="cli")


@pytest.fixture(scope="module")
def asking(admin: Actor) -> FormInFull:
    """A form with everything on it, something held, and something called spam."""
    fields = [FormField(name=name, label="", is_required=name == "company") for name in STANDARD_FIELDS]
    made = create_form(
        admin,
        {
            "name": "Demo request",
            "title": "See it with your own deals",
            "intro": "Half an hour, with somebody who knows your trade. No slides.",
            "fields": fields,
            "products": ["Starter", "Team", "Enterprise"],
            "consent": "You may keep what I write here and call or mail me about it. I can take this back at any time.",
        },
    )
    found = public_form(made.form_key, request_id="")
    assert found is not None
    for trap in ("", "http://x.example"):
        receive_form(found, SPAM, Arrival(honeypot=trap), content_type="application/json")
    call_spam(admin, [held_page(admin).items[0].id])
    return made


def said_last(admin: Actor) -> InboundItem:
    with reading(admin) as session:
        return session.scalars(select(InboundItem).order_by(InboundItem.created_at.desc()).limit(1)).one()


def fill(page: Any, email: str) -> None:
    page.get_by_label("First name").fill("Jane")
    page.get_by_label("Work e-mail").fill(email)
    page.get_by_label("Company size").select_option("51-200")
    page.get_by_label("What are you interested in?").select_option("Team")
    page.get_by_label("How can we help?").fill("We would like a quote.\nThis month.")


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_every_page_is_accessible_and_fits(
    new_page: Callable[..., Page], asking: FormInFull, width: int, scheme: str
) -> None:
    page = new_page(width=width, color_scheme=scheme)
    album = Album(page, f"forms-{width}-{scheme}", 2)
    page.goto(f"/f/{asking.form_key}")
    album.take("form")
    fill(page, "jane at globex")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("Not sent yet")
    expect(page.get_by_label("How can we help?")).to_have_value("We would like a quote.\nThis month.")
    album.take("wrong")
    for path, name in ((f"/f/{asking.form_key}?sent=1", "sent"), (f"/f/{asking.form_key}?embed=1", "embedded")):
        page.goto(path)
        album.take(name)
    sign_in(page, "admin@demo.example")
    for path, name in (
        ("/ingest/held", "held"), ("/ingest/held?show=spam", "spam"), ("/settings/forms", "list"),
        (f"/settings/forms/{asking.id}", "editor"), ("/settings/forms/new", "new"), ("/ingest", "ingest"),
    ):  # fmt: skip
        page.goto(path)
        album.take(name)


def test_without_scripts_a_mistake_is_put_right_and_sent(
    new_page: Callable[..., Page], admin: Actor, asking: FormInFull
) -> None:
    page = new_page(width=360, java_script_enabled=False)
    page.goto(f"/f/{asking.form_key}?utm_source=fair")
    fill(page, "jane at globex")
    page.get_by_label("Company", exact=True).fill("Globex")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#email-error")).to_contain_text("is not an e-mail address")
    expect(page.locator("#consent-error")).to_be_visible()
    page.get_by_label("Work e-mail").fill("jane@globex.example")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Sent")).to_be_visible()
    item = said_last(admin)
    assert b'"utm_source": "fair"' in item.body
    assert item.context["arrival"]["consent"] == asking.consent
    assert page.context.cookies() == []


def test_a_keyboard_never_meets_the_trap(page: Page, asking: FormInFull) -> None:
    page.goto(f"/f/{asking.form_key}")
    met: list[str] = []
    for _ in range(15):
        page.keyboard.press("Tab")
        met.append(page.evaluate("document.activeElement.name || document.activeElement.tagName"))
    assert met[:8] == list(STANDARD_FIELDS)
    assert "consent" in met
    assert "homepage" not in met


@contextmanager
def site(folder: Path, framed: str) -> Iterator[str]:
    """Somebody's site that shows a page inside itself; its origin."""
    (folder / "index.html").write_text(
        f'<!doctype html><title>Site</title><iframe src="{framed}" height="900"></iframe>'
    )

    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_only_a_named_site_shows_it(
    browser: Browser, address: str, admin: Actor, asking: FormInFull, tmp_path: Path
) -> None:
    with site(tmp_path, f"{address}/f/{asking.form_key}?embed=1") as origin, browser.new_context() as context:
        page = context.new_page()
        page.goto(origin)
        # What the browser shows instead is a page of its own.
        expect(page.frame_locator("iframe").get_by_role("button", name="Send")).to_have_count(0)
        change_form(admin, asking.id, {"allowed_origins": [origin]})
        page.reload()
        framed = page.frame_locator("iframe")
        fill(framed, "jane@globex.example")
        framed.get_by_label("Company", exact=True).fill("Globex")
        framed.get_by_role("checkbox").check()
        framed.get_by_role("button", name="Send").click()
        expect(framed.get_by_role("heading", name="Sent")).to_be_visible()
        assert context.cookies() == []
        assert origin.encode() in said_last(admin).body


def test_held_is_taken_in_and_the_undo_puts_it_back(page: Page, admin: Actor, asking: FormInFull) -> None:
    found = public_form(asking.form_key, request_id="")
    assert found is not None
    body = SPAM.replace(b"seo@rank.example", b"undo@rank.example")
    receive_form(found, body, Arrival(), content_type="application/json")
    sign_in(page, "manager@demo.example")
    page.goto("/ingest/held")
    item = page.locator(".held-item").filter(has_text="undo@rank.example")
    item.get_by_role("button", name="Take in").click()
    expect(page.locator("#toasts")).to_contain_text("1 message taken in.")
    expect(item).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(item).to_have_count(1)
