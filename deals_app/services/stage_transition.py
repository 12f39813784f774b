"""The one move: every change of stage, whoever asks (drag, key, menu, API, import, sync), is made here.

The deal's row is locked first and its version compared, so of two that move at once one wins and the other is told
what is true now. A closed deal stays closed. Status and probability follow the stage, closing sets the date, and the
ledger and the outbox are written by the database in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.calendar import today_in
from deals_app.domain.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.domain.rank import position_between
from deals_app.domain.stages import StageStatus, find_stage
from deals_app.domain.views import StageView
from deals_app.models import Activity, Deal, Tenant
from deals_app.services.pipelines import stages_of
from deals_app.services.statements import AnyRow
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What a transition did: which columns changed, and the deal's version now."""

    deal_id: UUID
    from_stage_id: UUID
    to_stage_id: UUID
    version: int


@dataclass(frozen=True, kw_only=True)
class Place:
    """Between which cards of the target column a card was dropped; None on a side means the end there."""

    above: UUID | None = None
    below: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Closing:
    """What is said when a deal is closed."""

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
    loss_reason: str | None = None,
) -> Moved:
    """Put a deal into a stage (key, id or name). Without `version` the newest is meant.

    Within its own stage only its place changes, which takes no version. Raises NotFound, Forbidden, Conflict (stale
    version), RuleBroken MOVE_STAGE_FAILED (closed deal), Invalid (unknown stage, missing loss reason).
    """
    with unit_of_work(actor) as work:
        deal = locked_deal(work, deal_id)
        stages = stages_of(work.session, deal.pipeline_id)
        target = find_stage(stage, stages)
        if target is None:
            known = ", ".join(known.key for known in stages)
            raise Invalid(FieldProblem("stage", f"{stage!r} is no stage of this deal's pipeline; known are {known}"))
        if place is not None and target.id == deal.stage_id:
            return _reorder(work, deal, place)
        check_version(deal, version)
        if deal.status != StageStatus.OPEN:
            message = f"cannot move from terminal stage {_key_of(stages, deal.stage_id)}"
            raise RuleBroken(message, code="MOVE_STAGE_FAILED")
        closing = Closing(reason=loss_reason) if target.status == StageStatus.CLOSED_LOST else Closing()
        return _transition(work, deal, target, place or Place(), closing, note)


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


def locked_deal(work: UnitOfWork, deal_id: UUID) -> AnyRow:
    """The deal's row, held until the end of the transaction; raises NotFound, Forbidden."""
    deal = work.session.execute(
        select(
            Deal.id,
            Deal.pipeline_id,
            Deal.stage_id,
            Deal.status,
            Deal.assigned_to,
            Deal.version,
            Deal.position,
            Deal.value,
            Deal.currency,
        )
        .where(Deal.id == deal_id, Deal.deleted_at.is_(None))
        .with_for_update()
    ).one_or_none()
    if deal is None:
        message = "There is no such deal"
        raise NotFound(message)
    if not work.actor.may_change(deal.assigned_to):
        message = "This deal is another person's; its owner or a manager may change it"
        raise Forbidden(message)
    return deal


def check_version(deal: AnyRow, version: int | None) -> None:
    """Raises Conflict when the caller has seen an older deal."""
    if version is not None and version != deal.version:
        message = f"The deal has changed since: it is at version {deal.version}, not {version}"
        raise Conflict(message)


def _close(
    actor: Actor, deal_id: UUID, status: StageStatus, closing: Closing, note: str | None, version: int | None
) -> Moved:
    verb, code = ("win", "WIN_FAILED") if status is StageStatus.CLOSED_WON else ("lose", "LOSE_FAILED")
    with unit_of_work(actor) as work:
        deal = locked_deal(work, deal_id)
        stages = stages_of(work.session, deal.pipeline_id)
        if deal.status != StageStatus.OPEN:
            message = f"cannot {verb} a deal that is already {_key_of(stages, deal.stage_id)}"
            raise RuleBroken(message, code=code)
        check_version(deal, version)
        target = next((stage for stage in stages if stage.status == status), None)
        if target is None:
            message = f"cannot {verb} this deal: its pipeline has no stage for it"
            raise RuleBroken(message, code=code)
        return _transition(work, deal, target, Place(), closing, note)


