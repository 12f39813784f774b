"""A subscriber's way through the ledger of a tenant: event by event, each in one transaction with the cursor.

Two workers never stand at the same place: the subscription's row is locked while its event is handled. Killed anywhere,
the transaction is undone and the relay rings again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, and_, func, literal_column, select, text, tuple_, update
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Unavailable
from deals_app.extensions import db
from deals_app.models import DealEvent, Subscription
from deals_app.services.doorbell import Ring
from deals_app.services.event_catalogue import BY_KIND, event_of
from deals_app.services.outbox import system_actor
from deals_app.services.queries.names import ActorNames
from deals_app.services.subscribers.subscriber import Subscriber, subscribers
from deals_app.services.unit_of_work import UnitOfWork, database_errors, one_transaction, unit_of_work

log = logging.getLogger(__name__)

JOB = "deals_app.jobs.subscribers.follow"
# Then an import, or another subscriber, has its turn; the relay rings again for what is left.
TURN_SECONDS = 20
# How long a ring or a worker may give no sign before the relay rings again.
UNANSWERED_SECONDS = 20
# After the first refusal in a row, the second …
BACK_OFF_SECONDS: Final = (5, 15, 30, 60, 120, 300, 600)
LONGEST_ERROR = 1_000
PLACES_AT_ONCE = 200
_ORDER = (DealEvent.written_by, DealEvent.id)


class _Refused(Exception):
    """The handler raised; `__cause__` is what, and `place` is where the cursor stood."""

    def __init__(self, place: tuple[int, UUID]) -> None:
        super().__init__()
        self.place = place


def due_subscriptions(limit: int = 100) -> list[Ring]:
    """For the relay, over all tenants: subscriptions with something to hear and nobody at them, now counted as rung.

    Asks nothing where no subscriber is known.
    """
    if not subscribers.names:
        return []
    asked = text("SELECT * FROM due_subscriptions(:names, make_interval(secs => :unanswered), :most)")
    values = {"names": subscribers.names, "unanswered": UNANSWERED_SECONDS, "most": limit}
    with database_errors(), db.engines["admin"].begin() as connection:
        rows = connection.execute(asked, values).all()
    return [Ring(job=JOB, tenant_id=tenant, outbox_id=found, attempt=rings) for tenant, found, rings in rows]


def follow_ledger(tenant_id: str, subscription_id: str) -> None:
    """Handle what has happened since, for one turn; safe to ring twice, and for subscribers that are gone."""
    tenant, wanted = UUID(tenant_id), UUID(subscription_id)
    name = _name_of(tenant, wanted)
    subscriber = subscribers.get(name) if name else None
    if subscriber is None:
        log.warning("no subscriber %s in this process", name)
        return
    actor = system_actor(tenant, f"system:{subscriber.name}", "job")
    ends = time.monotonic() + TURN_SECONDS
    try:
        while _handle_next(actor, wanted, subscriber, is_last=time.monotonic() >= ends):
            pass
    except _Refused as refusal:
        _note_refusal(actor, wanted, refusal)


def back_off(failures_in_row: int) -> timedelta:
    """How long the event that was refused so often waits: 5 s at first, 10 min at most."""
    return timedelta(seconds=BACK_OFF_SECONDS[min(failures_in_row, len(BACK_OFF_SECONDS)) - 1])


def _name_of(tenant_id: UUID, subscription_id: UUID) -> str | None:
    with unit_of_work(system_actor(tenant_id, "system:subscribers", "job")) as work:
        return work.session.scalar(select(Subscription.name).where(Subscription.id == subscription_id))


def _handle_next(actor: Actor, subscription_id: UUID, subscriber: Subscriber, *, is_last: bool) -> bool:
    """One transaction: the next event that it wants, if there is one, and the cursor behind it; whether to go on."""
    place: tuple[int, UUID] | None = None
    try:
        with one_transaction(actor) as work:
            locked = _locked(work.session, subscription_id)
            if locked is None:
                return False
            place = (locked.cursor_written_by, locked.cursor_event_id)
            ahead = _ahead(work.session, place, locked.settled)
            wanted = next((number for number, each in enumerate(ahead) if each.kind in _kinds_of(subscriber)), None)
            if wanted is not None:
                _handle(work, subscriber, ahead[wanted].event_id)
            done = ahead[-1 if wanted is None else wanted] if ahead else None
            goes_on = done is not None and not is_last
            # After the handler: in a transaction that it broke without saying so, this raises and nothing is kept.
            _move(work.session, subscription_id, done, attended_at=func.now() if goes_on else None)
    except Unavailable:
        raise
    except Exception as error:
        if place is None:
            raise
        raise _Refused(place) from error
    return goes_on


def _locked(session: Session, subscription_id: UUID) -> Any:
    """The subscription, unless another worker is at it or its time has not come; and what is settled by now."""
    return session.execute(
        select(
            Subscription.cursor_written_by,
            Subscription.cursor_event_id,
            literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", BigInteger).label("settled"),
        )
        .where(Subscription.id == subscription_id)
        .where(func.coalesce(Subscription.next_try_at, func.now()) <= func.now())
        .with_for_update(skip_locked=True)
    ).one_or_none()


def _ahead(session: Session, place: tuple[int, UUID], settled: int) -> Sequence[Any]:
    """The next places of the settled order, and which event is handled at each.

    A transaction may have begun first and changed a deal last: its event stands before the older version's. So at the
    n-th place of a deal its n-th version is handled.
    """
    is_event = and_(DealEvent.written_by < settled, DealEvent.kind.in_(BY_KIND))
    places = (
        select(*_ORDER, DealEvent.deal_id)
        .where(is_event, tuple_(*_ORDER) > tuple_(*place))
        .order_by(*_ORDER)
        .limit(PLACES_AT_ONCE)
        .cte("places")
    )
    of_deal = func.row_number().over(partition_by=DealEvent.deal_id, order_by=_ORDER)
    by_version = func.row_number().over(partition_by=DealEvent.deal_id, order_by=DealEvent.version)
    ranked = (
        select(*_ORDER, DealEvent.deal_id, DealEvent.kind, of_deal.label("nth"), by_version.label("nth_version"))
        .where(is_event, DealEvent.deal_id.in_(select(places.c.deal_id)))
        .cte("ranked")
    )
    handled = ranked.alias("handled")
    return session.execute(
        select(places.c.written_by, places.c.id, handled.c.id.label("event_id"), handled.c.kind)
        .join(ranked, ranked.c.id == places.c.id)
        .join(handled, and_(handled.c.deal_id == ranked.c.deal_id, handled.c.nth_version == ranked.c.nth))
        .order_by(places.c.written_by, places.c.id)
    ).all()


def _kinds_of(subscriber: Subscriber) -> set[str]:
    """The ledger's words for what it wants to hear."""
    return {kind for kind, each in BY_KIND.items() if each.name in subscriber.events}


