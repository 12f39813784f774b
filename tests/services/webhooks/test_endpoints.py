"""Endpoints: made, changed, rotated, tested, replayed and ended by admins of their tenant, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.domain.errors import DealsError, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.models import AuditEntry
from deals_app.services.queries.webhooks import deliveries, delivery, webhook, webhooks
from deals_app.services.unit_of_work import reading
from deals_app.services.webhooks.endpoints import (
    MOST_ENDPOINTS,
    NewSecret,
    change_webhook,
    create_webhook,
    delete_webhook,
    rotate_secret,
    send_test,
)
from deals_app.services.webhooks.replaying import replay_delivery, replay_failed
from tests.engines import TestEngines
from tests.people import People
from tests.receiving import Receiver
from tests.telling import change, due, later, make, states, turn

URL = "https://example.com/hooks"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

CHANGES: list[Callable[[Actor, UUID], object]] = [
    lambda actor, _: create_webhook(actor, url=URL),
    lambda actor, endpoint_id: change_webhook(actor, endpoint_id, {"description": "x"}),
    delete_webhook,
    rotate_secret,
    send_test,
    lambda actor, endpoint_id: replay_delivery(actor, endpoint_id, uuid4()),
    lambda actor, endpoint_id: replay_failed(actor, endpoint_id, since=LONG_AGO),
]
READS: list[Callable[[Actor, UUID], object]] = [
    webhook,
    deliveries,
    lambda actor, endpoint_id: delivery(actor, endpoint_id, uuid4()),
]


def refusal(call: Callable[[], object]) -> DealsError:
    with pytest.raises(DealsError) as refused:
        call()
    return refused.value


@pytest.mark.parametrize("call", CHANGES)
def test_only_admins_change(people: People, made: NewSecret, call: Callable[[Actor, UUID], object]) -> None:
    for person in (people.alice, people.mona):
        assert type(refusal(lambda person=person: call(person, made.endpoint_id))) is Forbidden


def test_managers_see_and_reps_do_not(people: People, made: NewSecret) -> None:
    assert [each.id for each in webhooks(people.mona)] == [made.endpoint_id]
    assert deliveries(people.mona, made.endpoint_id).items == []
    for call in (*READS, lambda actor, _: webhooks(actor)):
        assert type(refusal(lambda call=call: call(people.alice, made.endpoint_id))) is Forbidden


@pytest.mark.parametrize("call", [*CHANGES[1:], *READS])
def test_another_tenants_is_none(people: People, made: NewSecret, call: Callable[[Actor, UUID], object]) -> None:
    theirs = refusal(lambda: call(people.charlie, made.endpoint_id))
    nobodys = refusal(lambda: call(people.charlie, uuid4()))
    assert (type(theirs), theirs.message) == (NotFound, nobodys.message)
    assert webhooks(people.charlie) == []


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"url": "https://127.0.0.1/x"}, "url"),
        ({"url": "http://example.com"}, "url"),
        ({"url": URL, "description": "x" * 201}, "description"),
        ({"url": URL, "event_types": ["deal.exploded"]}, "event_types"),
    ],
)
def test_what_is_wrong_is_named(people: People, facts: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_webhook(people.ada, **facts)  # type: ignore[arg-type]
    assert [problem.field for problem in refused.value.problems] == [field]


def test_there_is_a_most(people: People, engines: TestEngines) -> None:
    create_webhook(people.ada, url=URL)
    change(
        engines,
        "INSERT INTO webhook_endpoints (tenant_id, url, secret, cursor_written_by, cursor_event_id)"
        " SELECT tenant_id, url, secret, 0, id FROM webhook_endpoints, generate_series(2, %s)",
        MOST_ENDPOINTS,
    )
    with pytest.raises(RuleBroken, match="50"):
        create_webhook(people.ada, url=URL)


def test_a_change_is_written_once_and_audited(people: People, made: NewSecret) -> None:
    for _ in range(2):
        change_webhook(people.ada, made.endpoint_id, {"description": " CRM ", "event_types": ["deal.won", "deal.lost"]})
    found = webhook(people.ada, made.endpoint_id)
    assert (found.description, found.event_types, found.version) == ("CRM", ("deal.won", "deal.lost"), 2)
    rotate_secret(people.ada, made.endpoint_id)
    delete_webhook(people.ada, made.endpoint_id)
    with reading(people.ada) as session:
        lines = session.execute(select(AuditEntry.action, AuditEntry.details).order_by(AuditEntry.id)).all()
    told = [line for line in lines if line.action.startswith("webhook.")]
    assert [line.action.partition(".")[2] for line in told] == ["created", "changed", "secret_rotated", "deleted"]
    assert "whsec" not in str(told)


def test_both_secrets_sign_for_a_day(people: People, hooks: Receiver, made: NewSecret, engines: TestEngines) -> None:
    newer = rotate_secret(people.ada, made.endpoint_id)
    make(people.alice)
    turn(people.ada, made)
    assert hooks.got[0].verified(made.secret) == hooks.got[0].verified(newer.secret)
    change(engines, "UPDATE webhook_endpoints SET old_secret_until = old_secret_until - interval '24 hours'")
    make(people.alice)
    turn(people.ada, made)
    assert hooks.got[1].verified(newer.secret)
    assert len(hooks.got[1].headers["webhook-signature"].split()) == 1


def test_a_test_message_goes_out_whatever_rests(people: People, hooks: Receiver, made: NewSecret) -> None:
    hooks.answers = lambda _: 500
    for number in range(9):
        make(people.alice, f"deal {number}")
    turn(people.ada, made)
    assert due() == set()
    hooks.answers = lambda _: 200
    delivery_id = send_test(people.ada, made.endpoint_id)
    assert due() == {made.endpoint_id}
    turn(people.ada, made)
    assert delivery(people.ada, made.endpoint_id, delivery_id).state == "delivered"
    assert hooks.got[-1].verified(made.secret)["type"] == "webhook.test"
    change_webhook(people.ada, made.endpoint_id, {"state": "disabled"})
    with pytest.raises(RuleBroken):
        send_test(people.ada, made.endpoint_id)


def test_one_is_sent_again_whatever_became_of_it(people: People, hooks: Receiver, made: NewSecret) -> None:
    make(people.alice)
    turn(people.ada, made)
    [told] = deliveries(people.ada, made.endpoint_id).items
    replay_delivery(people.ada, made.endpoint_id, told.id)
    assert due() == {made.endpoint_id}
    turn(people.ada, made)
    assert states(people.ada, made) == [("deal.created", "delivered", 2)]
    assert hooks.got[0].body == hooks.got[1].body
    assert hooks.got[0].id == hooks.got[1].id


def test_what_was_given_up_is_sent_again(
    people: People, hooks: Receiver, made: NewSecret, engines: TestEngines
) -> None:
    for number in range(3):
        make(people.alice, f"deal {number}")
    turn(people.ada, made)
    change(engines, "UPDATE webhook_deliveries SET state = 'failed', tries = 11")
    assert replay_failed(people.ada, made.endpoint_id, since=datetime.now(UTC) + timedelta(hours=1)) == 0
    assert webhook(people.ada, made.endpoint_id).failed == 3
    assert replay_failed(people.ada, made.endpoint_id, since=LONG_AGO) == 3
    hooks.answers = lambda _: 500
    turn(people.ada, made)
    assert {state for _, state, _ in states(people.ada, made)} == {"pending"}, "with retries of its own"
    later(engines)
    hooks.answers = lambda _: 200
    turn(people.ada, made)
    found = webhook(people.ada, made.endpoint_id)
    assert (found.failed, found.waiting) == (0, 0)


def test_the_log_is_read_in_stretches(people: People, made: NewSecret) -> None:
    for number in range(5):
        make(people.alice, f"deal {number}")
    turn(people.ada, made)
    seen, after = list[UUID](), None
    while True:
        page = deliveries(people.ada, made.endpoint_id, after=after, limit=2)
        seen += [each.id for each in page.items]
        if (after := page.next_after) is None:
            break
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)
    assert deliveries(people.ada, made.endpoint_id, state="failed").items == []
    for wrong in ({"state": "lost"}, {"after": "x"}):
        with pytest.raises(Invalid):
            deliveries(people.ada, made.endpoint_id, **wrong)  # type: ignore[arg-type]
