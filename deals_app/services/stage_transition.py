"""The one move: every change of stage, whoever asks (drag, key, menu, API, import, sync), is made here.

The deal's row is locked first and its version compared, so of two that move at once one wins and the other is told
what is true now. A closed deal stays closed. A stage may ask for something before a deal comes in. Status and
probability follow the stage, closing sets the date, and the ledger and the outbox are written by the database in the
same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.calendar import today_in
from deals_app.domain.errors import FieldProblem, Invalid, RuleBroken, StageAsks
from deals_app.domain.stages import StageStatus, find_stage, unanswered
from deals_app.domain.views import DealView, StageView
from deals_app.models import Tenant
from deals_app.services.activities import add_note
from deals_app.services.deal_rows import deal_view
from deals_app.services.editing import DealEdit, check_edit, edited_values
from deals_app.services.locking import check_version, locked_among_stages
from deals_app.services.placing import Place, position_in
from deals_app.services.statements import AnyRow
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work
from deals_app.services.writing import CHANGE_TIME, ON_TOP, write_deal


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What a transition did: the deal as it is now, where it came from, and the operation that can be undone."""

    deal: DealView
    from_stage_id: UUID
    operation: UUID


@dataclass(frozen=True, kw_only=True)
class Closing:
    """What is said when a deal is closed; `value` in minor units."""

    on: date | None = None
    value: int | None = None
    reason: str | None = None
    competitor: str | None = None


def move_deal(
    actor: Actor,
    deal_id: UUID,
    *,
    stage: str,
    version: int | None = None,
    place: Place | None = None,
    note: str | None = None,
    closing: Closing | None = None,
    answers: DealEdit | None = None,
) -> Moved:
    """Put a deal into a stage (key, id or name). Without `version` the newest is meant.

    Within its own stage only its place changes, which takes no version. `closing` counts where the stage closes the
    deal; `answers` are facts that the stage asks for, changed in the same step. Raises NotFound, Forbidden, Conflict
    (stale version), RuleBroken MOVE_STAGE_FAILED (closed deal), StageAsks naming what the stage wants to know, Invalid
    (unknown stage, a wrong answer).
    """
    with unit_of_work(actor) as work:
        deal, stages = locked_among_stages(work, deal_id)
        target = known_stage(stage, stages)
        if place is not None and target.id == deal.stage_id:
            return _reorder(work, deal, place)
        check_version(deal, version)
        if deal.status != StageStatus.OPEN:
            message = f"cannot move from terminal stage {_key_of(stages, deal.stage_id)}"
            raise RuleBroken(message, code="MOVE_STAGE_FAILED")
        if target.id == deal.stage_id and answers is None:
            return _still_there(work, deal)
        return _transition(work, deal, target, closing or Closing(), place=place, note=note, answers=answers)


def win_deal(
    actor: Actor,
    deal_id: UUID,
    *,
    close_date: date | None = None,
    actual_value: int | None = None,
    note: str | None = None,
    version: int | None = None,
) -> Moved:
    """Close a deal as won, today unless `close_date` says otherwise; `actual_value` (minor units) replaces the value.

    Raises NotFound, Forbidden, Conflict, RuleBroken WIN_FAILED (closed already, or no won stage), Invalid.
    """
    return _close(actor, deal_id, StageStatus.CLOSED_WON, Closing(on=close_date, value=actual_value), note, version)


def lose_deal(
    actor: Actor,
    deal_id: UUID,
    *,
    close_date: date | None = None,
    reason: str | None = None,
    competitor: str | None = None,
    note: str | None = None,
    version: int | None = None,
) -> Moved:
    """Close a deal as lost, today unless `close_date` says otherwise.

    Raises NotFound, Forbidden, Conflict, RuleBroken LOSE_FAILED (closed already, or no lost stage), Invalid (a future
    date, or no reason where the tenant asks for one).
    """
    closing = Closing(on=close_date, reason=reason, competitor=competitor)
    return _close(actor, deal_id, StageStatus.CLOSED_LOST, closing, note, version)


def known_stage(text: str, stages: Sequence[StageView]) -> StageView:
    """The stage of a deal's pipeline that this text means; raises Invalid naming those there are."""
    target = find_stage(text, stages)
    if target is None:
        known = ", ".join(stage.key for stage in stages)
        raise Invalid(FieldProblem("stage", f"{text!r} is no stage of this deal's pipeline; known are {known}"))
    return target


