"""Undo: what an operation changed goes back to what it was; whatever others have changed meanwhile stays, and is said.

An undo is an operation of its own, so it can be undone in turn: that is redo. Which fields go back is decided in
`domain/undoing.py`; the database takes the values from its own ledger, so that they return exactly as they were.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, select, text
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Forbidden, NotFound, RuleBroken
from deals_app.domain.matching import match_key
from deals_app.domain.undoing import OWN_CHANGES_FOR, TakingBack, is_in_effect, merged, taking_back, undoers_of
from deals_app.models import Deal, DealEvent
from deals_app.services.statements import AnyRow
from deals_app.services.unit_of_work import reading, unit_of_work

# In JSON a moment is written in the zone of the session that wrote it.
MOMENTS = ("stage_entered_at", "deleted_at", "created_at")

TAKE_BACK = text("""
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:events AS uuid[]), CAST(:fields AS text[])) AS w (event_id, field)
    ), stored AS (
        SELECT e.deal_id, jsonb_object_agg(w.field, e.before -> w.field) AS patch
        FROM wanted w JOIN deal_events e ON e.tenant_id = current_tenant() AND e.id = w.event_id
        GROUP BY e.deal_id
    ), plan AS (
        SELECT p.deal_id, p.step, p.match_key,
               COALESCE(s.patch, '{}') || CASE WHEN p.deletes THEN jsonb_build_object('deleted_at', change_time())
                                               ELSE '{}' END AS patch
        FROM unnest(CAST(:deals AS uuid[]), CAST(:steps AS integer[]), CAST(:keys AS text[]),
                    CAST(:deletes AS boolean[])) AS p (deal_id, step, match_key, deletes)
        LEFT JOIN stored s ON s.deal_id = p.deal_id
    )
    UPDATE deals d SET
        (customer_id, assigned_to, name, value, currency, value_estimated, pipeline_id, stage_id, status, probability,
         source, ingested_from, expected_close_date, actual_close_date, stage_entered_at, loss_reason, competitor, tags,
         custom_fields, metadata, position, deleted_at)
        = (SELECT r.customer_id, r.assigned_to, r.name, r.value, r.currency, r.value_estimated, r.pipeline_id,
                  r.stage_id, r.status, r.probability, r.source, r.ingested_from, r.expected_close_date,
                  r.actual_close_date, r.stage_entered_at, r.loss_reason, r.competitor, r.tags, r.custom_fields,
                  r.metadata, r.position, r.deleted_at
           FROM jsonb_populate_record(d, plan.patch) r),
        match_key = COALESCE(plan.match_key, d.match_key),
        version = d.version + plan.step
    FROM plan WHERE d.tenant_id = current_tenant() AND d.id = plan.deal_id
""")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A field that was not taken back, as somebody (a reference as in the ledger) has changed it since."""

    field: str
    actor: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class UndoneDeal:
    """What an undo did to one deal."""

    deal_id: UUID
    name: str
    restored: frozenset[str]
    kept: tuple[Kept, ...]
    stage_ids: frozenset[UUID]


@dataclass(frozen=True, kw_only=True)
class Undone:
    """What an undo did, and the operation it is itself."""

    operation: UUID
    undoes: UUID
    is_redo: bool
    deals: tuple[UndoneDeal, ...]


@dataclass(frozen=True)
class _Event:
    """A ledger entry with numbers exact and moments comparable."""

    row: AnyRow
    before: dict[str, Any]
    after: dict[str, Any]


