"""What happens is told: whatever wrote it, in order per deal, again until it gets through, and for no longer."""

from __future__ import annotations

import contextvars
import threading
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from deals_app.domain.webhooks import RETRY_SECONDS
from deals_app.extensions import redis
from deals_app.models import AuditEntry
from deals_app.services.deals import delete_deal
from deals_app.services.queries.events import events
from deals_app.services.queries.webhooks import deliveries, webhook
from deals_app.services.stage_transition import move_deal, win_deal
from deals_app.services.unit_of_work import reading, unit_of_work
from deals_app.services.webhooks.delivering import PATIENCE, deliver_webhooks
from deals_app.services.webhooks.endpoints import NewSecret, change_webhook, create_webhook, delete_webhook
from tests.engines import TestEngines
from tests.filled import import_file
from tests.people import People
from tests.receiving import Received, Receiver
from tests.telling import change, due, later, make, states, turn


def versions(hooks: Receiver, secret: str, deal_id: UUID) -> list[int]:
    told = [each.verified(secret)["data"] for each in hooks.got]
    return [each["deal_version"] for each in told if each["deal_id"] == str(deal_id)]


def test_what_happened_is_told_as_the_catalogue_has_it(people: People, hooks: Receiver, made: NewSecret) -> None:
    deal_id = make(people.alice)
    win_deal(people.alice, deal_id)
    assert due() == {made.endpoint_id}
    turn(people.ada, made)
    created, won = (each.verified(made.secret) for each in hooks.got)
    told = events(people.alice).items
    assert [each.id for each in hooks.got] == [event.id for event in told]
    assert created["type"] == "deal.created"
    assert won == {
        "type": "deal.won",
        "timestamp": told[1].occurred_at.isoformat(),
        "id": str(told[1].id),
        "topic": "customer.deal.won",
        "version": "1.0.0",
        "actor": "Alice",
        "door": "page",
        "data": told[1].data.model_dump(mode="json"),
    }
    assert states(people.ada, made) == [("deal.created", "delivered", 1), ("deal.won", "delivered", 1)]
    assert due() == set()


def test_only_what_was_asked_for_and_only_from_now_on(people: People, hooks: Receiver) -> None:
    earlier = make(people.alice)
    made = create_webhook(people.ada, url=hooks.url, event_types=["deal.won"])
    win_deal(people.alice, earlier)
    win_deal(people.alice, make(people.alice))
    turn(people.ada, made)
    assert [each.verified(made.secret)["type"] for each in hooks.got] == ["deal.won"] * 2
    make(people.alice)
    turn(people.ada, made)
    assert len(hooks.got) == 2
    assert due() == set()


def test_an_import_is_told_too(people: People, hooks: Receiver, made: NewSecret) -> None:
    """No code path can forget: the ledger is the source."""
    import_file(people.mona, "Deal Name,Amount\n" + "".join(f"Deal {n},{n}\n" for n in range(1, 31)))
    turn(people.ada, made)
    assert {each.verified(made.secret)["type"] for each in hooks.got} == {"deal.created"}
    assert len({each.id for each in hooks.got}) == 30


def test_it_is_tried_again_under_the_same_id_until_it_gets_through(
    people: People, hooks: Receiver, made: NewSecret, engines: TestEngines
) -> None:
    make(people.alice)
    hooks.answers = lambda _: 500
    turn(people.ada, made)
    assert states(people.ada, made) == [("deal.created", "pending", 1)]
    assert due() == set()
    turn(people.ada, made)
    assert len(hooks.got) == 1, "not before its time"
    later(engines, "6 seconds")
    turn(people.ada, made)
    [waiting] = deliveries(people.ada, made.endpoint_id).items
    assert (waiting.status_code, waiting.error, waiting.response) == (500, "answered 500", "ok")
    hooks.answers = lambda _: 204
    later(engines, "34 seconds")
    assert due() == {made.endpoint_id}
    turn(people.ada, made)
    assert states(people.ada, made) == [("deal.created", "delivered", 3)]
    assert len({each.id for each in hooks.got}) == 1
    assert len({each.headers["webhook-id"] for each in hooks.got}) == 1
    assert webhook(people.ada, made.endpoint_id).failing_since is None


