"""How the refusals of a move are told: on the card for htmx, as a page for a plain form."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest

from deals_app.domain.actor import Actor
from deals_app.services.deals import NewDeal, create_deal, delete_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.pipelines import pipelines
from deals_app.services.queries.deal import deal
from deals_app.services.stage_transition import lose_deal, move_deal, win_deal
from tests.engines import TestEngines
from tests.people import People
from tests.sql import SUPERUSER, connected


@pytest.fixture
def deal_id(people: People) -> UUID:
    return make(people.alice)


def make(actor: Actor, **facts: Any) -> UUID:
    new = {"name": "Rollout", "currency": "USD", "assigned_to": actor.user_id, **facts}
    return create_deal(actor, NewDeal(**new))


def stage_ids(people: People) -> dict[str, str]:
    return {stage.key: str(stage.id) for stage in pipelines(people.alice)[0].stages}


def ask(engines: TestEngines, stage: str, *fields: str) -> None:
    """The stage asks for these from now on."""
    with connected(engines, SUPERUSER) as connection:
        connection.execute("UPDATE stages SET required_fields = %s WHERE key = %s", [list(fields), stage])


def demand_loss_reasons(engines: TestEngines) -> None:
    with connected(engines, SUPERUSER) as connection:
        connection.execute("UPDATE tenants SET loss_reason_required = true")


def form_in(page: str, containing: str) -> dict[str, str]:
    """The fields of the form that holds this text, as a browser would send them."""
    form = next(form for form in re.findall(r"<form.*?</form>", page, re.DOTALL) if containing in form)
    inputs = re.findall(r"<input[^>]*>", form)
    pairs = [(re.search(r'name="([^"]*)"', each), re.search(r'value="([^"]*)"', each)) for each in inputs]
    return {name[1]: unescape(value[1]) if value else "" for name, value in pairs if name}


def hx_post_from(url: str, browser: Any, path: str, data: dict[str, Any]) -> Any:
    """As htmx posts from a page with this address."""
    headers = {"HX-Request": "true", "X-CSRFToken": browser.token, "HX-Current-URL": f"http://localhost{url}"}
    return browser.client.post(path, data=data, headers=headers)


def heads_in(page: str) -> set[str]:
    return set(re.findall(r'id="head-([^"]+)"', page))


class TestDone:
    def test_a_move_is_said_with_its_undo(self, sign_in: Any, deal_id: UUID) -> None:
        answer = sign_in("alice").hx_post(f"/deals/{deal_id}/move", {"stage": "proposal", "version": 1})
        page = answer.get_data(as_text=True)
        assert "Moved to Proposal" in page
        assert re.search(r'hx-post="/undo/[0-9a-f-]{36}"', page)

    def test_without_htmx_the_board_says_it_with_its_undo(self, sign_in: Any, deal_id: UUID) -> None:
        alice = sign_in("alice")
        alice.post(f"/deals/{deal_id}/move", {"stage": "proposal", "version": 1})
        page = alice.get("/").get_data(as_text=True)
        assert "Moved to Proposal" in page
        assert re.search(r'action="/undo/[0-9a-f-]{36}"', page)

    def test_a_reorder_is_not_said(self, sign_in: Any, people: People, deal_id: UUID) -> None:
        other = make(people.alice)
        form = {"stage": "lead", "version": 1, "before": str(other), "after": ""}
        page = sign_in("alice").hx_post(f"/deals/{deal_id}/move", form).get_data(as_text=True)
        assert "Moved to" not in page


class TestWhatTheBoardShows:
    """The answer is for the board that asked: its filters are in its address."""

    def test_heads_count_what_the_filters_let_through(self, sign_in: Any, people: People, deal_id: UUID) -> None:
        make(people.alice, name="Other")
        form = {"stage": "proposal", "version": 1}
        page = hx_post_from("/?q=roll", sign_in("alice"), f"/deals/{deal_id}/move", form).get_data(as_text=True)
        assert re.findall(r'data-count="(\d+)"', page) == ["0", "1"]

    def test_a_card_that_they_hide_leaves_and_its_undo_stays(self, sign_in: Any, deal_id: UUID) -> None:
        form = {"stage": "proposal", "version": 1}
        answer = hx_post_from("/?q=another", sign_in("alice"), f"/deals/{deal_id}/move", form)
        page = answer.get_data(as_text=True)
        assert answer.headers["HX-Reswap"] == "delete"
        assert "Moved to Proposal; the filters hide it" in page
        assert re.search(r'hx-post="/undo/[0-9a-f-]{36}"', page)


class TestTooLate:
    def test_the_card_says_who_moved_it_and_offers_the_move_on_it_as_it_is(
        self, sign_in: Any, people: People, deal_id: UUID
    ) -> None:
        move_deal(people.mona, deal_id, stage="qualified")
        move_deal(people.mona, deal_id, stage="negotiation")
        alice = sign_in("alice")
        form = {"stage": stage_ids(people)["proposal"], "version": 1, "before": "", "after": ""}
        answer = alice.hx_post(f"/deals/{deal_id}/move", form)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 409
        assert re.search(r"<strong>Mona</strong>\s+moved this to Negotiation\s+<time[^>]*>just now</time>", page)
        ids = stage_ids(people)
        assert heads_in(page) == {ids["lead"], ids["qualified"], ids["negotiation"]}
        again = form_in(page, "Move to Proposal anyway")
        assert (again["version"], again["before"], again["after"]) == ("3", "", "")
        assert alice.hx_post(f"/deals/{deal_id}/move", again).status_code == 200
        assert deal(people.alice, deal_id).stage_key == "proposal"

    def test_an_edit_names_the_fields(self, sign_in: Any, people: People, deal_id: UUID) -> None:
        edit_deal(people.mona, deal_id, DealEdit(name="Rollout II", value=5))
        page = sign_in("alice").hx_post(f"/deals/{deal_id}/move", {"stage": "won", "version": 1}).get_data(as_text=True)
        assert re.search(r"<strong>Mona</strong>\s+changed name, value\s", page)
        assert "Move to Closed Won anyway" in page

    def test_ones_own_change_is_ones_own(self, sign_in: Any, people: People, deal_id: UUID) -> None:
        move_deal(people.alice, deal_id, stage="qualified")
        page = sign_in("alice").hx_post(f"/deals/{deal_id}/move", {"stage": "won", "version": 1}).get_data(as_text=True)
        assert "<strong>You</strong>" in page

    def test_where_it_is_already_nothing_is_offered(self, sign_in: Any, people: People, deal_id: UUID) -> None:
        move_deal(people.mona, deal_id, stage="proposal")
        answer = sign_in("alice").hx_post(f"/deals/{deal_id}/move", {"stage": "proposal", "version": 1})
        assert answer.status_code == 409
        assert "anyway" not in answer.get_data(as_text=True)

    @pytest.mark.parametrize("known", [1, 2])
    def test_a_deal_closed_meanwhile_says_by_whom_and_offers_nothing(
        self, sign_in: Any, people: People, deal_id: UUID, known: int
    ) -> None:
        win_deal(people.mona, deal_id)
        answer = sign_in("alice").hx_post(f"/deals/{deal_id}/move", {"stage": "proposal", "version": known})
        page = answer.get_data(as_text=True)
        assert answer.status_code == 409
        assert "closed this as won" in page if known == 1 else "This deal is closed. A manager may reopen it." in page
        assert 'data-in="closed_won"' in page
        assert "anyway" not in page

    def test_without_htmx_it_is_a_page_that_leads_on_and_back(
        self, sign_in: Any, people: People, deal_id: UUID
    ) -> None:
        lost = lose_deal(people.mona, make(people.alice)).deal
        move_deal(people.mona, deal_id, stage="qualified")
        alice = sign_in("alice")
        answer = alice.post(f"/deals/{deal_id}/move", {"stage": "won", "version": 1, "next": "/?q=x"})
        page = answer.get_data(as_text=True)
        assert (answer.status_code, "<h1>Rollout</h1>" in page, 'href="/?q=x"' in page) == (409, True, True)
        again = alice.post(f"/deals/{deal_id}/move", form_in(page, "anyway"))
        assert (again.status_code, again.headers["Location"]) == (303, "/?q=x")
        assert deal(people.alice, deal_id).stage_key == "closed_won"
        page = alice.post(f"/deals/{lost.id}/move", {"stage": "won", "version": 1}).get_data(as_text=True)
        assert "closed this as lost" in page

    def test_a_foreign_way_back_is_not_taken(self, sign_in: Any, people: People, deal_id: UUID) -> None:
        edit_deal(people.mona, deal_id, DealEdit(name="Other"))
        for target in ("https://evil.example/", "javascript:alert(1)", "//evil.example"):
            answer = sign_in("alice").post(f"/deals/{deal_id}/move", {"stage": "won", "version": 1, "next": target})
            assert f'href="{target}' not in answer.get_data(as_text=True)


class TestQuestion:
    def test_a_loss_is_asked_why_where_the_tenant_wants_to_know(
        self, sign_in: Any, people: People, engines: TestEngines, deal_id: UUID
    ) -> None:
        demand_loss_reasons(engines)
        alice = sign_in("alice")
        answer = alice.hx_post(f"/deals/{deal_id}/move", {"stage": "lost", "version": 1})
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert "Why was it lost?" in page
        assert 'data-in="lead"' in page
        assert "field-error" not in page
        answers = form_in(page, "Why was it lost?")
        assert alice.hx_post(f"/deals/{deal_id}/move", answers).status_code == 422
        answers |= {"loss_reason": "Too dear", "competitor": "Umbrella"}
        assert alice.hx_post(f"/deals/{deal_id}/move", answers).status_code == 200
        lost = deal(people.alice, deal_id)
        assert (lost.stage_key, lost.loss_reason, lost.competitor) == ("closed_lost", "Too dear", "Umbrella")

    def test_a_stage_asks_for_facts_and_takes_them_with_the_move(
        self, sign_in: Any, people: People, engines: TestEngines, deal_id: UUID
    ) -> None:
        ask(engines, "proposal", "value", "expected_close_date", "customer")
        other = make(people.alice)
        move_deal(people.alice, other, stage="qualified")
        alice = sign_in("alice")
        sent = {"stage": "proposal", "version": 1, "before": "", "after": str(other)}
        page = alice.hx_post(f"/deals/{deal_id}/move", sent).get_data(as_text=True)
        assert "Proposal asks for a value and an expected close date and a customer" in page
        assert "Value in USD" in page
        answers = form_in(page, "Proposal asks for")
        assert (answers["before"], answers["after"]) == ("", str(other))
        answers |= {"value": "12,500.50", "expected_close_date": "2030-01-31", "customer": "Globex"}
        assert alice.hx_post(f"/deals/{deal_id}/move", answers).status_code == 200
        moved = deal(people.alice, deal_id)
        assert (moved.stage_key, moved.version) == ("proposal", 2)
        assert (moved.value, moved.currency, moved.customer_name) == (1_250_050, "USD", "Globex")
        assert str(moved.expected_close_date) == "2030-01-31"

    @pytest.mark.parametrize(
        ("answers", "said"),
        [
            ({"value": "much"}, "is not an amount"),
            ({"value": "1.005,001"}, "has at most 2 decimals"),
            ({"value": "-5"}, "must not be negative"),
            ({"value": ""}, "asks for a value"),
            ({"value": "5", "expected_close_date": "soon"}, "Not a valid date"),
            ({"value": "5", "owner": "somebody"}, "Choose a person"),
            ({"value": "5", "owner": str(uuid4())}, "no such person"),
        ],
    )
    def test_a_wrong_answer_is_told_at_its_field_and_nothing_moves(
        self, sign_in: Any, people: People, engines: TestEngines, deal_id: UUID, answers: dict[str, str], said: str
    ) -> None:
        ask(engines, "proposal", "value")
        sent = {"stage": "proposal", "version": 1, "currency": "USD", **answers}
        answer = sign_in("alice").hx_post(f"/deals/{deal_id}/move", sent)
        page = unescape(answer.get_data(as_text=True))
        assert answer.status_code == 422
        assert re.search(rf'class="field-error"[^>]*>.*{re.escape(said)}', page)
        assert answers.get("value", "") in page
        assert deal(people.alice, deal_id).version == 1

    def test_an_owner_is_chosen_among_the_people(self, sign_in: Any, people: People, engines: TestEngines) -> None:
        ask(engines, "proposal", "owner")
        deal_id = make(people.alice, assigned_to=None)
        alice = sign_in("alice")
        page = alice.hx_post(f"/deals/{deal_id}/move", {"stage": "proposal", "version": 1}).get_data(as_text=True)
        assert f'<option value="{people.bob.user_id}">Bob</option>' in page
        answers = form_in(page, "Proposal asks for") | {"owner": str(people.alice.user_id)}
        assert alice.hx_post(f"/deals/{deal_id}/move", answers).status_code == 200
        assert deal(people.alice, deal_id).assigned_to == people.alice.user_id

    def test_an_amount_may_name_its_own_currency(
        self, sign_in: Any, people: People, engines: TestEngines, deal_id: UUID
    ) -> None:
        ask(engines, "proposal", "value")
        sent = {"stage": "proposal", "version": 1, "currency": "USD", "value": "€ 500"}
        assert sign_in("alice").hx_post(f"/deals/{deal_id}/move", sent).status_code == 200
        assert (deal(people.alice, deal_id).value, deal(people.alice, deal_id).currency) == (50_000, "EUR")

    def test_somebody_else_may_be_first_while_one_answers(
        self, sign_in: Any, people: People, engines: TestEngines, deal_id: UUID
    ) -> None:
        demand_loss_reasons(engines)
        move_deal(people.mona, deal_id, stage="negotiation")
        sent = {"stage": "lost", "version": 1, "loss_reason": "Too dear"}
        assert sign_in("alice").hx_post(f"/deals/{deal_id}/move", sent).status_code == 409
        assert deal(people.alice, deal_id).stage_key == "negotiation"

    def test_without_htmx_the_question_is_a_page(
        self, sign_in: Any, people: People, engines: TestEngines, deal_id: UUID
    ) -> None:
        demand_loss_reasons(engines)
        alice = sign_in("alice")
        answer = alice.post(f"/deals/{deal_id}/move", {"stage": "lost", "version": 1, "next": "/?q=x"})
        page = answer.get_data(as_text=True)
        assert (answer.status_code, "hx-post" in page.partition("<main")[2].partition("</main")[0]) == (422, False)
        answers = form_in(page, "Why was it lost?") | {"loss_reason": "Too dear"}
        done = alice.post(f"/deals/{deal_id}/move", answers)
        assert (done.status_code, done.headers["Location"]) == (303, "/?q=x")
        assert deal(people.alice, deal_id).loss_reason == "Too dear"


class TestNotAllowed:
    def test_another_persons_deal_is_403_and_a_sentence_without_htmx(self, sign_in: Any, deal_id: UUID) -> None:
        bob = sign_in("bob")
        assert bob.hx_post(f"/deals/{deal_id}/move", {"stage": "proposal", "version": 1}).status_code == 403
        assert bob.post(f"/deals/{deal_id}/move", {"stage": "proposal", "version": 1}).status_code == 303
        assert "another person" in bob.get("/").get_data(as_text=True)

    def test_a_deleted_deal_is_404_and_a_sentence_without_htmx(
        self, sign_in: Any, people: People, deal_id: UUID
    ) -> None:
        delete_deal(people.mona, deal_id)
        alice = sign_in("alice")
        assert alice.hx_post(f"/deals/{deal_id}/move", {"stage": "proposal", "version": 1}).status_code == 404
        assert alice.post(f"/deals/{deal_id}/move", {"stage": "proposal", "version": 1}).status_code == 303
        assert "no such deal" in alice.get("/").get_data(as_text=True)


class TestCard:
    def test_a_card_comes_with_the_heads_that_were_asked_for(self, sign_in: Any, people: People, deal_id: UUID) -> None:
        ids = stage_ids(people)
        page = sign_in("bob").get(f"/deals/{deal_id}/card?stage={ids['closed_won']}&stage=x")
        text = page.get_data(as_text=True)
        assert (page.status_code, f'data-deal-id="{deal_id}"' in text, "<html" in text) == (200, True, False)
        assert heads_in(text) == {ids["lead"], ids["closed_won"]}

    def test_a_deal_that_is_not_there_has_no_card(self, sign_in: Any, people: People, deal_id: UUID) -> None:
        assert sign_in("charlie").get(f"/deals/{deal_id}/card").status_code == 404
        delete_deal(people.alice, deal_id)
        assert sign_in("alice").get(f"/deals/{deal_id}/card").status_code == 404
