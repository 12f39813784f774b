"""Events: none is missed by whoever reads on from the last, whatever is written meanwhile and however slowly."""

from __future__ import annotations

import contextvars
import threading
from uuid import UUID

import pytest
from flask import Flask

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Invalid
from deals_app.services.deals import NewDeal, create_deal, delete_deal, restore_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.event_catalogue import BY_KIND, CATALOGUE
from deals_app.services.queries.events import events
from deals_app.services.reopening import reopen_deal
from deals_app.services.stage_transition import lose_deal, move_deal, win_deal
from deals_app.services.unit_of_work import unit_of_work
from tests.people import People


def make(actor: Actor, name: str = "Rollout") -> UUID:
    return create_deal(actor, NewDeal(name=name, currency="USD", value=100, assigned_to=actor.user_id))


def told(actor: Actor, after: str | None = None) -> list[str]:
    return [event.type for event in events(actor, after).items]


def test_a_deals_life_is_told_in_order(people: People) -> None:
    deal_id = make(people.alice)
    move_deal(people.alice, deal_id, stage="proposal")
    edit_deal(people.alice, deal_id, DealEdit(value=200))
    win_deal(people.alice, deal_id)
    reopen_deal(people.mona, deal_id, reason="They wrote again")
    lose_deal(people.alice, deal_id)
    delete_deal(people.alice, deal_id)
    restore_deal(people.alice, deal_id)
    page = events(people.alice)
    assert [event.type for event in page.items] == [
        "deal.created", "deal.stage_changed", "deal.updated", "deal.won", "deal.reopened", "deal.lost",
        "deal.deleted", "deal.restored",
    ]  # fmt: skip
    assert {event.type for event in page.items} == {each.name for each in CATALOGUE}
    assert [event.data.deal_version for event in page.items] == list(range(1, 9))
    assert page.items[2].data.changes["value"].model_dump() == {"before": 100, "after": 200}
    won = page.items[3]
    assert (won.version, won.topic, won.actor, won.data.deal_id) == ("1.0.0", "customer.deal.won", "Alice", deal_id)
    assert won.data.changes["status"].after == "closed_won"


def test_reading_on_from_the_last_repeats_none_and_misses_none(people: People) -> None:
    ids = [make(people.alice, f"deal {number}") for number in range(7)]
    found, after = [], None
    while (page := events(people.alice, after, limit=3)).items:
        found += [event.data.deal_id for event in page.items]
        after = page.next_after
        assert page.has_more == (len(found) < len(ids))
    assert found == ids
    assert events(people.alice, after).next_after == after
    newest = make(people.alice, "newest")
    assert [event.data.deal_id for event in events(people.alice, after).items] == [newest]


def test_what_a_slow_transaction_writes_is_not_missed(app: Flask, people: People) -> None:
    """Its ids are older than those of a deal that is made meanwhile: who reads by id alone would never see it."""
    written, may_end = threading.Event(), threading.Event()
    slow_id = make(people.alice, "slow")
    start = events(people.alice).next_after

    def slowly() -> None:
        with app.app_context(), unit_of_work(people.alice) as work:
            work.session.connection().exec_driver_sql(
                "UPDATE deals SET name = 'slower', version = version + 1 WHERE id = %s", (slow_id,)
            )
            written.set()
            assert may_end.wait(30)

    thread = threading.Thread(target=contextvars.Context().run, args=[slowly])
    thread.start()
    assert written.wait(30)
    make(people.alice, "quick")
    meanwhile = events(people.alice, start)
    may_end.set()
    thread.join()
    afterwards = [event.type for event in events(people.alice, meanwhile.next_after).items]
    assert [event.type for event in meanwhile.items] + afterwards == ["deal.updated", "deal.created"]


def test_they_can_be_narrowed(people: People) -> None:
    one, other = make(people.alice), make(people.alice)
    move_deal(people.alice, one, stage="proposal")
    assert [event.type for event in events(people.alice, deal_id=one).items] == ["deal.created", "deal.stage_changed"]
    only = events(people.alice, types=["deal.created"]).items
    assert [event.data.deal_id for event in only] == [one, other]


def test_another_tenant_reads_none(people: People) -> None:
    make(people.alice)
    after = events(people.alice).next_after
    assert told(people.charlie) == []
    assert told(people.charlie, after) == []


@pytest.mark.parametrize("after", ["1", "x-y", "12", f"-5-{UUID(int=0)}", f"{1 << 63}-{UUID(int=0)}", "1-\x00"])
def test_what_is_no_cursor_is_named(people: People, after: str) -> None:
    with pytest.raises(Invalid) as refused:
        events(people.alice, after)
    assert refused.value.problems[0].field == "after"
    with pytest.raises(Invalid):
        events(people.alice, types=["deal.exploded"])


def test_every_word_of_the_ledger_that_counts_is_an_event(people: People) -> None:
    """What the trigger can write, but for places and scores."""
    assert {*BY_KIND} == {
        "created", "updated", "undone", "moved", "won", "lost", "reopened", "deleted", "restored",
    }  # fmt: skip
