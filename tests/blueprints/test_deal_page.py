"""A deal's page: its facts changed in place, its stage, its next steps and its history, with htmx and without."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from deals_app.domain.views import DealView
from deals_app.services.activities import plan_step
from deals_app.services.bulk import bulk_tag
from deals_app.services.deals import NewDeal, create_deal, delete_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.queries.deal import deal, deal_page
from deals_app.services.stage_transition import lose_deal, move_deal
from deals_app.services.undo import undo_operation
from tests.blueprints.test_deal_list import counting
from tests.engines import TestEngines
from tests.people import People
from tests.sql import SUPERUSER, connected


@pytest.fixture
def deal_id(people: People) -> UUID:
    new = NewDeal(
        name="Rollout", currency="USD", value=1_000_00, assigned_to=people.alice.user_id, customer_name="Globex"
    )
    return create_deal(people.alice, new)


def now(people: People, deal_id: UUID) -> DealView:
    return deal(people.mona, deal_id)


def text(answer: Any) -> str:
    return " ".join(answer.get_data(as_text=True).split())


def stage_id(people: People, deal_id: UUID, key: str) -> str:
    return str(next(stage.id for stage in deal_page(people.mona, deal_id).stages if stage.key == key))


EDITS = [
    ("name", {"name": " Rollout II "}, "name", "Rollout II"),
    ("value", {"value": "1,250.50", "currency": "eur"}, "value", 1_250_50),
    ("value", {"value": "", "currency": "USD"}, "value", None),
    ("customer", {"customer": "Initech"}, "customer_name", "Initech"),
    ("customer", {"customer": " "}, "customer_name", None),
    ("owner", {"assigned_to": ""}, "owner_name", None),
    ("tags", {"tags": "a, b,, a"}, "tags", ("a", "b")),
]


@pytest.mark.parametrize(("key", "form", "field", "expected"), EDITS)
def test_each_fact_is_changed_alone_and_can_be_undone(
    people: People, sign_in: Any, deal_id: UUID, key: str, form: dict[str, str], field: str, expected: object
) -> None:
    browser = sign_in("alice")
    before = now(people, deal_id)
    answer = browser.hx_post(f"/deals/{deal_id}/fields/{key}", {**form, "since": before.version})
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, "deals-changed")
    assert getattr(now(people, deal_id), field) == expected
    page = text(answer)
    assert f'id="fact-{key}"' in page
    assert 'data-state="saved"' in page
    assert "<html" not in page
    browser.hx_post("/undo" + page.partition('action="/undo')[2].partition('"')[0])
    assert getattr(now(people, deal_id), field) == getattr(before, field)


def test_a_fact_is_changed_by_a_plain_form_too(people: People, sign_in: Any, deal_id: UUID) -> None:
    browser = sign_in("alice")
    day = people.alice.today + timedelta(days=9)
    answer = browser.post(f"/deals/{deal_id}/fields/expected_close", {"expected_close_date": day.isoformat()})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/deals/{deal_id}")
    assert now(people, deal_id).expected_close_date == day
    page = text(browser.get(f"/deals/{deal_id}"))
    assert "Expected close changed." in page
    assert 'action="/undo/' in page


def test_a_fact_that_stays_as_it_was_says_nothing(people: People, sign_in: Any, deal_id: UUID) -> None:
    answer = sign_in("alice").hx_post(f"/deals/{deal_id}/fields/name", {"name": "Rollout"})
    assert (answer.status_code, answer.headers.get("HX-Trigger")) == (200, None)
    assert "toast" not in text(answer)
    assert now(people, deal_id).version == 1


@pytest.mark.parametrize(
    ("key", "form", "said"),
    [
        ("name", {"name": " "}, "Give the deal a name"),
        ("value", {"value": "much", "currency": "USD"}, "much"),
        ("value", {"value": "5", "currency": "XXQ"}, "XXQ"),
        ("expected_close", {"expected_close_date": "soon"}, "Not a valid date"),
        ("owner", {"assigned_to": "nobody-of-us"}, "Not a valid choice"),
        ("tags", {"tags": "x" * 120}, "characters"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_with_what_was_written(
    people: People, sign_in: Any, deal_id: UUID, key: str, form: dict[str, str], said: str
) -> None:
    browser = sign_in("alice")
    answer = browser.hx_post(f"/deals/{deal_id}/fields/{key}", form)
    assert answer.status_code == 422
    assert 'data-state="error" open' in text(answer)
    assert said in text(answer)
    page = browser.post(f"/deals/{deal_id}/fields/{key}", form)
    assert page.status_code == 422
    assert said in text(page)
    assert "<title>Rollout" in text(page)
    assert now(people, deal_id).version == 1


def test_two_people_change_different_facts_of_one_deal(people: People, sign_in: Any, deal_id: UUID) -> None:
    alice, mona = sign_in("alice"), sign_in("mona")
    assert (
        mona.hx_post(f"/deals/{deal_id}/fields/value", {"value": "5", "currency": "USD", "since": 1}).status_code == 200
    )
    assert alice.hx_post(f"/deals/{deal_id}/fields/name", {"name": "Hers", "since": 1}).status_code == 200
    assert (now(people, deal_id).value, now(people, deal_id).name) == (500, "Hers")


def test_a_conflict_over_one_fact_is_told_in_place_and_settled(people: People, sign_in: Any, deal_id: UUID) -> None:
    browser = sign_in("alice")
    edit_deal(people.mona, deal_id, DealEdit(value=1_200_00))
    url, mine = f"/deals/{deal_id}/fields/value", {"value": "1450", "currency": "USD", "since": 1}
    answer = browser.hx_post(url, mine)
    page = text(answer)
    assert answer.status_code == 409
    assert "<strong>Mona</strong> changed this to <strong>$1,200</strong>" in page
    assert "You wrote <strong>$1,450</strong>" in page
    assert 'value="1450"' in page
    assert 'name="since" value="2"' in page
    assert now(people, deal_id).value == 1_200_00
    whole = browser.post(url, mine)
    assert whole.status_code == 409
    assert "You wrote <strong>$1,450</strong>" in text(whole)
    theirs = text(browser.get(url, headers={"HX-Request": "true"}))
    assert "$1,200" in theirs
    assert "conflict" not in theirs
    assert browser.hx_post(url, {**mine, "since": 2}).status_code == 200
    assert now(people, deal_id).value == 1_450_00


def test_who_may_not_change_a_deal_is_offered_nothing_and_refused(people: People, sign_in: Any, deal_id: UUID) -> None:
    bob, charlie = sign_in("bob"), sign_in("charlie")
    page = text(bob.get(f"/deals/{deal_id}"))
    assert "Globex" in page
    for offer in ("data-inline-edit", "/stage", "/delete", "/steps", "/note"):
        assert offer not in page.partition('id="deal"')[2], offer
    posts = {
        "fields/name": {"name": "x"}, "stage": {"stage": "proposal"}, "delete": {}, "note": {"body": "x"},
        "steps": {"body": "x", "due_on": "2030-01-01", "kind": "task"}, f"steps/{deal_id}/done": {},
    }  # fmt: skip
    for path, form in posts.items():
        assert bob.hx_post(f"/deals/{deal_id}/{path}", form).status_code == 403, path
        assert charlie.hx_post(f"/deals/{deal_id}/{path}", form).status_code == 404, path
    assert charlie.get(f"/deals/{deal_id}/fields/name").status_code == 404
    assert bob.hx_post(f"/deals/{deal_id}/fields/probability", {}).status_code == 404
    assert now(people, deal_id).version == 1


def test_a_step_moves_the_deal_and_its_question_is_asked_in_place(
    people: People, sign_in: Any, deal_id: UUID, engines: TestEngines
) -> None:
    browser = sign_in("alice")
    with connected(engines, SUPERUSER) as connection:
        connection.execute("UPDATE stages SET required_fields = '{expected_close_date}' WHERE key = 'proposal'")
    form = {"stage": stage_id(people, deal_id, "proposal"), "version": 1}
    asked = browser.hx_post(f"/deals/{deal_id}/stage", form)
    assert asked.status_code == 422
    assert 'name="expected_close_date"' in text(asked)
    assert 'name="value"' not in text(asked)
    whole = browser.post(f"/deals/{deal_id}/stage", form)
    assert (whole.status_code, "<title>Rollout" in text(whole)) == (422, True)
    assert now(people, deal_id).stage_key == "lead"
    day = people.alice.today + timedelta(days=9)
    answered = browser.hx_post(f"/deals/{deal_id}/stage", {**form, "expected_close_date": day.isoformat()})
    assert (answered.status_code, answered.headers["HX-Trigger"]) == (200, "deals-changed")
    assert "Moved to Proposal." in text(answered)
    assert (now(people, deal_id).stage_key, now(people, deal_id).expected_close_date) == ("proposal", day)


def test_winning_says_when_and_for_how_much(people: People, sign_in: Any, deal_id: UUID) -> None:
    browser = sign_in("alice")
    yesterday = people.alice.today - timedelta(days=1)
    form = {"stage": stage_id(people, deal_id, "closed_won"), "version": 1, "currency": "USD", "value": "900"}
    tomorrow = (people.alice.today + timedelta(days=1)).isoformat()
    refused = browser.hx_post(f"/deals/{deal_id}/stage", {**form, "close_date": tomorrow})
    assert refused.status_code == 422
    assert "may not be in the future" in text(refused)
    assert 'value="900"' in text(refused)
    answer = browser.post(f"/deals/{deal_id}/stage", {**form, "close_date": yesterday.isoformat()})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/deals/{deal_id}")
    won = now(people, deal_id)
    assert (won.status, won.value, won.actual_close_date) == ("closed_won", 900_00, yesterday)


def test_losing_asks_why_where_that_is_demanded(
    people: People, sign_in: Any, deal_id: UUID, engines: TestEngines
) -> None:
    browser = sign_in("alice")
    with connected(engines, SUPERUSER) as connection:
        connection.execute("UPDATE tenants SET loss_reason_required = true")
    form = {"stage": stage_id(people, deal_id, "closed_lost"), "version": 1, "loss_reason": "", "competitor": "Initech"}
    asked = browser.hx_post(f"/deals/{deal_id}/stage", form)
    assert asked.status_code == 422
    assert "Why was it lost?" in text(asked)
    assert "Say why the deal was lost" in text(asked).replace("say why", "Say why")
    assert 'value="Initech"' in text(asked)
    assert browser.hx_post(f"/deals/{deal_id}/stage", {**form, "loss_reason": "price"}).status_code == 200
    lost = now(people, deal_id)
    assert (lost.status, lost.loss_reason, lost.competitor) == ("closed_lost", "price", "Initech")


def test_who_was_first_is_named_and_the_move_can_be_made_anyway(people: People, sign_in: Any, deal_id: UUID) -> None:
    browser = sign_in("alice")
    move_deal(people.mona, deal_id, stage="negotiation")
    form = {"stage": stage_id(people, deal_id, "proposal"), "version": 1}
    late = browser.hx_post(f"/deals/{deal_id}/stage", form)
    assert (late.status_code, late.headers["HX-Trigger"]) == (409, "deals-changed")
    assert "<strong>Mona</strong> moved this to Negotiation" in text(late)
    assert "Move to Proposal anyway" in text(late)
    assert 'name="version" value="2"' in text(late)
    assert browser.hx_post(f"/deals/{deal_id}/stage", {**form, "version": 2}).status_code == 200
    lose_deal(people.mona, deal_id)
    closed = browser.post(f"/deals/{deal_id}/stage", {**form, "version": 3})
    assert closed.status_code == 409
    assert "<strong>Mona</strong> closed this as lost" in text(closed)
    assert "anyway" not in text(closed)


def test_reopening_is_for_managers_who_say_why(people: People, sign_in: Any, deal_id: UUID) -> None:
    mona = sign_in("mona")
    lose_deal(people.alice, deal_id)
    assert sign_in("alice").hx_post(f"/deals/{deal_id}/reopen", {"reason": "x"}).status_code == 403
    assert mona.hx_post(f"/deals/{deal_id}/reopen", {"reason": " "}).status_code == 422
    assert "Reopened in Lead." in text(mona.hx_post(f"/deals/{deal_id}/reopen", {"reason": "They called"}))
    assert now(people, deal_id).stage_key == "lead"
    assert "Reopened: They called" in text(mona.get(f"/deals/{deal_id}"))


def test_a_deleted_deal_is_gone_until_the_message_brings_it_back(people: People, sign_in: Any, deal_id: UUID) -> None:
    browser = sign_in("alice")
    stale = browser.post(f"/deals/{deal_id}/delete", {"version": 7})
    assert stale.headers["Location"] == f"/deals/{deal_id}"
    answer = browser.post(f"/deals/{deal_id}/delete", {"version": 1})
    assert (answer.status_code, answer.headers["Location"].startswith("/board/")) == (303, True)
    page = text(browser.get("/deals"))
    assert "Rollout deleted." in page
    assert browser.get(f"/deals/{deal_id}").status_code == 404
    browser.post("/undo" + page.partition('action="/undo')[2].partition('"')[0])
    assert browser.get(f"/deals/{deal_id}").status_code == 200


def test_next_steps_are_planned_and_ticked_off(people: People, sign_in: Any, deal_id: UUID) -> None:
    browser = sign_in("alice")
    due = people.alice.today + timedelta(days=3)
    plan_step(people.alice, deal_id, body="Ask purchasing", due_on=people.alice.today - timedelta(days=2), kind="call")
    answer = browser.hx_post(
        f"/deals/{deal_id}/steps", {"body": "Send papers", "kind": "email", "due_on": due.isoformat()}
    )
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, "deals-changed")
    assert "Send papers" not in text(answer)
    wrong = browser.hx_post(f"/deals/{deal_id}/steps", {"body": "Send it", "kind": "email", "due_on": ""})
    assert (wrong.status_code, "Say by when" in text(wrong), 'value="Send it"' in text(wrong)) == (422, True, True)
    first, second = deal_page(people.alice, deal_id).steps
    assert [(first.body, first.is_overdue), (second.body, second.is_overdue)] == [
        ("Ask purchasing", True),
        ("Send papers", False),
    ]
    page = text(browser.get(f"/deals/{deal_id}"))
    assert page.index("Overdue since") < page.index("Send papers") < page.index('id="timeline-title"')
    assert browser.post(f"/deals/{deal_id}/steps/{first.id}/done").headers["Location"] == f"/deals/{deal_id}"
    done = deal_page(people.alice, deal_id)
    assert [step.body for step in done.steps] == ["Send papers"]
    assert (done.timeline[0].body, done.timeline[0].is_step) == ("Ask purchasing", True)


def test_a_note_comes_with_its_empty_form(people: People, sign_in: Any, deal_id: UUID) -> None:
    browser = sign_in("alice")
    answer = browser.hx_post(f"/deals/{deal_id}/note", {"body": "They want two sites"})
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (200, "deals-changed")
    assert "They want two sites" not in text(answer)
    assert "They want two sites" in text(browser.get(f"/deals/{deal_id}"))
    assert browser.hx_post(f"/deals/{deal_id}/note", {"body": " "}).status_code == 422


def test_the_history_offers_undo_to_those_who_may(people: People, deal_id: UUID) -> None:
    edit_deal(people.alice, deal_id, DealEdit(name="Hers"))
    edit_deal(people.mona, deal_id, DealEdit(value=5))

    def offered(actor: Any) -> list[bool]:
        return [entry.can_undo for entry in deal_page(actor, deal_id).timeline]

    assert offered(people.mona) == [True, True, False]
    assert offered(people.alice) == [False, True, False]
    assert offered(people.bob) == [False, False, False]


def test_what_was_taken_back_is_quiet_and_its_own_row_takes_it_back_again(
    people: People, sign_in: Any, deal_id: UUID
) -> None:
    edited = edit_deal(people.alice, deal_id, DealEdit(name="Hers"))
    assert edited.operation is not None
    undone = undo_operation(people.mona, edited.operation)
    newest, change, made = deal_page(people.mona, deal_id).timeline
    assert (newest.kind, newest.can_undo, newest.undone_by) == ("undone", True, None)
    assert (change.can_undo, change.undone_by, made.can_undo) == (False, "Mona", False)
    page = text(sign_in("mona").get(f"/deals/{deal_id}"))
    assert "Taken back by Mona" in page
    assert f'action="/undo/{undone.operation}"' in page
    undo_operation(people.mona, undone.operation)
    redo, taken_back, again, _ = deal_page(people.mona, deal_id).timeline
    assert (redo.can_undo, taken_back.undone_by, again.undone_by, again.can_undo) == (True, "Mona", None, True)


def test_a_change_of_many_is_taken_back_on_this_deal_alone(people: People, sign_in: Any, deal_id: UUID) -> None:
    other = create_deal(people.alice, NewDeal(name="Other", currency="USD"))
    bulk_tag(people.mona, {deal_id: 1, other: 1}, add=["vip"])
    browser = sign_in("mona")
    entry = deal_page(people.mona, deal_id).timeline[0]
    page = text(browser.get(f"/deals/{deal_id}"))
    assert f'name="deal" value="{deal_id}"' in page
    browser.hx_post(f"/undo/{entry.operation}", {"deal": str(deal_id)})
    assert (now(people, deal_id).tags, now(people, other).tags) == ((), ("vip",))
    assert deal_page(people.mona, deal_id).timeline[1].undone_by == "Mona"
    assert deal_page(people.mona, other).timeline[0].undone_by is None


def test_deletions_have_no_button_in_the_history(people: People, deal_id: UUID) -> None:
    deleted = delete_deal(people.alice, deal_id)
    assert deleted.operation is not None
    undo_operation(people.alice, deleted.operation)
    assert [entry.can_undo for entry in deal_page(people.mona, deal_id).timeline] == [False, False, False]


def test_the_page_asks_the_database_a_few_things(people: People, sign_in: Any, deal_id: UUID) -> None:
    for number in range(12):
        edit_deal(people.alice, deal_id, DealEdit(name=f"Name {number}", customer_name=f"Customer {number}"))
        plan_step(people.alice, deal_id, body="Call", due_on=people.alice.today)
    browser = sign_in("alice")
    with counting() as seen:
        assert browser.get(f"/deals/{deal_id}").status_code == 200
    assert len(seen) <= 12, seen
