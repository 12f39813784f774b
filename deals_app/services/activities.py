"""What people do about a deal besides changing it: notes, and next steps that are planned and done."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import func, insert, update

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Invalid, NotFound
from deals_app.domain.lengths import LONGEST_NOTE
from deals_app.domain.matching import is_blank
from deals_app.models import Activity
from deals_app.services.locking import locked_deal
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

STEP_KINDS = ("task", "call", "email", "meeting")


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
        return _written(work, deal_id, body, kind=kind, due_on=due_on)


def finish_step(actor: Actor, deal_id: UUID, activity_id: UUID) -> None:
    """A planned step is done, once; raises NotFound, Forbidden."""
    with unit_of_work(actor) as work:
        locked_deal(work, deal_id)
        done = work.session.scalar(
            update(Activity)
            .where(Activity.deal_id == deal_id, Activity.id == activity_id, Activity.due_on.is_not(None))
            .values(done_at=func.coalesce(Activity.done_at, func.change_time()))
            .returning(Activity.id)
        )
        if done is None:
            message = "There is no such step"
            raise NotFound(message)


def add_note(work: UnitOfWork, deal_id: UUID, body: str) -> UUID:
    """A note on the deal's timeline, inside a transaction; returns its id."""
    return _written(work, deal_id, body, kind="note", due_on=None)


def _written(work: UnitOfWork, deal_id: UUID, body: str, *, kind: str, due_on: date | None) -> UUID:
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
