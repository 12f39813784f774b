"""Many deals changed at once: one transaction, one statement per table, one operation to undo.

Nothing is overwritten unseen: a deal that somebody has changed since it was selected is left alone and named, as is one
that the rules of a single change would refuse. The others are changed all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Numeric, Text, Uuid, cast, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid, NotFound
from deals_app.domain.rank import positions_above
from deals_app.domain.stages import StageStatus, unanswered
from deals_app.domain.views import StageView
from deals_app.models import Deal, Membership, Stage
from deals_app.services.editing import tag_problems
from deals_app.services.pipelines import stage_view
from deals_app.services.placing import top_of
from deals_app.services.stage_transition import Closing, arrival, closing_values, known_of
from deals_app.services.statements import AnyRow
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

# Deal id -> the version that the person saw when selecting it.
Seen = Mapping[UUID, int]

MOST = 10_000


@dataclass(frozen=True, kw_only=True)
class LeftAlone:
    """A selected deal that was not changed, and why, as the end of a sentence; it has no name when it is gone."""

    deal_id: UUID
    name: str
    why: str


@dataclass(frozen=True, kw_only=True)
class BulkOutcome:
    """How many deals were changed, the operation that undoes it (None when none was), and what was left alone."""

    operation: UUID | None
    changed: int
    left: tuple[LeftAlone, ...]


def bulk_move(actor: Actor, seen: Seen, *, stage: UUID, closing: Closing | None = None) -> BulkOutcome:
    """Put deals into a stage of their pipeline, on top and in the order they stand in.

    Raises Forbidden for reps, NotFound for the stage, StageAsks where closing needs a reason, Invalid.
    """
    with _unit(actor, seen) as work:
        found = work.session.get(Stage, (actor.tenant_id, stage))
        if found is None:
            message = "There is no such stage"
            raise NotFound(message)
        return _moved(work, seen, {found.pipeline_id: stage_view(found)}, closing or Closing())


def bulk_close(
    actor: Actor, seen: Seen, *, won: bool, reason: str | None = None, competitor: str | None = None
) -> BulkOutcome:
    """Close open deals as won or lost, each in its own pipeline, today.

    Raises Forbidden for reps, StageAsks where losing needs a reason.
    """
    status = StageStatus.CLOSED_WON if won else StageStatus.CLOSED_LOST
    closing = Closing() if won else Closing(reason=reason, competitor=competitor)
    with _unit(actor, seen) as work:
        # Of several stages of that status the first counts, as for a single deal.
        rows = work.session.scalars(select(Stage).where(Stage.status == status).order_by(Stage.position.desc()))
        return _moved(work, seen, {row.pipeline_id: stage_view(row) for row in rows}, closing)


def bulk_assign(actor: Actor, seen: Seen, *, owner: UUID | None) -> BulkOutcome:
    """Give deals to a person of the team, or to nobody; raises Forbidden for reps, Invalid for a stranger."""
    with _unit(actor, seen) as work:
        if owner is not None and work.session.get(Membership, (actor.tenant_id, owner)) is None:
            raise Invalid(FieldProblem("owner", "there is no such person in this team"))
        rows, left = _selected(work, seen, lambda row: "has that owner already" if row.assigned_to == owner else None)
        return _written(work, rows, left, {"assigned_to": owner})


def bulk_tag(actor: Actor, seen: Seen, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> BulkOutcome:
    """Add tags to deals and take others away; raises Forbidden for reps, Invalid for a tag too long or blank."""
    if problems := tag_problems(add):
        raise Invalid(*problems)
    if not add and not remove:
        raise Invalid(FieldProblem("tags", "name a tag to add or to remove"))

    def as_they_are(row: AnyRow) -> str | None:
        after = [tag for tag in dict.fromkeys([*row.tags, *add]) if tag not in remove]
        return "has these tags already" if after == row.tags else None

    each = (
        func.unnest(Deal.tags + cast(list(add), ARRAY(Text)))
        .table_valued("tag", with_ordinality="place", name="each")
        .render_derived()
    )
    kept = (
        select(each.c.tag)
        .where(each.c.tag != func.all(cast(list(remove), ARRAY(Text))))
        .group_by(each.c.tag)
        .order_by(func.min(each.c.place))
    )
    with _unit(actor, seen) as work:
        rows, left = _selected(work, seen, as_they_are)
        return _written(work, rows, left, {"tags": func.array(kept.scalar_subquery())})


def bulk_delete(actor: Actor, seen: Seen) -> BulkOutcome:
    """Take deals out of every list and figure; undo brings them back. Raises Forbidden for reps."""
    with _unit(actor, seen) as work:
        rows, left = _selected(work, seen, lambda _row: None)
        return _written(work, rows, left, {"deleted_at": func.change_time()})


@contextmanager
def _unit(actor: Actor, seen: Seen) -> Generator[UnitOfWork]:
    if not actor.manages:
        message = "Only managers change many deals at once"
        raise Forbidden(message)
    if not seen or len(seen) > MOST:
        raise Invalid(FieldProblem("deal", f"select between 1 and {MOST:,} deals"))
    with unit_of_work(actor) as work:
        yield work


def _selected(
    work: UnitOfWork, seen: Seen, refuse: Callable[[AnyRow], str | None]
) -> tuple[list[AnyRow], list[LeftAlone]]:
    """The selected deals, locked, that may be changed, in the order of their columns; and those left alone."""
    rows = work.session.execute(
        select(
            Deal.id, Deal.name, Deal.pipeline_id, Deal.stage_id, Deal.status, Deal.assigned_to, Deal.version,
            Deal.position, Deal.value, Deal.customer_id, Deal.expected_close_date, Deal.tags, Deal.deleted_at,
        )
        .where(Deal.id == func.any(cast(list(seen), ARRAY(Uuid))))
        .order_by(Deal.id)
        .with_for_update()
    ).all()  # fmt: skip
    fit: list[AnyRow] = []
    left: list[LeftAlone] = []
    for row in rows:
        why = "was deleted" if row.deleted_at else "has changed since you selected it"
        if row.deleted_at is None and row.version == seen[row.id]:
            why = refuse(row)
        if why is None:
            fit.append(row)
        else:
            left.append(LeftAlone(deal_id=row.id, name=row.name, why=why))
    left += [LeftAlone(deal_id=gone, name="", why="is not there") for gone in seen.keys() - {row.id for row in rows}]
    return sorted(fit, key=lambda row: (row.position, row.id)), left


def _moved(work: UnitOfWork, seen: Seen, targets: Mapping[UUID, StageView], closing: Closing) -> BulkOutcome:
    """Into the stage that `targets` names for each pipeline; all of them have the same status."""

    def refuse(row: AnyRow) -> str | None:
        target = targets.get(row.pipeline_id)
        if row.status != StageStatus.OPEN:
            return "is closed already"
        if target is None:
            return "is in another pipeline, or its pipeline has no such stage"
        if row.stage_id == target.id:
            return f"is in {target.name} already"
        asked = unanswered(target, known_of(row) | said)
        return asked[0].message if asked else None

    any_target = next(iter(targets.values()), None)
    said = (
        closing_values(work.session, work.actor, any_target, closing) if any_target and not any_target.is_open else {}
    )
    rows, left = _selected(work, seen, refuse)
    if not rows or any_target is None:
        return BulkOutcome(operation=None, changed=0, left=tuple(left))
    arriving: dict[UUID, list[AnyRow]] = {}
    for row in rows:
        arriving.setdefault(targets[row.pipeline_id].id, []).append(row)
    places: dict[UUID, Decimal] = {}
    for stage_id, cards in arriving.items():
        places |= zip(
            (card.id for card in cards), positions_above(top_of(work.session, stage_id), len(cards)), strict=True
        )
    plan = (
        func.unnest(
            cast([row.id for row in rows], ARRAY(Uuid)),
            cast([places[row.id] for row in rows], ARRAY(Numeric)),
            cast([targets[row.pipeline_id].id for row in rows], ARRAY(Uuid)),
            cast([targets[row.pipeline_id].probability for row in rows], ARRAY(Numeric)),
        )
        .table_valued("id", "position", "stage_id", "probability", name="plan")
        .render_derived()
    )
    work.session.execute(
        update(Deal)
        .where(Deal.id == plan.c.id)
        .values(
            **(arrival(any_target) | said | {"stage_id": plan.c.stage_id, "probability": plan.c.probability}),
            position=plan.c.position,
            version=Deal.version + 1,
        )
        .execution_options(synchronize_session=False)
    )
    return BulkOutcome(operation=work.operation, changed=len(rows), left=tuple(left))


def _written(
    work: UnitOfWork, rows: Sequence[AnyRow], left: Sequence[LeftAlone], values: Mapping[str, Any]
) -> BulkOutcome:
    """The same change to all of them."""
    if not rows:
        return BulkOutcome(operation=None, changed=0, left=tuple(left))
    work.session.execute(
        update(Deal)
        .where(Deal.id == func.any(cast([row.id for row in rows], ARRAY(Uuid))))
        .values(**values, version=Deal.version + 1)
        .execution_options(synchronize_session=False)
    )
    return BulkOutcome(operation=work.operation, changed=len(rows), left=tuple(left))
