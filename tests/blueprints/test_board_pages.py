"""The board as a browser gets it: its statements, its cards, and the answers to a drop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.domain.stages import DEFAULT_STAGES
from deals_app.models import Workspace
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.pipelines import insert_pipeline, pipelines
from deals_app.services.queries.deal import deal
from deals_app.services.stage_transition import move_deal
from deals_app.services.unit_of_work import unit_of_work
from tests.filled import import_file
from tests.people import People


def make(actor: Actor, name: str = "Rollout") -> UUID:
    return create_deal(actor, NewDeal(name=name, currency="USD", value=10_000, assigned_to=actor.user_id))


def make_many(people: People, count: int) -> None:
    """In one import: many customers and many stages, too."""
    stages = [stage.name for stage in DEFAULT_STAGES]
    rows = "".join(f"deal {n},{stages[n % 6]},company {n % 40},{n}\n" for n in range(count))
    assert import_file(people.mona, f"Name,Stage,Company,Value\n{rows}").created == count


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the block asks of the database, through SQLAlchemy or straight."""
    seen: list[str] = []
    execute = psycopg.Cursor.execute

    def hear(self: Any, query: Any, *args: Any, **options: Any) -> Any:
        seen.append(str(query))
        return execute(self, query, *args, **options)

    with patch.object(psycopg.Cursor, "execute", hear):
        yield seen


def cards_in(page: str) -> list[str]:
    return re.findall(r'data-deal-id="([^"]+)"', page)


def test_the_board_asks_as_little_for_many_deals_as_for_few(sign_in: Any, people: People) -> None:
    alice = sign_in("alice")

    def asked() -> list[str]:
        with statements() as seen:
            assert alice.get("/").status_code == 200
        return seen

    for _ in range(3):
        make(people.alice)
    few = asked()
    assert 3 <= len(few) <= 12
    make_many(people, 297)
    assert asked() == few
    with unit_of_work(people.ada) as work:
        workspace_id = work.session.scalars(select(Workspace.id)).one()
        insert_pipeline(work, workspace_id, name="Partners", stages=DEFAULT_STAGES, is_default=False)
    assert asked() == few


def test_columns_are_stages_and_cards_are_deals(sign_in: Any, people: People) -> None:
    deal_id = make(people.alice)
    page = sign_in("alice").get("/").get_data(as_text=True)
    assert re.findall(r'data-stage="([^"]+)"', page) == [stage.key for stage in DEFAULT_STAGES]
    assert cards_in(page) == [str(deal_id)]
    assert f'data-deal-id="{deal_id}" data-version="1"' in page


def test_a_move_without_htmx_comes_back_to_the_board(sign_in: Any, people: People) -> None:
    deal_id = make(people.alice)
    answer = sign_in("alice").post(f"/deals/{deal_id}/move", {"stage": "proposal", "version": 1})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert deal(people.alice, deal_id).stage_key == "proposal"


def test_a_move_with_htmx_answers_the_card_and_both_heads(sign_in: Any, people: People) -> None:
    deal_id = make(people.alice)
    answer = sign_in("alice").hx_post(f"/deals/{deal_id}/move", {"stage": "proposal", "version": 1})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert cards_in(page) == [str(deal_id)]
    assert 'data-in="proposal"' in page
    assert 'data-version="2"' in page
    ids = {stage.key: stage.id for stage in pipelines(people.alice)[0].stages}
    assert set(re.findall(r'id="head-([^"]+)"', page)) == {str(ids["lead"]), str(ids["proposal"])}
    assert "<html" not in page


def test_a_stale_move_answers_409_with_the_card_as_it_is(sign_in: Any, people: People) -> None:
    deal_id = make(people.alice)
    move_deal(people.mona, deal_id, stage="negotiation")
    answer = sign_in("alice").hx_post(f"/deals/{deal_id}/move", {"stage": "proposal", "version": 1})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert 'data-in="negotiation"' in page
    assert 'data-version="2"' in page
    assert deal(people.alice, deal_id).stage_key == "negotiation"


