"""Subscribers follow the ledger: each event once, in order, over refusals, races and transactions that ended late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from deals_app.domain.actor import Actor
from deals_app.domain.errors import DealsError
from deals_app.models import DealEvent, Subscription
from deals_app.services.accounts import actor_for_tenant, create_tenant
from deals_app.services.activities import add_note, plan_step
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.event_catalogue import Event
from deals_app.services.subscribers.following import back_off, due_subscriptions, follow_ledger
from deals_app.services.subscribers.subscriber import NoSubscriber, Subscriber, found_subscriber, subscribers
from deals_app.services.unit_of_work import UnitOfWork, reading
from tests.engines import TestEngines
from tests.people import People
from tests.sql import SUPERUSER, connected

Heard = list[tuple[str, int]]


class Listener:
    """A subscriber that writes down what it hears, in its transaction; and refuses when told to."""

    def __init__(self) -> None:
        self.refuses: Callable[[UnitOfWork, Event], Any] = lambda _work, _event: None

    def handle(self, work: UnitOfWork, event: Event) -> None:
        add_note(work, event.data.deal_id, f"{event.type} {event.data.deal_version}")
        self.refuses(work, event)

    def subscriber(self, *events: str) -> Subscriber:
        return Subscriber(name="listener", events=events or ("deal.created", "deal.updated"), handle=self.handle)


listener = Listener()
everything = listener.subscriber()
only_won = listener.subscriber("deal.won")


@pytest.fixture(autouse=True)
def listening(people: People) -> Iterator[None]:
    """Seen in both tenants, before anything happens."""
    assert people.charlie
    subscribers.load([f"{__name__}:everything"])
    assert subscribers.names == ["listener"]
    assert due_subscriptions() == []
    yield
    subscribers.load([])
    listener.refuses = lambda _work, _event: None


def make(actor: Actor, name: str = "Rollout") -> UUID:
    return create_deal(actor, NewDeal(name=name, currency="USD", value=1, assigned_to=actor.user_id))


def turn() -> int:
    """What the relay and its workers do."""
    rings = due_subscriptions()
    for ring in rings:
        follow_ledger(str(ring.tenant_id), str(ring.outbox_id))
    return len(rings)


def heard(actor: Actor) -> list[str]:
    """In the order of the handling."""
    with reading(actor) as session:
        bodies = session.execute(text("SELECT body FROM activities WHERE actor = 'system:listener' ORDER BY id"))
        return [row.body for row in bodies]


def subscription(actor: Actor) -> Subscription:
    with reading(actor) as session:
        return session.scalars(select(Subscription)).one()


def change(engines: TestEngines, statement: str, *values: object) -> None:
    with connected(engines, SUPERUSER) as connection:
        connection.execute(statement, values or None)  # pyright: ignore[reportCallIssue, reportArgumentType]


def time_passes(engines: TestEngines) -> None:
    change(engines, "UPDATE subscriptions SET next_try_at = now() - interval '1 second' WHERE failures_in_row > 0")


def refuse(_work: UnitOfWork, _event: Event) -> None:
    message = "the shop is closed"
    raise ValueError(message)


def test_each_event_is_handled_once_in_order(people: People) -> None:
    first = make(people.alice)
    edit_deal(people.alice, first, DealEdit(value=2))
    make(people.alice)
    assert turn() == 1
    assert heard(people.alice) == ["deal.created 1", "deal.updated 2", "deal.created 1"]
    assert turn() == 0
    assert subscription(people.alice).attended_at is None
    assert heard(people.charlie) == []


def test_what_it_does_not_want_is_passed_over_and_asked_for_once(people: People) -> None:
    subscribers.load([f"{__name__}:only_won"])
    make(people.alice)
    assert [turn(), turn()] == [1, 0]
    assert heard(people.alice) == []


def test_without_subscribers_the_relay_asks_nothing(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribers.load([])
    make(people.alice)
    monkeypatch.setattr("deals_app.services.subscribers.following.db", None)
    assert due_subscriptions() == []


def test_the_handlers_of_a_subscriber_that_went_away_are_not_called(people: People) -> None:
    make(people.alice)
    [ring] = due_subscriptions()
    subscribers.load([])
    follow_ledger(str(ring.tenant_id), str(ring.outbox_id))
    assert heard(people.alice) == []


def broken_transaction(work: UnitOfWork, _event: Event) -> None:
    with pytest.raises(Exception, match="division by zero"):
        work.session.execute(text("SELECT 1 / 0"))


def swallowed(work: UnitOfWork, event: Event) -> None:
    with pytest.raises(DealsError):
        plan_step(work.actor, UUID(int=0), body=event.type, due_on=event.occurred_at.date())


@pytest.mark.parametrize(
    ("refuses", "says"),
    [(refuse, "ValueError: the shop is closed"), (broken_transaction, "aborted"), (swallowed, "a service failed")],
)
def test_a_handler_that_fails_is_tried_again_and_the_later_events_wait(
    people: People, engines: TestEngines, refuses: Callable[[UnitOfWork, Event], Any], says: str
) -> None:
    deal_id = make(people.alice)
    turn()
    listener.refuses = refuses
    edit_deal(people.alice, deal_id, DealEdit(value=2))
    edit_deal(people.alice, deal_id, DealEdit(value=3))
    assert turn() == 1
    assert heard(people.alice) == ["deal.created 1"]
    stuck = subscription(people.alice)
    assert stuck.failures_in_row == 1
    assert says in (stuck.last_error or "")
    assert turn() == 0
    time_passes(engines)
    assert turn() == 1
    assert subscription(people.alice).failures_in_row == 2
    listener.refuses = lambda _work, _event: None
    time_passes(engines)
    assert turn() == 1
    assert heard(people.alice) == ["deal.created 1", "deal.updated 2", "deal.updated 3"]
    well = subscription(people.alice)
    assert (well.failures_in_row, well.last_error, well.next_try_at) == (0, None, None)


def test_one_tenants_refusal_holds_up_no_other(people: People) -> None:
    def refuses_acme(work: UnitOfWork, event: Event) -> None:
        if work.actor.tenant_id == people.tenant_id:
            refuse(work, event)

    listener.refuses = refuses_acme
    make(people.alice)
    make(people.charlie)
    assert turn() == 2
    assert (heard(people.alice), heard(people.charlie)) == ([], ["deal.created 1"])


def test_the_waits_grow_from_five_seconds_to_ten_minutes() -> None:
    waits = [back_off(n).total_seconds() for n in range(1, 10)]
    assert (waits[0], waits[-1]) == (5, 600)
    assert waits == sorted(waits)


def test_two_workers_at_once_handle_each_event_once(app: Flask, people: People) -> None:
    for number in range(8):
        make(people.alice, f"Deal {number}")
    [ring] = due_subscriptions()
    start = Barrier(4)

    def worker(_number: int) -> None:
        with app.app_context():
            start.wait(10)
            follow_ledger(str(ring.tenant_id), str(ring.outbox_id))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(worker, range(4)))
    assert len(heard(people.alice)) == 8


def test_versions_come_in_order_though_an_older_transaction_wrote_the_younger_one(
    people: People, engines: TestEngines
) -> None:
    """Two transactions whose numbers are the other way round than their changes of a deal: 3 stands before 2."""
    deal_id = make(people.alice)
    edit_deal(people.alice, deal_id, DealEdit(value=2))
    edit_deal(people.alice, deal_id, DealEdit(value=3))
    with reading(people.alice) as session:
        second, third = session.scalars(
            select(DealEvent.written_by).where(DealEvent.version > 1).order_by(DealEvent.version)
        )
    swapped = "UPDATE deal_events SET written_by = CASE version WHEN 2 THEN %s ELSE %s END WHERE version > 1"
    change(engines, swapped, third, second)
    turn()
    assert heard(people.alice) == ["deal.created 1", "deal.updated 2", "deal.updated 3"]


def test_an_event_that_is_not_settled_waits_for_the_transactions_before_it(
    people: People, engines: TestEngines
) -> None:
    with connected(engines, SUPERUSER) as slow, slow.transaction():
        slow.execute("SELECT pg_current_xact_id()")
        make(people.alice)
        assert turn() == 0
    assert turn() == 1
    assert heard(people.alice) == ["deal.created 1"]


def test_a_tenant_younger_than_the_subscriber_is_followed_from_its_first_event(people: People) -> None:
    create_tenant(slug="young", name="Young", owner_email="yara@young.example", owner_name="Yara", password=None)
    yara = actor_for_tenant("young", reference="system:test", door="cli")
    make(yara)
    assert people.charlie
    assert turn() == 1
    assert heard(yara) == ["deal.created 1"]


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("nowhere.at_all:x", "No module named"),
        ("tests.services.test_subscribers:nothing", "no attribute"),
        ("tests.services.test_subscribers:refuse", "is a function, not a Subscriber"),
        ("no_colon", "package.module:attribute"),
    ],
)
def test_what_is_no_subscriber_is_named_and_left_out(
    reference: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(NoSubscriber, match=says):
        found_subscriber(reference)
    subscribers.load([reference, f"{__name__}:only_won", f"{__name__}:everything"])
    assert subscribers.names == ["listener"]
    assert subscribers.get("listener") is only_won
    assert reference in caplog.text
    assert "two are called listener" in caplog.text


def test_a_subscriber_says_what_it_cannot_be() -> None:
    with pytest.raises(ValueError, match="no event"):
        Subscriber(name="orders", events=["deal.gone"], handle=refuse)
    with pytest.raises(ValueError, match="a-z"):
        Subscriber(name="My orders", events=["deal.won"], handle=refuse)