def _handle(work: UnitOfWork, subscriber: Subscriber, event_id: UUID) -> None:
    entry = work.session.scalars(select(DealEvent).where(DealEvent.id == event_id)).one()
    name = ActorNames(work.session).of(entry.actor)
    subscriber.handle(work, event_of(entry, actor_name=name, cursor=f"{entry.written_by}-{entry.id}"))
    work.session.flush()


def _move(session: Session, subscription_id: UUID, done: Any, **values: Any) -> None:
    if done is not None:
        values |= {"cursor_written_by": done.written_by, "cursor_event_id": done.id}
        values |= {"failures_in_row": 0, "next_try_at": None, "last_error": None}
    session.execute(update(Subscription).where(Subscription.id == subscription_id).values(values))


def _note_refusal(actor: Actor, subscription_id: UUID, refusal: _Refused) -> None:
    """Its error and when it is tried again, unless another worker has got past the place meanwhile."""
    cause = refusal.__cause__
    log.error("%s: %s", actor.reference, cause, exc_info=cause)
    with unit_of_work(actor) as work:
        found = work.session.execute(
            select(Subscription.failures_in_row, func.now().label("now"))
            .where(Subscription.id == subscription_id)
            .where(tuple_(Subscription.cursor_written_by, Subscription.cursor_event_id) == tuple_(*refusal.place))
            .with_for_update()
        ).one_or_none()
        if found is not None:
            failures = found.failures_in_row + 1
            now: datetime = found.now
            work.session.execute(
                update(Subscription)
                .where(Subscription.id == subscription_id)
                .values(failures_in_row=failures, next_try_at=now + back_off(failures), attended_at=None)
                .values(last_error=f"{type(cause).__name__}: {cause}".replace("\0", "")[:LONGEST_ERROR])
            )