def _transition(
    work: UnitOfWork, deal: AnyRow, target: StageView, place: Place, closing: Closing, note: str | None
) -> Moved:
    values = arrival(work.session, deal, target, place)
    if target.status != StageStatus.OPEN:
        values |= _closed_values(work, target, closing)
    work.session.execute(update(Deal).where(Deal.id == deal.id).values(**values))
    if note and note.strip():
        add_note(work, deal.id, note)
    return Moved(deal_id=deal.id, from_stage_id=deal.stage_id, to_stage_id=target.id, version=deal.version + 1)


def arrival(session: Session, deal: AnyRow, target: StageView, place: Place) -> dict[str, Any]:
    """What changes of a deal that comes into a stage, whatever brings it there; takes the deal's next version."""
    return {
        "stage_id": target.id,
        "status": target.status,
        "probability": target.probability,
        "stage_entered_at": func.now(),
        "position": _position(session, target.id, place),
        "version": deal.version + 1,
    }


def _closed_values(work: UnitOfWork, target: StageView, closing: Closing) -> dict[str, Any]:
    tenant = work.session.execute(select(Tenant.time_zone, Tenant.loss_reason_required)).one()
    today = today_in(tenant.time_zone)
    if closing.on is not None and closing.on > today:
        raise Invalid(FieldProblem("close_date", f"may not be in the future; today is {today.isoformat()}"))
    values: dict[str, Any] = {"actual_close_date": closing.on or today}
    if closing.value is not None:
        values |= {"value": closing.value, "value_estimated": False}
    if target.status == StageStatus.CLOSED_LOST:
        reason = (closing.reason or "").strip() or None
        if reason is None and tenant.loss_reason_required:
            raise Invalid(FieldProblem("loss_reason", "say why the deal was lost"))
        values |= {"loss_reason": reason, "competitor": (closing.competitor or "").strip() or None}
    return values


def _reorder(work: UnitOfWork, deal: AnyRow, place: Place) -> Moved:
    position = _position(work.session, deal.stage_id, place)
    if position != deal.position:
        work.session.execute(update(Deal).where(Deal.id == deal.id).values(position=position))
    return Moved(deal_id=deal.id, from_stage_id=deal.stage_id, to_stage_id=deal.stage_id, version=deal.version)


def _position(session: Session, stage_id: UUID, place: Place) -> Decimal:
    """The place between the two cards as they stand now; a card that has left the column no longer counts."""
    neighbours = [card for card in (place.above, place.below) if card is not None]
    found: dict[UUID, Decimal] = {}
    if neighbours:
        rows = session.execute(select(Deal.id, Deal.position).where(Deal.id.in_(neighbours), Deal.stage_id == stage_id))
        found = {row.id: row.position for row in rows}
    above = found.get(place.above) if place.above else None
    below = found.get(place.below) if place.below else None
    if above is not None and below is None:
        below = session.scalar(
            select(func.min(Deal.position)).where(
                Deal.stage_id == stage_id, Deal.deleted_at.is_(None), Deal.position > above
            )
        )
    elif below is not None and above is None:
        above = session.scalar(
            select(func.max(Deal.position)).where(
                Deal.stage_id == stage_id, Deal.deleted_at.is_(None), Deal.position < below
            )
        )
    elif above is None:
        below = top_of(session, stage_id)
    if above is not None and below is not None and above >= below:
        below = None
    return position_between(above, below)


def top_of(session: Session, stage_id: UUID) -> Decimal | None:
    """The smallest position in a column, None when it is empty; one index look-up."""
    return session.scalar(
        select(Deal.position)
        .where(Deal.stage_id == stage_id, Deal.deleted_at.is_(None))
        .order_by(Deal.position)
        .limit(1)
    )


def add_note(work: UnitOfWork, deal_id: UUID, body: str) -> UUID:
    """A note on the deal's timeline, inside a transaction; returns its id."""
    return work.session.scalars(
        insert(Activity)
        .values(
            tenant_id=work.actor.tenant_id,
            deal_id=deal_id,
            kind="note",
            body=body.strip(),
            actor=work.actor.reference,
        )
        .returning(Activity.id)
    ).one()


def _key_of(stages: list[StageView], stage_id: UUID) -> str:
    return next(stage.key for stage in stages if stage.id == stage_id)
