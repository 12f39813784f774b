"""The day's work by plain forms: with scripts switched off, and while the libraries are not there."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from deals_app.blueprints import assets
from deals_app.extensions import db
from deals_app.services.stage_transition import move_deal
from tests.browser.boards import Team, card, choose, column, drag, expect_truth, make_team, truth
from tests.browser.conftest import sign_in
from tests.engines import TestEngines
from tests.served import served_from
from tests.sql import SUPERUSER, connected


@pytest.fixture
def team(demo_app: Flask) -> Team:
    return make_team()


@pytest.fixture
def plain(new_page: Callable[..., Page], team: Team) -> Page:
    """The rep's board in a browser without scripts."""
    page = new_page(java_script_enabled=False)
    sign_in(page, team.rep.email)
    return page


def stands(page: Page, stage: str, name: str) -> None:
    """The card, in that column."""
    expect(column(page, stage).get_by_role("link", name=name, exact=True)).to_be_visible()


class TestWithScriptsSwitchedOff:
    def test_a_card_is_moved_and_the_move_undone(self, plain: Page, team: Team) -> None:
        choose(plain, team.deals["Rollout"], "proposal")
        stands(plain, "proposal", "Rollout")
        expect(plain.locator("#toasts")).to_contain_text("Moved to Proposal")
        plain.get_by_role("button", name="Undo").click()
        stands(plain, "lead", "Rollout")
        expect(plain.locator("#toasts")).to_contain_text("Undone: Rollout.")
        plain.get_by_role("button", name="Redo").click()
        stands(plain, "proposal", "Rollout")

    def test_a_loss_is_asked_why_on_a_page(self, plain: Page, team: Team, engines: TestEngines) -> None:
        with connected(engines, SUPERUSER) as connection:
            connection.execute("UPDATE tenants SET loss_reason_required = true WHERE id = %s", [team.rep.tenant_id])
        choose(plain, team.deals["Rollout"], "closed_lost")
        expect(plain.get_by_text("Why was it lost?")).to_be_visible()
        plain.get_by_role("link", name="Cancel").click()
        stands(plain, "lead", "Rollout")
        choose(plain, team.deals["Rollout"], "closed_lost")
        plain.get_by_label("Reason").fill("Too dear")
        plain.get_by_role("button", name="Close as lost").click()
        stands(plain, "closed_lost", "Rollout")
        assert [str(team.deals["Rollout"]), 2] in truth(team.rep)["closed_lost"]["cards"]

    def test_who_was_first_is_told_on_a_page(self, plain: Page, team: Team) -> None:
        move_deal(team.manager, team.deals["Rollout"], stage="negotiation")
        choose(plain, team.deals["Rollout"], "proposal")
        expect(plain.get_by_role("alert")).to_contain_text("Mona moved this to Negotiation just now")
        plain.get_by_role("button", name="Move to Proposal anyway").click()
        stands(plain, "proposal", "Rollout")

    def test_a_deal_is_added_in_a_column(self, plain: Page, team: Team) -> None:
        qualified = column(plain, "qualified")
        qualified.locator("summary", has_text="Add a deal").click()
        qualified.get_by_label("Name").fill("Brand new")
        qualified.get_by_role("button", name="Add", exact=True).click()
        stands(plain, "qualified", "Brand new")
        assert truth(team.rep)["qualified"]["count"] == 1


