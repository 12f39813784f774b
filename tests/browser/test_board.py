"""Moving cards in a real browser: what the screen says, the database says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import APIResponse, Page, Route, expect

from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.stage_transition import move_deal
from tests.browser.boards import (
    Team,
    card,
    choose,
    column,
    drag,
    expect_accessible,
    expect_truth,
    make_team,
    names_in,
    truth,
)
from tests.browser.conftest import sign_in
from tests.engines import TestEngines
from tests.sql import SUPERUSER, connected


@pytest.fixture
def team(demo_app: Flask) -> Team:
    return make_team()


@pytest.fixture
def page(new_page: Callable[..., Page], team: Team) -> Page:
    """The rep's board."""
    page = new_page()
    sign_in(page, team.rep.email)
    return page


def is_toasted(page: Page, *words: str) -> None:
    for each in words:
        expect(page.locator("#toasts")).to_contain_text(each)


class TestDragging:
    def test_a_card_is_found_in_its_new_column_after_a_reload(self, page: Page, team: Team) -> None:
        drag(page, team.deals["Rollout"], "proposal")
        is_toasted(page, "Moved to Proposal")
        expect_truth(page, team)
        assert [str(team.deals["Rollout"]), 2] in truth(team.rep)["proposal"]["cards"]
        page.reload()
        expect_truth(page, team)

    def test_within_its_column_it_stays_where_it_was_dropped_without_a_word(self, page: Page, team: Team) -> None:
        with page.expect_response("**/move") as answer:
            drag(page, team.deals["Beta"], "lead", past=card(page, team.deals["Alpha"]))
        assert answer.value.status == 200
        expect_truth(page, team)
        assert names_in(page, "lead") == ["Beta", "Alpha", "Rollout"]
        assert [str(team.deals["Beta"]), 1] in truth(team.rep)["lead"]["cards"]
        expect(page.locator("[data-toast]")).to_have_count(0)

    def test_a_card_of_somebody_else_stays(self, new_page: Callable[..., Page], team: Team) -> None:
        page = new_page()
        sign_in(page, team.colleague.email)
        found = card(page, team.deals["Rollout"])
        expect(found.locator("summary")).to_have_count(0)
        box = found.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 30, box["y"] + 10)
        page.mouse.down()
        page.mouse.move(box["x"] + 600, box["y"] + 10, steps=10)
        page.mouse.up()
        expect_truth(page, team)


class TestToasts:
    def test_the_button_undoes_and_a_newer_one_takes_the_place_of_the_older(self, page: Page, team: Team) -> None:
        drag(page, team.deals["Rollout"], "proposal")
        is_toasted(page, "Moved to Proposal")
        drag(page, team.deals["Alpha"], "qualified")
        is_toasted(page, "Moved to Qualified")
        expect(page.locator("[data-toast]")).to_have_count(1)
        page.get_by_role("button", name="Undo").click()
        is_toasted(page, "Undone: Alpha.")
        expect(page.locator("[data-toast]")).to_have_count(1)
        expect_truth(page, team)
        assert [str(team.deals["Rollout"]), 2] in truth(team.rep)["proposal"]["cards"]
        page.get_by_role("button", name="Redo").click()
        is_toasted(page, "Redone: Alpha.")
        expect_truth(page, team)
        assert [str(team.deals["Alpha"]), 4] in truth(team.rep)["qualified"]["cards"]

    @pytest.mark.parametrize(
        ("status", "words", "can_retry"),
        [
            (500, "error 500", True),
            (503, "The server is busy", True),
            (429, "Too many requests", True),
            (413, "too large", False),
        ],
    )
    def test_a_failure_says_why_and_offers_to_retry_where_that_helps(
        self, page: Page, team: Team, status: int, words: str, *, can_retry: bool
    ) -> None:
        page.route("**/move", lambda route: route.fulfill(status=status, body="no"))
        choose(page, team.deals["Rollout"], "proposal")
        is_toasted(page, words, "“Rollout” is back where it was")
        expect(page.get_by_role("button", name="Retry")).to_have_count(int(can_retry))
        expect_truth(page, team)

    def test_somebody_whose_session_is_over_is_led_to_sign_in(self, page: Page, team: Team) -> None:
        # Every answer brings the cookie again, the page's icon too.
        page.wait_for_load_state("networkidle")
        page.context.clear_cookies()
        choose(page, team.deals["Rollout"], "proposal")
        page.wait_for_url("**/login*")


