"""A deal's life as other programs read it: its ledger field by field, and what people did about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.models import Activity, DealEvent
from deals_app.services.deal_rows import demand_deal
from deals_app.services.queries.names import ActorNames
from deals_app.services.queries.timeline import UNTOLD
from deals_app.services.unit_of_work import reading

LONGEST = 1_000


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """A field before and after, as the ledger has it: money in minor units, ids, times in RFC 3339."""

    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """One change of a deal; `actor` is a name."""

    version: int
    kind: str
    at: datetime
    actor: str
    door: str
    changes: Mapping[str, FieldChange]


@dataclass(frozen=True, kw_only=True)
class ActivityView:
    """A note, call, mail, meeting or task; a planned one has `due_on`, and `done_at` once it is done."""

    id: UUID
    kind: str
    body: str
    actor: str
    at: datetime
    due_on: date | None
    done_at: datetime | None


def history(actor: Actor, deal_id: UUID) -> list[HistoryEntry]:
    """The newest changes of a deal, newest first; raises NotFound."""
    with reading(actor) as session:
        demand_deal(session, deal_id)
        names = ActorNames(session)
        events = session.scalars(
            select(DealEvent)
            .where(DealEvent.deal_id == deal_id, DealEvent.kind.not_in(UNTOLD))
            .order_by(DealEvent.id.desc())
            .limit(LONGEST)
        )
        return [
            HistoryEntry(
                version=event.version,
                kind=event.kind,
                at=event.at,
                actor=names.of(event.actor),
                door=event.door,
                changes=_changes(event),
            )
            for event in events
        ]


def activities_of(actor: Actor, deal_id: UUID, *, kind: str | None = None) -> list[ActivityView]:
    """What people did about a deal, newest first, or only what is of one kind; raises NotFound."""
    with reading(actor) as session:
        demand_deal(session, deal_id)
        names = ActorNames(session)
        of_kind = [] if kind is None else [Activity.kind == kind]
        rows = session.scalars(
            select(Activity)
            .where(Activity.deal_id == deal_id, *of_kind)
            .order_by(Activity.at.desc(), Activity.id.desc())
            .limit(LONGEST)
        )
        return [
            ActivityView(
                id=row.id,
                kind=row.kind,
                body=row.body,
                actor=names.of(row.actor),
                at=row.at,
                due_on=row.due_on,
                done_at=row.done_at,
            )
            for row in rows
        ]


def _changes(event: DealEvent) -> dict[str, FieldChange]:
    before, after = event.before or {}, event.after or {}
    fields = dict.fromkeys([*before, *after])
    return {name: FieldChange(before=before.get(name), after=after.get(name)) for name in fields}