class Cdn(BaseHTTPRequestHandler):
    """A CDN on loopback that does what the test tells it to; what it was asked for is in `asked`."""

    address: ClassVar[str]
    behaviour: ClassVar[str] = "answers"
    asked: ClassVar[list[str]] = []
    released: ClassVar[threading.Event] = threading.Event()

    def do_GET(self) -> None:
        self.asked.append(self.path)
        name = self.path.rpartition("/")[2]
        content = (Path(assets.__file__).parent.parent / "static" / "vendor" / name).read_bytes()
        if self.behaviour == "hangs":
            self.released.wait()
            return
        if self.behaviour == "says something else":
            content += b"\n// and a little more"
        self.send_response(500 if self.behaviour == "fails" else 200)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cache-Control", "public, max-age=31536000, immutable")
        self.send_header("Content-Encoding", "gzip")
        body = gzip.compress(content)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quietly."""


@pytest.fixture
def cdn(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Cdn]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Cdn)
    monkeypatch.setattr(Cdn, "address", f"http://127.0.0.1:{server.server_port}/npm/", raising=False)
    monkeypatch.setattr(Cdn, "asked", [])
    monkeypatch.setattr(Cdn, "released", threading.Event())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Cdn
    Cdn.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def board_with(
    browser: Browser, engines: TestEngines, team: Team, cdn: type[Cdn], tmp_path: Path
) -> Iterator[Callable[..., Page]]:
    """`board_with(setting="auto", behaviour="hangs")`: the rep's board, where the CDN does that."""
    with ExitStack() as stack:

        def make(*, setting: str, behaviour: str, copies: bool = True) -> Page:
            cdn.behaviour = behaviour
            settings = engines.settings(str(db.engine.url.database), ASSETS=setting)
            address = stack.enter_context(
                served_from("tests.browser.own_cdn:application()", settings, tmp_path, {"OWN_CDN": cdn.address})
            )
            context = browser.new_context(base_url=address)
            stack.callback(context.close)
            page = context.new_page()
            if not copies:
                page.route("**/static/vendor/**", lambda route: route.abort())
            sign_in(page, team.rep.email)
            return page

        yield make


HAS_LIBRARIES = """() => window.htmx && window.Sortable?.get(document.querySelector("[data-cards]")) !== undefined"""


class TestTheLibraries:
    def test_from_the_cdn_each_is_fetched_once(self, board_with: Callable[..., Page], cdn: type[Cdn]) -> None:
        for setting in ("auto", "cdn"):
            page = board_with(setting=setting, behaviour="answers")
            page.wait_for_function(HAS_LIBRARIES)
            assert sorted(path.rpartition("/")[2] for path in cdn.asked) == ["Sortable.min.js", "htmx.min.js"]
            cdn.asked.clear()

    @pytest.mark.parametrize("behaviour", ["hangs", "fails", "says something else"])
    def test_our_own_copies_take_over(
        self, board_with: Callable[..., Page], cdn: type[Cdn], team: Team, behaviour: str
    ) -> None:
        page = board_with(setting="auto", behaviour=behaviour)
        page.wait_for_function(HAS_LIBRARIES)
        drag(page, team.deals["Rollout"], "proposal")
        expect(page.locator("#toasts")).to_contain_text("Moved to Proposal")
        expect_truth(page, team)
        asked = len(cdn.asked)
        page.reload()
        page.wait_for_function(HAS_LIBRARIES)
        assert len(cdn.asked) == asked

    def test_what_was_typed_before_they_came_is_searched_for(self, board_with: Callable[..., Page]) -> None:
        page = board_with(setting="auto", behaviour="hangs")
        page.get_by_role("searchbox").fill("rollout")
        assert page.evaluate("'htmx' in window") is False
        expect(page.locator("[data-deal-id]")).to_have_count(1)

    def test_while_the_cdn_keeps_silent_the_page_works_by_its_forms(
        self, board_with: Callable[..., Page], team: Team
    ) -> None:
        page = board_with(setting="cdn", behaviour="hangs")
        choose(page, team.deals["Rollout"], "proposal")
        stands(page, "proposal", "Rollout")
        expect(page.locator("#toasts")).to_contain_text("Moved to Proposal")
        assert page.evaluate("'htmx' in window") is False
        expect_truth(page, team)

    def test_with_neither_the_page_works_by_its_forms(self, board_with: Callable[..., Page], team: Team) -> None:
        page = board_with(setting="auto", behaviour="fails", copies=False)
        choose(page, team.deals["Rollout"], "proposal")
        stands(page, "proposal", "Rollout")
        page.get_by_role("button", name="Undo").click()
        stands(page, "lead", "Rollout")
        assert page.evaluate("'htmx' in window") is False

    def test_what_was_not_meant_is_never_run(self, board_with: Callable[..., Page], team: Team) -> None:
        page = board_with(setting="cdn", behaviour="says something else")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("'htmx' in window || 'Sortable' in window") is False
        choose(page, team.deals["Rollout"], "proposal")
        expect(card(page, team.deals["Rollout"])).to_have_attribute("data-in", "proposal")