def arrival(target: StageView) -> dict[str, Any]:
    """What changes of any deal that comes into a stage, whatever brings it there, besides its place and version."""
    return {
        "stage_id": target.id,
        "status": target.status,
        "probability": target.probability,
        "stage_entered_at": CHANGE_TIME,
    }


def closing_values(session: Session, actor: Actor, target: StageView, closing: Closing) -> dict[str, Any]:
    """What closing sets; raises Invalid for a date in the future, StageAsks for a reason that the tenant demands."""
    own = Tenant.id == actor.tenant_id  # the schema's owner, who may back-date, sees all of them
    tenant = session.execute(select(Tenant.time_zone, Tenant.loss_reason_required).where(own)).one()
    today = today_in(tenant.time_zone, actor.as_of)
    if closing.on is not None and closing.on > today:
        raise Invalid(FieldProblem("close_date", f"may not be in the future; today is {today.isoformat()}"))
    values: dict[str, Any] = {"actual_close_date": closing.on or today}
    if closing.value is not None:
        values |= {"value": closing.value, "value_estimated": False}
    if target.status == StageStatus.CLOSED_LOST:
        reason = (closing.reason or "").strip() or None
        if reason is None and tenant.loss_reason_required:
            raise StageAsks(FieldProblem("loss_reason", "say why the deal was lost"))
        values |= {"loss_reason": reason, "competitor": (closing.competitor or "").strip() or None}
    return values


def known_of(deal: AnyRow) -> dict[str, Any]:
    """What a stage may ask for, as the deal has it; the rest is said when it is closed."""
    asked = ("value", "expected_close_date", "customer_id", "assigned_to")
    return {field: getattr(deal, field) for field in asked}


def _close(
    actor: Actor, deal_id: UUID, status: StageStatus, closing: Closing, note: str | None, version: int | None
) -> Moved:
    verb, code = ("win", "WIN_FAILED") if status is StageStatus.CLOSED_WON else ("lose", "LOSE_FAILED")
    with unit_of_work(actor) as work:
        deal, stages = locked_among_stages(work, deal_id)
        if deal.status != StageStatus.OPEN:
            message = f"cannot {verb} a deal that is already {_key_of(stages, deal.stage_id)}"
            raise RuleBroken(message, code=code)
        check_version(deal, version)
        target = next((stage for stage in stages if stage.status == status), None)
        if target is None:
            message = f"cannot {verb} this deal: its pipeline has no stage for it"
            raise RuleBroken(message, code=code)
        return _transition(work, deal, target, closing, place=None, note=note, answers=None)


def _transition(
    work: UnitOfWork,
    deal: AnyRow,
    target: StageView,
    closing: Closing,
    *,
    place: Place | None,
    note: str | None,
    answers: DealEdit | None,
) -> Moved:
    values: dict[str, Any] = {}
    if answers is not None:
        check_edit(work, answers, deal.currency, deal.value)
        values |= edited_values(work, answers)
        if "value" in values:
            values["value_estimated"] = False
    if target.status != StageStatus.OPEN:
        values |= closing_values(work.session, work.actor, target, closing)
    if problems := unanswered(target, known_of(deal) | values):
        raise StageAsks(*problems)
    values |= arrival(target) | {"version": deal.version + 1}
    if place is None or place == Place():
        values["position"] = ON_TOP
    else:
        values["position"] = position_in(work.connection, target.id, place)
    written = write_deal(work, deal.id, values)
    if note and note.strip():
        add_note(work, deal.id, note)
    return Moved(deal=written, from_stage_id=deal.stage_id, operation=work.operation)


def _reorder(work: UnitOfWork, deal: AnyRow, place: Place) -> Moved:
    position = position_in(work.connection, deal.stage_id, place)
    if position != deal.position:
        write_deal(work, deal.id, {"position": position})
    return _still_there(work, deal)


def _still_there(work: UnitOfWork, deal: AnyRow) -> Moved:
    """Nothing but its place has changed, if that."""
    view = deal_view(work.connection, work.actor, deal.id)
    return Moved(deal=view, from_stage_id=deal.stage_id, operation=work.operation)


def _key_of(stages: Sequence[StageView], stage_id: UUID) -> str:
    return next(stage.key for stage in stages if stage.id == stage_id)