def undo_operation(actor: Actor, operation: UUID, *, deal_id: UUID | None = None) -> Undone:
    """Take an operation back, on all of its deals or on one; one transaction, one statement per table.

    One's own changes within a day, managers anything. Raises NotFound for an operation (or a deal of it) that is not
    there, Forbidden, RuleBroken UNDO_FAILED when it is undone already or others changed everything since.
    """
    with unit_of_work(actor, undoes=operation) as work:
        first = _events(work.session, DealEvent.operation == operation, *_of_deal(deal_id))
        if not first:
            message = "There is no such change"
            raise NotFound(message)
        _check_permission(actor, first)
        ids = sorted({event.row.deal_id for event in first})
        now = {state["id"]: state for state in _locked_states(work.session, ids)}
        # Read again under the lock: nothing changes these deals any more until the end.
        history = _events(work.session, DealEvent.deal_id.in_(ids), DealEvent.id >= min(e.row.id for e in first))
        plans = list(_plans(operation, ids, now, history))
        if not any(plan.back.takes_version or plan.back.restored for plan in plans):
            raise RuleBroken(_nothing_left(plans), code="UNDO_FAILED")
        work.session.execute(TAKE_BACK, _parameters(plans))
        return Undone(
            operation=work.operation,
            undoes=operation,
            is_redo=first[0].row.undoes is not None,
            deals=tuple(plan.outcome() for plan in plans),
        )


def latest_operation(actor: Actor, *, redo: bool = False) -> UUID:
    """What Ctrl-Z undoes: the actor's newest change by hand that is in effect; with `redo`, their newest undo.

    Only within a day; an undo is redone only while nothing new came after it. Raises NotFound.
    """
    with reading(actor) as session:
        rows = session.execute(
            select(DealEvent.operation, DealEvent.undoes)
            .where(DealEvent.actor == actor.reference, DealEvent.door == actor.door)
            .where(DealEvent.at > datetime.now(UTC) - OWN_CHANGES_FOR)
            .order_by(DealEvent.id.desc())
        ).all()
    undoers = undoers_of((row.operation, row.undoes) for row in rows)
    first_hand = {row.operation for row in rows if row.undoes is None}
    for row in rows:
        if row.operation in first_hand and redo:
            break
        wanted = row.undoes in first_hand if redo else row.undoes is None
        if wanted and is_in_effect(row.operation, undoers):
            return row.operation
    message = "There is nothing of yours to redo" if redo else "There is nothing of yours from the last day to undo"
    raise NotFound(message)


def latest_of_deal(actor: Actor, deal_id: UUID) -> UUID:
    """The newest operation on a deal that is in effect and no undo itself; raises NotFound, RuleBroken UNDO_FAILED."""
    with reading(actor) as session:
        if session.scalar(select(Deal.id).where(Deal.id == deal_id, Deal.deleted_at.is_(None))) is None:
            message = "There is no such deal"
            raise NotFound(message)
        rows = session.execute(
            select(DealEvent.operation, DealEvent.undoes)
            .where(DealEvent.deal_id == deal_id, DealEvent.kind.not_in(("scored", "created")))
            .order_by(DealEvent.id.desc())
        ).all()
    undoers = undoers_of((row.operation, row.undoes) for row in rows)
    for row in rows:
        if row.undoes is None and is_in_effect(row.operation, undoers):
            return row.operation
    message = "there is no change of this deal to undo"
    raise RuleBroken(message, code="UNDO_FAILED")


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """One deal's part of an undo."""

    state: dict[str, Any]
    own: tuple[_Event, ...]
    later: tuple[_Event, ...]
    back: TakingBack

    def outcome(self) -> UndoneDeal:
        before, after = _change(self.own)
        stages = {self.state["stage_id"], before.get("stage_id"), after.get("stage_id")} - {None}
        return UndoneDeal(
            deal_id=self.state["id"],
            name=self.state["name"],
            restored=self.back.restored,
            kept=tuple(self._kept(field) for field in sorted(self.back.kept)),
            stage_ids=frozenset(UUID(stage) for stage in stages),
        )

    def source_of(self, field: str) -> UUID:
        """The entry that says what the field was before the operation."""
        return next((event.row.id for event in self.own if field in event.before), self.own[0].row.id)

    def _kept(self, field: str) -> Kept:
        changed = [event.row for event in self.later if field in event.after] or [self.later[-1].row]
        return Kept(field=field, actor=changed[-1].actor, at=changed[-1].at)


