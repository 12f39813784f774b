"""Undo: what an operation changed goes back to what it was; whatever others have changed meanwhile stays, and is said.

An undo is an operation of its own, so it can be undone in turn: that is redo. How a deal goes back: undoing_deals.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Forbidden, NotFound, RuleBroken
from deals_app.domain.undoing import OWN_CHANGES_FOR, is_in_effect, undoers_of
from deals_app.models import DealEvent
from deals_app.services.deal_rows import demand_deal
from deals_app.services.undoing_deals import DealUndo, LedgerEvent, UndoneDeal, events_of, undos_of, write_undos
from deals_app.services.unit_of_work import reading, unit_of_work


@dataclass(frozen=True, kw_only=True)
class Undone:
    """What an undo did, and the operation it is itself."""

    operation: UUID
    undoes: UUID
    is_redo: bool
    deals: tuple[UndoneDeal, ...]


def undo_operation(actor: Actor, operation: UUID, *, deal_id: UUID | None = None) -> Undone:
    """Take an operation back, on all of its deals or on one; one transaction, one statement per table.

    One's own changes within a day, managers anything. Raises NotFound for an operation (or a deal of it) that is not
    there, Forbidden, RuleBroken UNDO_FAILED when it is undone already or others changed everything since.
    """
    with unit_of_work(actor, undoes=operation) as work:
        first = events_of(work.session, DealEvent.operation == operation, *_of_deal(deal_id))
        if not first:
            message = "There is no such change"
            raise NotFound(message)
        _check_permission(actor, first)
        ids = sorted({event.row.deal_id for event in first})
        undos = undos_of(work.session, operation, ids, since=min(event.row.id for event in first))
        if not any(undo.back.takes_version or undo.back.restored for undo in undos):
            raise RuleBroken(_nothing_left(undos), code="UNDO_FAILED")
        write_undos(work.session, undos)
        return Undone(
            operation=work.operation,
            undoes=operation,
            is_redo=first[0].row.undoes is not None,
            deals=tuple(undo.outcome() for undo in undos),
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
        demand_deal(session, deal_id)
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


def _check_permission(actor: Actor, events: Sequence[LedgerEvent]) -> None:
    if actor.manages:
        return
    if any(event.row.actor != actor.reference for event in events):
        message = "This change is another person's; they or a manager may undo it"
        raise Forbidden(message)
    if any(event.row.at < datetime.now(UTC) - OWN_CHANGES_FOR for event in events):
        message = "Your own changes can be undone within a day; after that a manager may undo them"
        raise Forbidden(message)


def _nothing_left(undos: Sequence[DealUndo]) -> str:
    if not undos:
        return "this change is undone already"
    if any("deleted_at" in undo.back.kept for undo in undos):
        return "the deal was deleted since; restore it first"
    return "nothing of this change is left to undo: all of it has been changed since"


def _of_deal(deal_id: UUID | None) -> list[ColumnElement[bool]]:
    return [] if deal_id is None else [DealEvent.deal_id == deal_id]
