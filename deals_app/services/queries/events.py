"""The events of a tenant in an order that never grows in the middle, for consumers that come back.

Each is read once all transactions that are older than its own have ended; what a consumer has read stays the beginning.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text, tuple_

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Invalid
from deals_app.models import DealEvent
from deals_app.services.event_catalogue import BY_KIND, BY_NAME, Event, event_of
from deals_app.services.queries.names import ActorNames
from deals_app.services.unit_of_work import reading

MOST = 1_000
_CURSOR = re.compile(r"([0-9]{1,18})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_SETTLED = text("written_by < pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


@dataclass(frozen=True, kw_only=True)
class EventPage:
    """Some events, and the cursor to ask with next: after the last of them, or as it was when there are none yet."""

    items: Sequence[Event]
    next_after: str | None
    has_more: bool


def events(
    actor: Actor,
    after: str | None = None,
    *,
    types: Collection[str] = (),
    deal_id: UUID | None = None,
    limit: int = 100,
) -> EventPage:
    """The next events after a cursor, from the first on without one; `types` are names of the catalogue.

    Raises Invalid for a cursor that is none of ours and for an unknown type.
    """
    if unknown := [name for name in types if name not in BY_NAME]:
        known = ", ".join(BY_NAME)
        raise Invalid(FieldProblem("type", f"{unknown[0]!r} is no event; known are {known}"))
    kinds = [kind for name in types for kind in BY_NAME[name].kinds] or [*BY_KIND]
    order = (DealEvent.written_by, DealEvent.id)
    statement = select(DealEvent).where(_SETTLED, DealEvent.kind.in_(kinds)).order_by(*order).limit(limit + 1)
    if deal_id is not None:
        statement = statement.where(DealEvent.deal_id == deal_id)
    if after:
        written_by, last_id = _read(after)
        statement = statement.where(tuple_(*order) > tuple_(written_by, last_id))
    with reading(actor) as session:
        found = session.scalars(statement).all()
        names = ActorNames(session)
    items = [
        event_of(entry, actor_name=names.of(entry.actor), cursor=f"{entry.written_by}-{entry.id}")
        for entry in found[:limit]
    ]
    return EventPage(items=items, next_after=items[-1].cursor if items else after, has_more=len(found) > limit)


def _read(cursor: str) -> tuple[int, UUID]:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        message = "is no cursor; send the `next_after` of an earlier answer, or nothing to begin with the first event"
        raise Invalid(FieldProblem("after", message))
    return int(found[1]), UUID(found[2])