def _plans(
    operation: UUID, ids: Sequence[UUID], now: dict[UUID, dict[str, Any]], history: Sequence[_Event]
) -> Iterator[_Plan]:
    """Each deal's part, without those on which the operation is undone already."""
    by_deal: dict[UUID, list[_Event]] = {deal_id: [] for deal_id in ids}
    for event in history:
        by_deal[event.row.deal_id].append(event)
    for deal_id, events in by_deal.items():
        if not is_in_effect(operation, undoers_of((event.row.operation, event.row.undoes) for event in events)):
            continue
        own = tuple(event for event in events if event.row.operation == operation)
        later = tuple(event for event in events[events.index(own[-1]) + 1 :] if event.row.operation != operation)
        then = dict(now[deal_id])
        for event in reversed(later):
            then |= event.before
        before, _ = _change(own)
        back = taking_back(before=before, then=then, now=now[deal_id])
        yield _Plan(state=now[deal_id], own=own, later=later, back=back)


def _change(own: Sequence[_Event]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an operation did to a deal: before and after; nothing was before a creation."""
    before, after = merged([(event.before, event.after) for event in own])
    return ({} if own[0].row.kind == "created" else before), after


def _parameters(plans: Sequence[_Plan]) -> dict[str, Any]:
    pairs = [(plan.source_of(field), field) for plan in plans for field in plan.back.restored]
    changing = [plan for plan in plans if plan.back.restored or plan.back.deletes]
    return {
        "events": [event_id for event_id, _ in pairs],
        "fields": [field for _, field in pairs],
        "deals": [plan.state["id"] for plan in changing],
        "steps": [int(plan.back.takes_version) for plan in changing],
        "keys": [_key_before(plan) for plan in changing],
        "deletes": [plan.back.deletes for plan in changing],
    }


def _key_before(plan: _Plan) -> str | None:
    """The match key is not in the ledger: it follows from the name."""
    if "name" not in plan.back.restored:
        return None
    before, _ = _change(plan.own)
    return match_key(before["name"])


def _check_permission(actor: Actor, events: Sequence[_Event]) -> None:
    if actor.manages:
        return
    if any(event.row.actor != actor.reference for event in events):
        message = "This change is another person's; they or a manager may undo it"
        raise Forbidden(message)
    if any(event.row.at < datetime.now(UTC) - OWN_CHANGES_FOR for event in events):
        message = "Your own changes can be undone within a day; after that a manager may undo them"
        raise Forbidden(message)


def _nothing_left(plans: Sequence[_Plan]) -> str:
    if not plans:
        return "this change is undone already"
    if any("deleted_at" in plan.back.kept for plan in plans):
        return "the deal was deleted since; restore it first"
    return "nothing of this change is left to undo: all of it has been changed since"


def _of_deal(deal_id: UUID | None) -> list[ColumnElement[bool]]:
    return [] if deal_id is None else [DealEvent.deal_id == deal_id]


def _events(session: Session, *conditions: ColumnElement[bool]) -> list[_Event]:
    rows = session.execute(
        select(
            DealEvent.id, DealEvent.deal_id, DealEvent.operation, DealEvent.undoes, DealEvent.actor, DealEvent.at,
            DealEvent.kind, cast(DealEvent.before, Text).label("was"), cast(DealEvent.after, Text).label("became"),
        )
        .where(*conditions)
        .order_by(DealEvent.id)
    )  # fmt: skip
    return [_Event(row=row, before=_state(row.was), after=_state(row.became)) for row in rows]


def _locked_states(session: Session, ids: Sequence[UUID]) -> Iterator[dict[str, Any]]:
    rows = session.execute(
        text("SELECT id, to_jsonb(d)::text AS state FROM deals d WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"),
        {"ids": list(ids)},
    )
    for row in rows:
        yield _state(row.state) | {"id": row.id}


def _state(document: str) -> dict[str, Any]:
    state = json.loads(document, parse_float=Decimal)
    for field in MOMENTS:
        if state.get(field) is not None:
            state[field] = datetime.fromisoformat(state[field])
    return state
