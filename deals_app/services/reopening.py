"""A closed deal is opened again: never by a move, only by a manager who says why."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid, RuleBroken
from deals_app.domain.matching import is_blank
from deals_app.domain.stages import StageStatus
from deals_app.domain.views import StageView
from deals_app.models import DealEvent
from deals_app.services.activities import add_note
from deals_app.services.locking import check_version, locked_deal
from deals_app.services.pipelines import stages_of
from deals_app.services.stage_transition import Moved, arrival
from deals_app.services.unit_of_work import unit_of_work
from deals_app.services.writing import ON_TOP, write_deal

NEVER_CLOSED = {"actual_close_date": None, "loss_reason": None, "competitor": None}


def reopen_deal(actor: Actor, deal_id: UUID, *, reason: str, version: int | None = None) -> Moved:
    """Put a closed deal back on top of the stage it was closed from; the reason becomes a note.

    A deal that was never open here (an import brought it closed) goes to the pipeline's first open stage. Raises
    NotFound, Forbidden for reps, Invalid without a reason, Conflict, RuleBroken REOPEN_FAILED for an open deal.
    """
    if not actor.manages:
        message = "Only managers reopen deals"
        raise Forbidden(message)
    if is_blank(reason):
        raise Invalid(FieldProblem("reason", "say why the deal is opened again"))
    with unit_of_work(actor) as work:
        deal = locked_deal(work, deal_id)
        if deal.status == StageStatus.OPEN:
            message = "cannot reopen a deal that is open"
            raise RuleBroken(message, code="REOPEN_FAILED")
        check_version(deal, version)
        stage = _stage_before_closing(work.session, deal_id, stages_of(work.session, deal.pipeline_id))
        values = arrival(stage) | NEVER_CLOSED | {"position": ON_TOP, "version": deal.version + 1}
        written = write_deal(work, deal_id, values)
        add_note(work, deal_id, f"Reopened: {reason.strip()}")
        return Moved(deal=written, from_stage_id=deal.stage_id, operation=work.operation)


def _stage_before_closing(session: Session, deal_id: UUID, stages: Sequence[StageView]) -> StageView:
    """The stage that the ledger names, as long as it is there and open."""
    before = session.scalar(
        select(DealEvent.before["stage_id"].astext)
        .where(DealEvent.deal_id == deal_id, DealEvent.kind.in_(("won", "lost")))
        .order_by(DealEvent.version.desc())
        .limit(1)
    )
    open_stages = [stage for stage in stages if stage.is_open]
    return next((stage for stage in open_stages if str(stage.id) == before), open_stages[0])
