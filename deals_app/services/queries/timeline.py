"""A deal's timeline: its ledger and its activities, newest first, in words; and the next steps that are planned."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Text, and_, func, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.deal_views import ChangeView, PlannedStep, TimelineEntry
from deals_app.domain.money import from_minor
from deals_app.domain.undoing import OWN_CHANGES_FOR, is_in_effect, leaves_something, undoers_of
from deals_app.domain.views import DealView, StageView
from deals_app.models import Activity, Customer, DealEvent, Stage
from deals_app.services.pipelines import stage_view
from deals_app.services.queries.names import ActorNames
from deals_app.services.unit_of_work import reading

LONGEST = 200
# They take no version: a card's place in its column, and what jobs work out about a deal.
UNTOLD = ("reordered", "scored")

LABELS = {
    "name": "Name",
    "value": "Value",
    "currency": "Currency",
    "customer_id": "Customer",
    "assigned_to": "Owner",
    "stage_id": "Stage",
    "probability": "Probability",
    "source": "Source",
    "expected_close_date": "Expected close",
    "actual_close_date": "Closed on",
    "loss_reason": "Loss reason",
    "competitor": "Competitor",
    "tags": "Tags",
    "custom_fields": "Custom fields",
}


@dataclass(frozen=True, kw_only=True)
class LastChange:
    """Who changed a field last, and when."""

    actor_name: str
    at: datetime


class LedgerNames:
    """The names behind the ids in a tenant's ledgers, read at once; three statements."""

    def __init__(self, session: Session) -> None:
        self._actors = ActorNames(session)
        self._stages = session.scalars(select(Stage).order_by(Stage.position)).all()
        self._stage_names = {str(stage.id): stage.name for stage in self._stages}

    def actor(self, reference: str) -> str:
        """A person's or key's name; our own jobs are Deals."""
        return self._actors.of(reference)

    def stage(self, stage_id: str) -> str:
        """A stage's name."""
        return self._stage_names.get(stage_id, "unknown")

    def person(self, user_id: str) -> str:
        """A person's name."""
        return self._actors.people.get(user_id, "unknown")

    def stages_of(self, pipeline_id: UUID) -> list[StageView]:
        """A pipeline's stages in order."""
        return [stage_view(stage) for stage in self._stages if stage.pipeline_id == pipeline_id]


def timeline(
    session: Session, actor: Actor, deal: DealView, names: LedgerNames, done: Sequence[TimelineEntry]
) -> tuple[TimelineEntry, ...]:
    """The newest entries of a deal's ledger, and the activities that are `done`, newest first."""
    events = session.scalars(
        select(DealEvent)
        .where(DealEvent.deal_id == deal.id, DealEvent.kind.not_in(UNTOLD))
        .order_by(DealEvent.id.desc())
        .limit(LONGEST)
    ).all()
    undos = session.execute(
        select(DealEvent.operation, DealEvent.undoes, DealEvent.actor)
        .where(DealEvent.deal_id == deal.id, DealEvent.undoes.is_not(None))
        .order_by(DealEvent.id)
    ).all()
    undoing = _Undoing(actor, undoers_of((row.operation, row.undoes) for row in undos))
    who = {row.operation: names.actor(row.actor) for row in undos}
    words = _Words(names, deal.currency, _customers_in(session, events))
    offered = undoing.offered(events)
    entries = [
        TimelineEntry(
            id=event.id,
            at=event.at,
            kind=event.kind,
            actor_name=names.actor(event.actor),
            door=event.door,
            version=event.version,
            changes=words.changes(event),
            operation=event.operation,
            can_undo=event.id in offered,
            undone_by=next((who[operation] for operation in undoing.of(event.operation)), None),
        )
        for event in events
    ]
    return tuple(sorted([*entries, *done], key=lambda entry: (entry.at, entry.version or 0), reverse=True)[:LONGEST])


def activities(
    session: Session, actor: Actor, deal_id: UUID, names: LedgerNames
) -> tuple[tuple[PlannedStep, ...], list[TimelineEntry]]:
    """The next steps of a deal, the earliest first; and what has been noted and done, for its timeline."""
    is_planned = and_(Activity.due_on.is_not(None), Activity.done_at.is_(None))
    rows = session.scalars(
        select(Activity)
        .where(Activity.deal_id == deal_id)
        .order_by(is_planned.desc(), func.coalesce(Activity.done_at, Activity.at).desc(), Activity.id.desc())
        .limit(LONGEST)
    ).all()
    today = actor.today
    planned = [
        PlannedStep(
            id=row.id,
            kind=row.kind,
            body=row.body,
            due_on=row.due_on,
            is_overdue=row.due_on < today,
            is_today=row.due_on == today,
        )
        for row in rows
        if row.due_on is not None and row.done_at is None
    ]
    done = [
        TimelineEntry(
            id=row.id,
            at=row.done_at or row.at,
            kind=row.kind,
            actor_name=names.actor(row.actor),
            door="",
            body=row.body,
            is_step=row.due_on is not None,
        )
        for row in rows
        if row.due_on is None or row.done_at is not None
    ]
    return tuple(sorted(planned, key=lambda step: (step.due_on, step.id))), done