def test_after_a_day_it_is_given_up(people: People, hooks: Receiver, made: NewSecret, engines: TestEngines) -> None:
    assert sum(RETRY_SECONDS) * 0.9 > 22 * 3600
    assert sum(RETRY_SECONDS) > 24 * 3600
    deal_id = make(people.alice)
    hooks.answers = lambda _: 503
    for _ in range(len(RETRY_SECONDS) + 1):
        turn(people.ada, made)
        later(engines)
    assert states(people.ada, made) == [("deal.created", "failed", len(RETRY_SECONDS) + 1)]
    hooks.answers = lambda _: 200
    move_deal(people.alice, deal_id, stage="proposal")
    turn(people.ada, made)
    assert states(people.ada, made)[1] == ("deal.stage_changed", "delivered", 1)


def test_a_deals_events_wait_for_each_other_and_other_deals_go_on(
    people: People, hooks: Receiver, made: NewSecret, engines: TestEngines
) -> None:
    stuck, free = make(people.alice), make(people.alice)
    for deal_id in (stuck, free):
        move_deal(people.alice, deal_id, stage="proposal")
        win_deal(people.alice, deal_id)
    hooks.answers = lambda got: 500 if str(stuck) in got.body else 200
    turn(people.ada, made)
    assert versions(hooks, made.secret, free) == [1, 2, 3]
    assert versions(hooks, made.secret, stuck) == [1]
    assert due() == set(), "what waits for its predecessor rings for nobody"
    hooks.answers = lambda _: 200
    later(engines)
    turn(people.ada, made)
    assert versions(hooks, made.secret, stuck) == [1, 1, 2, 3]


def test_the_ledgers_order_is_not_that_of_a_deals_versions_and_the_versions_count(
    app: Flask, people: People, hooks: Receiver, made: NewSecret
) -> None:
    """A transaction that began first and changed the deal last stands first in the ledger."""
    deal_id = make(people.alice)
    turn(people.ada, made)
    began, may_go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        with app.app_context(), unit_of_work(people.alice) as work:
            driver = work.session.connection()
            driver.exec_driver_sql("SELECT pg_current_xact_id()")
            began.set()
            assert may_go_on.wait(30)
            driver.exec_driver_sql("UPDATE deals SET name = 'last', version = version + 1 WHERE id = %s", (deal_id,))

    thread = threading.Thread(target=contextvars.Context().run, args=[slowly])
    thread.start()
    assert began.wait(30)
    move_deal(people.alice, deal_id, stage="proposal")
    may_go_on.set()
    thread.join()
    assert [event.data.deal_version for event in events(people.alice).items] == [1, 3, 2]
    turn(people.ada, made)
    assert versions(hooks, made.secret, deal_id) == [1, 2, 3]