class TestQuestions:
    @pytest.fixture(autouse=True)
    def asking(self, team: Team, engines: TestEngines) -> None:
        """Negotiation asks for a value and a close date."""
        with connected(engines, SUPERUSER) as connection:
            connection.execute(
                "UPDATE stages SET required_fields = '{value,expected_close_date}'"
                " WHERE key = 'negotiation' AND tenant_id = %s",
                [team.rep.tenant_id],
            )
        edit_deal(team.manager, team.deals["Rollout"], DealEdit(value=None))

    def test_a_wrong_answer_is_told_at_its_field_and_the_right_one_moves_the_card(self, page: Page, team: Team) -> None:
        drag(page, team.deals["Rollout"], "negotiation")
        found = card(page, team.deals["Rollout"])
        expect(found.get_by_label("Value in USD")).to_be_focused()
        expect_accessible(page)
        page.keyboard.type("quite a lot")
        found.get_by_label("Expected close").fill("2030-05-01")
        page.keyboard.press("Enter")
        expect(found.locator(".field-error")).to_contain_text("“quite a lot” is not an amount")
        expect(found.get_by_label("Value in USD")).to_be_focused()
        expect(found.get_by_label("Expected close")).to_have_value("2030-05-01")
        expect_accessible(page)
        expect_truth(page, team)
        found.get_by_label("Value in USD").fill("12,500")
        page.keyboard.press("Enter")
        is_toasted(page, "Moved to Negotiation")
        expect(found).to_contain_text("$12,500")
        expect_truth(page, team)

    def test_an_open_question_outlasts_what_happens_around_it(self, page: Page, team: Team) -> None:
        drag(page, team.deals["Rollout"], "negotiation")
        found = card(page, team.deals["Rollout"])
        found.get_by_label("Value in USD").fill("12")
        move_deal(team.manager, team.deals["Alpha"], stage="proposal")
        page.evaluate("document.dispatchEvent(new Event('deals-changed'))")
        expect_truth(page, team)
        expect(found.get_by_label("Value in USD")).to_have_value("12")
        page.route("**/move", lambda route: route.fulfill(status=500, body="no"))
        found.get_by_label("Expected close").fill("2030-05-01")
        found.get_by_role("button", name="Move to Negotiation").click()
        is_toasted(page, "your answer is still there")
        expect(found.get_by_label("Value in USD")).to_have_value("12")
        page.unroute("**/move")
        page.get_by_role("button", name="Retry").click()
        is_toasted(page, "Moved to Negotiation")
        expect_truth(page, team)


class TestTheBoardAroundIt:
    def test_what_others_did_waits_until_a_card_is_put_down(self, page: Page, team: Team) -> None:
        card(page, team.deals["Rollout"]).locator(".card-name").focus()
        page.keyboard.press("Space")
        move_deal(team.manager, team.deals["Alpha"], stage="proposal")
        page.evaluate("document.dispatchEvent(new Event('deals-changed'))")
        page.keyboard.press("ArrowRight")
        expect(page.locator(".is-grabbed")).to_have_count(1)
        assert names_in(page, "lead") == ["Alpha", "Beta"]
        page.keyboard.press("Escape")
        expect_truth(page, team)
        assert names_in(page, "lead") == ["Rollout", "Beta"]

    def test_an_answer_that_a_move_has_overtaken_is_asked_for_again(self, page: Page, team: Team) -> None:
        on_the_way: list[tuple[Route, APIResponse]] = []
        page.route(f"{page.url}*", lambda route: on_the_way.append((route, route.fetch())), times=1)
        with page.expect_request(page.url):
            page.evaluate("document.dispatchEvent(new Event('deals-changed'))")
        choose(page, team.deals["Rollout"], "proposal")
        is_toasted(page, "Moved to Proposal")
        route, board_before_the_move = on_the_way[0]
        with page.expect_response(lambda response: response.url == page.url and response.request != route.request):
            route.fulfill(response=board_before_the_move)
        expect_truth(page, team)
        assert [str(team.deals["Rollout"]), 2] in truth(team.rep)["proposal"]["cards"]

    def test_on_a_sorted_board_a_card_moves_to_another_column_only(self, page: Page, team: Team) -> None:
        edit_deal(team.manager, team.deals["Gamma"], DealEdit(value=900))
        page.goto("/?sort=name")
        expect(page.locator("[data-sorted]")).to_be_visible()
        drag(page, team.deals["Rollout"], "proposal")
        is_toasted(page, "Moved to Proposal")
        expect(column(page, "proposal").locator(".card-name")).to_have_text(["Delta", "Gamma", "Rollout"])
        drag(page, team.deals["Beta"], "lead", past=card(page, team.deals["Alpha"]))
        expect(column(page, "lead").locator(".card-name")).to_have_text(["Alpha", "Beta"])
        page.route("**/move", lambda route: route.fulfill(status=500, body="no"))
        drag(page, team.deals["Gamma"], "lead")
        is_toasted(page, "“Gamma” is back where it was")
        expect(column(page, "proposal").locator(".card-name")).to_have_text(["Delta", "Gamma", "Rollout"])

    def test_on_a_filtered_board_the_heads_count_what_it_shows(self, page: Page, team: Team) -> None:
        page.goto("/?q=l")
        assert names_in(page, "lead") == ["Alpha", "Rollout"]
        drag(page, team.deals["Rollout"], "proposal")
        is_toasted(page, "Moved to Proposal")
        counts = {
            stage: column(page, stage).locator("[data-count]").get_attribute("data-count")
            for stage in ("lead", "proposal")
        }
        assert counts == {"lead": "1", "proposal": "2"}

    def test_a_card_goes_into_a_folded_column(self, page: Page, team: Team) -> None:
        column(page, "proposal").hover()
        column(page, "proposal").get_by_role("button", name="Fold Proposal", exact=True).click()
        expect(page.locator('[data-stage="proposal"][data-folded]')).to_be_visible()
        choose(page, team.deals["Rollout"], "proposal")
        is_toasted(page, "Moved to Proposal")
        expect(column(page, "proposal").locator("[data-count]")).to_have_attribute("data-count", "3")
        column(page, "proposal").get_by_role("button").click()
        expect_truth(page, team)