def last_change(actor: Actor, deal_id: UUID, fields: Collection[str]) -> LastChange | None:
    """Who changed one of these fields of a deal last; None when nobody has since it was made."""
    with reading(actor) as session:
        wanted = sql_cast(list(fields), ARRAY(Text))
        row = session.execute(
            select(DealEvent.actor, DealEvent.at)
            .where(DealEvent.deal_id == deal_id, DealEvent.kind != "created", DealEvent.after.has_any(wanted))
            .order_by(DealEvent.id.desc())
            .limit(1)
        ).one_or_none()
        return LastChange(actor_name=ActorNames(session).of(row.actor), at=row.at) if row else None


@dataclass(frozen=True)
class _Undoing:
    """Which entries of a deal's ledger are taken back, and which the reader may take back (`services/undo.py`)."""

    actor: Actor
    undoers: Mapping[UUID, Collection[UUID]]

    def of(self, operation: UUID) -> list[UUID]:
        """The operations that undo this one and hold."""
        return [undoer for undoer in self.undoers.get(operation, ()) if is_in_effect(undoer, self.undoers)]

    def offered(self, events: Sequence[DealEvent]) -> set[UUID]:
        """Of the newest entries, newest first: those whose undoing is allowed and would do something."""
        found: set[UUID] = set()
        changed_since: set[str] = set()
        for event in events:
            if self._is_allowed(event) and leaves_something(event.after, changed_since):
                found.add(event.id)
            if event.undoes is None and not self.of(event.operation):
                changed_since |= event.after.keys()
        return found

    def _is_allowed(self, event: DealEvent) -> bool:
        """Not for a deal's making and its deletions: the page has a button for those."""
        if event.kind == "created" or "deleted_at" in event.after or self.of(event.operation):
            return False
        is_own = event.actor == self.actor.reference and event.at > datetime.now(UTC) - OWN_CHANGES_FOR
        return self.actor.manages or is_own


@dataclass(frozen=True)
class _Words:
    """What changed, in words."""

    names: LedgerNames
    currency: str
    customers: Mapping[str, str]

    def changes(self, event: DealEvent) -> tuple[ChangeView, ...]:
        """The fields people care about, in the order of LABELS; a creation tells its own story."""
        if event.kind == "created":
            return ()
        return tuple(
            ChangeView(
                field=field,
                label=label,
                before=self._shown(field, event.before, event.after),
                after=self._shown(field, event.after, event.before),
            )
            for field, label in LABELS.items()
            if field in event.after
        )

    def _shown(self, field: str, side: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
        value = side.get(field)
        if value is None or value in ([], {}, ""):
            return None
        if field == "value":
            currency = side.get("currency") or other.get("currency") or self.currency
            return f"{currency} {from_minor(int(value), currency):,}"
        if field == "probability":
            return f"{Decimal(str(value)).normalize():f} %"
        if field.endswith("_date"):
            return _day(value)
        name_of = {"stage_id": self.names.stage, "assigned_to": self.names.person, "customer_id": self._customer}
        return name_of.get(field, _listed)(value)

    def _customer(self, customer_id: str) -> str:
        return self.customers.get(customer_id, "unknown")


def _customers_in(session: Session, events: Sequence[DealEvent]) -> dict[str, str]:
    wanted = {side.get("customer_id") for event in events for side in (event.before, event.after)} - {None}
    if not wanted:
        return {}
    rows = session.execute(select(Customer.id, Customer.name).where(Customer.id.in_(wanted)))
    return {str(row.id): row.name for row in rows}


def _day(text: str) -> str:
    """As pages write it: `21 Nov 2026`."""
    on = date.fromisoformat(text)
    return f"{on.day} {on:%b %Y}"


def _listed(value: Any) -> str:
    """A value of JSON as a line of text."""
    if isinstance(value, list):
        return ", ".join(str(item) for item in cast("list[Any]", value))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in cast("dict[str, Any]", value).items())
    return str(value)