def test_two_workers_at_once_tell_everything_once_and_in_order(
    app: Flask, people: People, hooks: Receiver, made: NewSecret
) -> None:
    ids = [make(people.alice, f"deal {number}") for number in range(6)]
    for deal_id in ids:
        move_deal(people.alice, deal_id, stage="proposal")
        move_deal(people.alice, deal_id, stage="qualified")

    def work() -> None:
        with app.app_context():
            deliver_webhooks(str(people.tenant_id), str(made.endpoint_id))

    workers = [threading.Thread(target=contextvars.Context().run, args=[work]) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    turn(people.ada, made)
    assert {deal_id: versions(hooks, made.secret, deal_id) for deal_id in ids} == {key: [1, 2, 3] for key in ids}


def test_a_worker_that_dies_before_it_could_write_it_down_has_it_sent_again(
    people: People, hooks: Receiver, made: NewSecret, engines: TestEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the answer and the transaction; at least once, and the id says that it is the same."""
    make(people.alice)

    class Killed(BaseException):
        pass

    def dies(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("deals_app.services.webhooks.delivering.settle", dies)
        with pytest.raises(Killed):
            turn(people.ada, made)
    assert states(people.ada, made) == [("deal.created", "pending", 1)]
    turn(people.ada, made)
    assert len(hooks.got) == 1, "its lease has not run out"
    later(engines, "31 seconds")
    assert due() == {made.endpoint_id}
    turn(people.ada, made)
    assert states(people.ada, made) == [("deal.created", "delivered", 2)]
    assert len(hooks.got) == 2
    assert len({each.id for each in hooks.got}) == 1


def test_a_receiver_that_is_away_is_left_to_rest(
    people: People, hooks: Receiver, made: NewSecret, engines: TestEngines
) -> None:
    for number in range(30):
        make(people.alice, f"deal {number}")
    hooks.answers = lambda _: 503
    turn(people.ada, made)
    tried = len(hooks.got)
    assert PATIENCE < tried <= 16
    assert due() == set()
    later(engines, "20 seconds")
    turn(people.ada, made)
    assert len(hooks.got) == tried + 1, "one message at a time asks whether it is back"
    hooks.answers = lambda _: 200
    later(engines)
    turn(people.ada, made)
    assert {state for _, state, _ in states(people.ada, made)} == {"delivered"}


def test_410_switches_it_off_at_once(people: People, hooks: Receiver, made: NewSecret) -> None:
    make(people.alice)
    hooks.answers = lambda _: 410
    turn(people.ada, made)
    found = webhook(people.ada, made.endpoint_id)
    assert (found.state, found.waiting) == ("disabled", 1)
    assert "410" in (found.disabled_reason or "")
    with reading(people.ada) as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-1] == "webhook.disabled"
    assert due() == set()


def test_a_day_of_nothing_but_failures_switches_it_off_and_on_again_it_misses_nothing(
    people: People, hooks: Receiver, made: NewSecret, engines: TestEngines
) -> None:
    deal_id = make(people.alice)
    hooks.answers = lambda _: None
    turn(people.ada, made)
    change(engines, "UPDATE webhook_endpoints SET failing_since = failing_since - interval '24 hours'")
    later(engines)
    turn(people.ada, made)
    found = webhook(people.ada, made.endpoint_id)
    assert found.state == "disabled"
    assert (found.disabled_reason or "").startswith("nothing got through for 24 hours; last: ")
    win_deal(people.alice, deal_id)
    delete_deal(people.alice, deal_id)
    hooks.got.clear()
    turn(people.ada, made)
    assert (hooks.got, due()) == ([], set())
    hooks.answers = lambda _: 200
    change_webhook(people.ada, made.endpoint_id, {"state": "active"})
    assert due() == {made.endpoint_id}
    turn(people.ada, made)
    assert [each.verified(made.secret)["type"] for each in hooks.got] == ["deal.created", "deal.won", "deal.deleted"]
    assert webhook(people.ada, made.endpoint_id).disabled_at is None


def test_one_that_is_deleted_meanwhile_ends_the_work(people: People, hooks: Receiver, made: NewSecret) -> None:
    make(people.alice)

    def answers(_: Received) -> int:
        return 200

    hooks.answers = answers
    delete_webhook(people.ada, made.endpoint_id)
    turn(people.ada, made)
    assert hooks.got == []


def test_each_tenant_is_told_its_own(people: People, hooks: Receiver, made: NewSecret) -> None:
    theirs = create_webhook(people.charlie, url=hooks.url)
    make(people.charlie)
    assert due() == {theirs.endpoint_id}
    turn(people.ada, made)
    assert hooks.got == []
    deliver_webhooks(str(people.tenant_id), str(theirs.endpoint_id))
    assert hooks.got == [], "an endpoint of another tenant is none"
    turn(people.charlie, theirs)
    assert len(hooks.got) == 1
    assert hooks.got[0].verified(theirs.secret)["actor"] == "Charlie"


def test_it_needs_nothing_of_redis(people: People, hooks: Receiver, made: NewSecret) -> None:
    make(people.alice)
    redis.client.flushdb()
    assert due() == {made.endpoint_id}
    assert due() == set(), "rung for; again when nobody answers"
    turn(people.ada, made)
    assert len(hooks.got) == 1


def test_a_slow_answer_holds_up_no_other_deal(people: People, hooks: Receiver, made: NewSecret, app: Flask) -> None:
    slow = make(people.alice, "slow")
    arrived, may_answer = threading.Event(), threading.Event()

    def answers(got: Received) -> int:
        if str(slow) in got.body:
            arrived.set()
            assert may_answer.wait(14)
        else:
            may_answer.set()
        return 200

    hooks.answers = answers

    def work() -> None:
        with app.app_context():
            deliver_webhooks(str(people.tenant_id), str(made.endpoint_id))

    worker = threading.Thread(target=contextvars.Context().run, args=[work])
    worker.start()
    assert arrived.wait(30)
    make(people.alice, "made while the other waits")
    worker.join()
    assert [state for _, state, _ in states(people.ada, made)] == ["delivered", "delivered"]
    assert len(hooks.got) == 2