def test_a_closed_deal_answers_409_with_the_card_where_it_is(sign_in: Any, people: People) -> None:
    deal_id = make(people.alice)
    move_deal(people.alice, deal_id, stage="won")
    answer = sign_in("alice").hx_post(f"/deals/{deal_id}/move", {"stage": "lead", "version": 2})
    assert answer.status_code == 409
    assert 'data-in="closed_won"' in answer.get_data(as_text=True)


@pytest.mark.parametrize("stage", ["moon", "", "\x00", "01900000-0000-7000-8000-000000000000"])
def test_an_unknown_stage_answers_422_with_the_card_where_it_is(sign_in: Any, people: People, stage: str) -> None:
    deal_id = make(people.alice)
    answer = sign_in("alice").hx_post(f"/deals/{deal_id}/move", {"stage": stage, "version": 1})
    assert answer.status_code == 422
    assert 'data-in="lead"' in answer.get_data(as_text=True)


def test_a_refused_move_without_htmx_says_why_on_the_board(sign_in: Any, people: People) -> None:
    deal_id = make(people.alice)
    alice = sign_in("alice")
    assert alice.post(f"/deals/{deal_id}/move", {"stage": "moon"}).status_code == 303
    assert "moon" in alice.get("/").get_data(as_text=True)


@pytest.mark.parametrize("version", ["", "x", "99999999999999999999", "-1", "1.0"])
def test_a_version_that_is_none_is_no_fault_of_ours(sign_in: Any, people: People, version: str) -> None:
    answer = sign_in("alice").hx_post(f"/deals/{make(people.alice)}/move", {"stage": "proposal", "version": version})
    assert answer.status_code in {200, 409, 422}


def test_a_deal_that_is_not_there_answers_404(sign_in: Any, people: People) -> None:
    assert sign_in("alice").hx_post(f"/deals/{uuid4()}/move", {"stage": "proposal"}).status_code == 404


def test_a_drop_lands_between_its_neighbours(sign_in: Any, people: People) -> None:
    ids = [make(people.alice, name) for name in "cba"]
    form = {"stage": "lead", "version": 1, "before": str(ids[2]), "after": str(ids[1])}
    assert sign_in("alice").hx_post(f"/deals/{ids[0]}/move", form).status_code == 200
    assert cards_in(sign_in("alice").get("/").get_data(as_text=True)) == [str(ids[2]), str(ids[0]), str(ids[1])]


def test_scrolling_gives_every_card_exactly_once(sign_in: Any, people: People) -> None:
    rows = "".join(f"deal {n}\n" for n in range(120))
    import_file(people.mona, f"Name\n{rows}")
    alice = sign_in("alice")
    seen: list[str] = []
    answer = alice.get("/")
    while True:
        page = answer.get_data(as_text=True)
        seen += cards_in(page)
        following = re.findall(r'hx-get="(/board/column/[^"]+)"', page)
        if not following:
            break
        assert len(following) == 1
        answer = alice.get(following[0].replace("&amp;", "&"))
        assert answer.status_code == 200
    assert len(seen) == len(set(seen)) == 120


@pytest.mark.parametrize("after", ["", "x", "NaN~", "1~x", "1e999999~00000000-0000-0000-0000-000000000000", "%00~"])
def test_a_cursor_that_is_none_is_no_fault_of_ours(sign_in: Any, people: People, after: str) -> None:
    stage = pipelines(people.alice)[0].stages[0]
    assert sign_in("alice").get(f"/board/column/{stage.id}?after={after}").status_code == 422


def test_another_tenants_board_is_not_there(sign_in: Any, people: People) -> None:
    ours = pipelines(people.alice)[0]
    charlie = sign_in("charlie")
    assert charlie.get(f"/board/{ours.id}").status_code == 404
    cursor = f"0~{uuid4()}"
    assert charlie.get(f"/board/column/{ours.stages[0].id}?after={cursor}").status_code == 404


def test_hostile_names_are_text(sign_in: Any, people: People) -> None:
    name = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    deal_id = make(people.alice, name)
    alice = sign_in("alice")
    for path in ("/", f"/deals/{deal_id}", "/deals"):
        page = alice.get(path).get_data(as_text=True)
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert "&lt;script&gt;alert(1)" in page, path
