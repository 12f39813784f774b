"""What can go wrong with a move, made to happen: each fault says what it does, what is then told, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

from playwright.sync_api import Browser, Page, Route, expect
from playwright.sync_api import Error as PlaywrightError
from psycopg import sql

from deals_app.embedded.processes import wait_until
from deals_app.services.deals import delete_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.stage_transition import move_deal
from tests.browser.boards import Team, card, column, expect_truth, truth
from tests.engines import TestEngines
from tests.sql import SUPERUSER, connected

Happening = Callable[[Team, Page, TestEngines], AbstractContextManager[None]]
MOVES = "**/move"
# How long a move waits for its answer stands on its form. The tests have less patience than people.
IMPATIENT = """() => document.querySelectorAll("[data-move-form]").forEach((form) => {
  if (form.getAttribute("hx-config") !== "timeout:10s") throw new Error("a move waits 10 s for its answer");
  form.setAttribute("hx-config", "timeout:400ms");
})"""


def nothing_more(_page: Page, _team: Team) -> None:
    """The fault ends by itself."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`happening` holds while the move is made; `told` is what the person sees; `over` what follows when it is past."""

    name: str
    happening: Happening
    told: Callable[[Page, UUID], None]
    over: Callable[[Page, Team], None] = nothing_more
    target: str = "proposal"
    offers_retry: bool = False

    def befalls(self, team: Team, page: Page, engines: TestEngines, gesture: Callable[[Page, UUID, str], None]) -> None:
        """From before the move until the fault is past."""
        deal_id = team.deals["Rollout"]
        with self.happening(team, page, engines):
            gesture(page, deal_id, self.target)
            self.told(page, deal_id)
        self.over(page, team)


@contextmanager
def faulty_page(browser: Browser, address: str) -> Iterator[Page]:
    """A page of its own. What the browser logs of a lost connection is expected, errors of our scripts are not."""
    errors: list[str] = []
    with browser.new_context(base_url=address, viewport={"width": 1440, "height": 900}) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
    assert errors == []


@contextmanager
def somebody_was_first(team: Team, _page: Page, _engines: TestEngines) -> Iterator[None]:
    """409."""
    move_deal(team.manager, team.deals["Rollout"], stage="negotiation")
    yield


def told_who(page: Page, deal_id: UUID) -> None:
    """On the card, in its true column."""
    found = column(page, "negotiation").locator(f'[data-deal-id="{deal_id}"]')
    expect(found).to_contain_text("Mona moved this to Negotiation just now")
    expect(found.get_by_role("button", name="Move to Proposal anyway")).to_be_visible()


@contextmanager
def the_stage_asks(team: Team, _page: Page, engines: TestEngines) -> Iterator[None]:
    """422."""
    with connected(engines, SUPERUSER) as connection:
        connection.execute("UPDATE tenants SET loss_reason_required = true WHERE id = %s", [team.rep.tenant_id])
    yield


def told_a_question(page: Page, deal_id: UUID) -> None:
    """On the card, ready to be answered; Escape ends it."""
    expect(card(page, deal_id).get_by_text("Why was it lost?")).to_be_visible()
    expect(card(page, deal_id).get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-question]")).to_have_count(0)
    expect(card(page, deal_id).locator(".card-name")).to_be_focused()


@contextmanager
def the_deal_was_given_away(team: Team, _page: Page, _engines: TestEngines) -> Iterator[None]:
    """403."""
    edit_deal(team.manager, team.deals["Rollout"], DealEdit(assigned_to=team.colleague.user_id))
    yield


def told_whose(page: Page, deal_id: UUID) -> None:
    """And from now on the card shows that it is not ours to move."""
    expect(page.locator("#toasts")).to_contain_text("another person's")
    expect(page.get_by_role("button", name="Retry")).to_have_count(0)
    expect(card(page, deal_id)).not_to_have_attribute("data-may-drag", "")


@contextmanager
def the_deal_was_deleted(team: Team, _page: Page, _engines: TestEngines) -> Iterator[None]:
    """404."""
    delete_deal(team.manager, team.deals["Rollout"])
    yield


def told_it_is_gone(page: Page, deal_id: UUID) -> None:
    """And the card with it."""
    expect(page.locator("#toasts")).to_contain_text("“Rollout” is no longer there")
    expect(card(page, deal_id)).to_have_count(0)


