"""Taking an operation back on deals: the plan for each, and the one statement that writes them all.

Which fields go back is decided in `domain/undoing.py`; the database takes the values from its own ledger, so that they
return exactly as they were.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, any_, bindparam, cast, exc, select, text
from sqlalchemy.orm import Session

from deals_app.domain.errors import RuleBroken
from deals_app.domain.matching import match_key
from deals_app.domain.undoing import TakingBack, is_in_effect, merged, taking_back, undoers_of
from deals_app.models import DealEvent
from deals_app.services.customers import bring_back_customers
from deals_app.services.statements import AnyRow

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


@dataclass(frozen=True)
class LedgerEvent:
    """A ledger entry with numbers exact and moments comparable."""

    row: AnyRow
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DealUndo:
    """One deal's part of an undo."""

    state: dict[str, Any]
    own: tuple[LedgerEvent, ...]
    later: tuple[LedgerEvent, ...]
    back: TakingBack

    def outcome(self) -> UndoneDeal:
        """The same in words that outlive the transaction."""
        before, after = _change(self.own)
        stages = {self.state["stage_id"], before.get("stage_id"), after.get("stage_id")} - {None}
        return UndoneDeal(
            deal_id=self.state["id"],
            name=self.state["name"],
            restored=self.back.restored,
            kept=tuple(self._kept(field) for field in sorted(self.back.kept)),
            stage_ids=frozenset(UUID(stage) for stage in stages),
        )

    @property
    def makes_deal(self) -> bool:
        """Whether the operation was what brought the deal into being."""
        return self.own[0].row.kind == "created"

    def source_of(self, field: str) -> UUID:
        """The entry that says what the field was before the operation."""
        return next((event.row.id for event in self.own if field in event.before), self.own[0].row.id)

    def _kept(self, field: str) -> Kept:
        changed = [event.row for event in self.later if field in event.after] or [self.later[-1].row]
        return Kept(field=field, actor=changed[-1].actor, at=changed[-1].at)


def events_of(session: Session, *conditions: ColumnElement[bool]) -> list[LedgerEvent]:
    """The ledger's entries under these conditions, oldest first."""
    rows = session.execute(
        select(
            DealEvent.id, DealEvent.deal_id, DealEvent.operation, DealEvent.undoes, DealEvent.actor, DealEvent.at,
            DealEvent.kind, cast(DealEvent.before, Text).label("was"), cast(DealEvent.after, Text).label("became"),
        )
        .where(*conditions)
        .order_by(DealEvent.id)
    )  # fmt: skip
    return [LedgerEvent(row=row, before=_state(row.was), after=_state(row.became)) for row in rows]


def undos_of(session: Session, operation: UUID, deal_ids: Sequence[UUID], since: UUID) -> list[DealUndo]:
    """What taking the operation back does to each of its deals, which are locked until the end of the transaction.

    `since` is the operation's first entry. Deals on which it is undone already are left out.
    """
    now = {state["id"]: state for state in _locked_states(session, deal_ids)}
    # Read under the lock: nothing changes these deals any more until the end.
    ids = any_(bindparam("ids", list(deal_ids), type_=ARRAY(Uuid)))
    by_deal: dict[UUID, list[LedgerEvent]] = {deal_id: [] for deal_id in deal_ids}
    for event in events_of(session, DealEvent.deal_id == ids, DealEvent.id >= since):
        by_deal[event.row.deal_id].append(event)
    return [
        _undo(operation, now[deal_id], events)
        for deal_id, events in by_deal.items()
        if is_in_effect(operation, undoers_of((event.row.operation, event.row.undoes) for event in events))
    ]


def write_undos(session: Session, undos: Sequence[DealUndo]) -> None:
    """One statement for all deals; customers that a deal needs again come back.

    Raises RuleBroken UNDO_FAILED where a deal would go back to a stage or a person that is gone.
    """
    changing = [undo for undo in undos if undo.back.restored or undo.back.deletes]
    pairs = [(undo.source_of(field), field) for undo in changing for field in undo.back.restored]
    values = {
        "events": [event_id for event_id, _ in pairs],
        "fields": [field for _, field in pairs],
        "deals": [undo.state["id"] for undo in changing],
        "steps": [int(undo.back.takes_version) for undo in changing],
        "keys": [_key_before(undo) for undo in changing],
        "deletes": [undo.back.deletes for undo in changing],
    }
    try:
        session.execute(TAKE_BACK, values)
    except exc.IntegrityError as error:
        message = "The stage, the customer or the person it would go back to is not there any more"
        raise RuleBroken(message, code="UNDO_FAILED") from error
    needing = [undo.state["id"] for undo in changing if undo.back.restored & {"deleted_at", "customer_id"}]
    if needing:
        bring_back_customers(session, needing)


def _undo(operation: UUID, now: dict[str, Any], events: Sequence[LedgerEvent]) -> DealUndo:
    own = tuple(event for event in events if event.row.operation == operation)
    later = tuple(event for event in events[events.index(own[-1]) + 1 :] if event.row.operation != operation)
    then = dict(now)
    for event in reversed(later):
        then |= event.before
    before, _ = _change(own)
    return DealUndo(state=now, own=own, later=later, back=taking_back(before=before, then=then, now=now))


def _change(own: Sequence[LedgerEvent]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an operation did to a deal: before and after; nothing was before a creation."""
    before, after = merged([(event.before, event.after) for event in own])
    return ({} if own[0].row.kind == "created" else before), after


def _key_before(undo: DealUndo) -> str | None:
    """The match key is not in the ledger: it follows from the name."""
    if "name" not in undo.back.restored:
        return None
    before, _ = _change(undo.own)
    return match_key(before["name"])


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
