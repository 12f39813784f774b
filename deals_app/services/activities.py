"""What people do about a deal besides changing it: notes, and next steps that are planned and done."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, update

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Invalid, NotFound
from deals_app.domain.lengths import LONGEST_NOTE
from deals_app.domain.matching import is_blank
from deals_app.models import Activity
from deals_app.services.locking import locked_deal
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

STEP_KINDS = ("task", "call", "email", "meeting")
# What can have happened without a plan.
LOGGED_KINDS = ("note", "call", "email", "meeting")


def note_deal(actor: Actor, deal_id: UUID, body: str) -> UUID:
    """Write a note on a deal's timeline; raises NotFound, Forbidden, Invalid."""
    if problems := _body_problems(body):
        raise Invalid(*problems)
    with unit_of_work(actor) as work:
        locked_deal(work, deal_id)
        return add_note(work, deal_id, body)


def plan_step(actor: Actor, deal_id: UUID, *, body: str, due_on: date | None, kind: str = "task") -> UUID:
    """Plan what is to be done next about a deal; returns the activity's id. Raises NotFound, Forbidden, Invalid."""
    problems = _body_problems(body)
    if due_on is None:
        problems.append(FieldProblem("due_on", "say by when"))
    if kind not in STEP_KINDS:
        problems.append(FieldProblem("kind", f"must be one of {', '.join(STEP_KINDS)}"))
    if problems:
        raise Invalid(*problems)
    with unit_of_work(actor) as work:
        locked_deal(work, deal_id)
        return write_activity(work, deal_id, body, kind=kind, due_on=due_on)


def log_activity(actor: Actor, deal_id: UUID, *, kind: str, body: str) -> UUID:
    """Write down a call, mail or meeting that has happened; returns the activity's id.

    Raises NotFound, Forbidden, Invalid: what is still to be done is planned, and by a day.
    """
    problems = _body_problems(body)
    if kind not in LOGGED_KINDS:
        problems.append(FieldProblem("kind", f"must be one of {', '.join(LOGGED_KINDS)} unless it is planned (due_on)"))
    if problems:
        raise Invalid(*problems)
    with unit_of_work(actor) as work:
        locked_deal(work, deal_id)
        return write_activity(work, deal_id, body, kind=kind)


def finish_step(actor: Actor, deal_id: UUID, activity_id: UUID) -> None:
    """A planned step is done, once; raises NotFound, Forbidden."""
    _set_done(actor, deal_id, activity_id, func.coalesce(Activity.done_at, func.change_time()))


def reopen_step(actor: Actor, deal_id: UUID, activity_id: UUID) -> None:
    """A step that was ticked off is still to be done; raises NotFound, Forbidden."""
    _set_done(actor, deal_id, activity_id, None)


def _set_done(actor: Actor, deal_id: UUID, activity_id: UUID, at: ColumnElement[Any] | None) -> None:
    with unit_of_work(actor) as work:
        locked_deal(work, deal_id)
        found = work.session.scalar(
            update(Activity)
            .where(Activity.deal_id == deal_id, Activity.id == activity_id, Activity.due_on.is_not(None))
            .values(done_at=at)
            .returning(Activity.id)
        )
        if found is None:
            message = "There is no such step"
            raise NotFound(message)


def add_note(work: UnitOfWork, deal_id: UUID, body: str, *, kind: str = "note") -> UUID:
    """A note, or a mail, on the deal's timeline, inside a transaction; returns its id."""
    return write_activity(work, deal_id, body, kind=kind)


def add_step(work: UnitOfWork, deal_id: UUID, body: str, *, due_on: date | None, kind: str = "task") -> UUID:
    """A next step of the deal, inside a transaction; returns its id."""
    return write_activity(work, deal_id, body, kind=kind, due_on=due_on)


def write_activity(work: UnitOfWork, deal_id: UUID, body: str, *, kind: str, due_on: date | None = None) -> UUID:
    """A line of the deal's timeline, inside a transaction; `kind` as the table knows it. Returns its id."""
    return work.session.scalars(
        insert(Activity)
        .values(
            tenant_id=work.actor.tenant_id,
            deal_id=deal_id,
            kind=kind,
            body=body.strip(),
            due_on=due_on,
            actor=work.actor.reference,
        )
        .returning(Activity.id)
    ).one()


def _body_problems(body: str) -> list[FieldProblem]:
    if is_blank(body) or len(body) > LONGEST_NOTE:
        return [FieldProblem("body", f"must have 1 to {LONGEST_NOTE:,} characters")]
    return []