@contextmanager
def the_database_fails(team: Team, _page: Page, engines: TestEngines) -> Iterator[None]:
    """500: a trigger that nobody foresaw."""
    planted = sql.SQL(
        "CREATE FUNCTION planted_failure() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF OLD.tenant_id = {} THEN RAISE EXCEPTION 'planted'; END IF; RETURN NEW; END $$;"
        "CREATE TRIGGER planted_failure BEFORE UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION planted_failure()"
    )
    with connected(engines, SUPERUSER) as connection:
        connection.execute(planted.format(str(team.rep.tenant_id)))
        try:
            yield
        finally:
            connection.execute("DROP FUNCTION planted_failure CASCADE")


def told(*words: str) -> Callable[[Page, UUID], None]:
    """In a toast."""

    def seen(page: Page, _deal_id: UUID) -> None:
        for text in words:
            expect(page.locator("#toasts")).to_contain_text(text)

    return seen


told_of_silence = told("took too long to answer", "“Rollout” is back where it was", "Retry")


@contextmanager
def the_request_is_lost(_team: Team, page: Page, _engines: TestEngines) -> Iterator[None]:
    """It never reaches the server."""
    with _unanswered(page, lambda _route: None):
        yield


@contextmanager
def the_answer_is_lost(_team: Team, page: Page, _engines: TestEngines) -> Iterator[None]:
    """The server does what it was asked to, and nobody hears of it."""
    answered: list[int] = []
    with _unanswered(page, lambda route: answered.append(route.fetch().status)):
        yield
    assert answered == [200]


@contextmanager
def _unanswered(page: Page, on_the_way: Callable[[Route], None]) -> Iterator[None]:
    page.evaluate(IMPATIENT)
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)
        on_the_way(route)

    page.route(MOVES, keep)
    yield
    page.unroute(MOVES)
    for route in held:
        # Nobody waits for it any more, and Playwright says so; unanswered it would stay a task for ever.
        with suppress(PlaywrightError):
            route.abort()


def told_it_got_through(page: Page, _deal_id: UUID) -> None:
    """The truth was asked for, and replaces what was told before."""
    expect(page.locator("#toasts")).to_contain_text("It got through after all: “Rollout” is in Proposal")
    expect(page.get_by_role("button", name="Retry")).to_have_count(0)


@contextmanager
def the_server_waits(team: Team, page: Page, engines: TestEngines) -> Iterator[None]:
    """Somebody holds the row: the move happens long after its sender has given up."""
    page.evaluate(IMPATIENT)
    with connected(engines, SUPERUSER) as connection, connection.transaction():
        connection.execute("SELECT 1 FROM deals WHERE id = %s FOR UPDATE", [team.deals["Rollout"]])
        yield


def it_happens_after_all(page: Page, team: Team) -> None:
    """The row is free, the move goes on, and a later question learns of it."""
    moved = [str(team.deals["Rollout"]), 2]
    assert wait_until(lambda: moved in truth(team.rep)["proposal"]["cards"], seconds=10, pause_seconds=0.02)
    told_it_got_through(page, team.deals["Rollout"])


@contextmanager
def the_network_is_gone(_team: Team, page: Page, _engines: TestEngines) -> Iterator[None]:
    """Offline, and the board says so for as long as it lasts."""
    page.context.set_offline(True)
    expect(page.locator("[data-offline]")).to_be_visible()
    yield
    page.context.set_offline(False)


def online_again(page: Page, team: Team) -> None:
    """What others did meanwhile is shown without being asked for."""
    expect(page.locator("[data-offline]")).to_be_hidden()
    move_deal(team.manager, team.deals["Alpha"], stage="negotiation")
    page.context.set_offline(True)
    page.context.set_offline(False)
    expect_truth(page, team)


FAULTS = [
    Fault(name="409", happening=somebody_was_first, told=told_who),
    Fault(name="422", happening=the_stage_asks, told=told_a_question, target="closed_lost"),
    Fault(name="403", happening=the_deal_was_given_away, told=told_whose),
    Fault(name="404", happening=the_deal_was_deleted, told=told_it_is_gone),
    Fault(
        name="500",
        happening=the_database_fails,
        told=told("Something went wrong on our side", "“Rollout” is back where it was", "Retry"),
        offers_retry=True,
    ),
    Fault(name="request lost", happening=the_request_is_lost, told=told_of_silence, offers_retry=True),
    Fault(name="answer lost", happening=the_answer_is_lost, told=told_it_got_through),
    Fault(name="answer late", happening=the_server_waits, told=told_of_silence, over=it_happens_after_all),
    Fault(
        name="offline",
        happening=the_network_is_gone,
        told=told("You are offline", "“Rollout” is back where it was", "Retry"),
        over=online_again,
        offers_retry=True,
    ),
]
