"""What every change of one deal begins with: its row, held until the transaction ends, and a look at its version."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import bindparam, select

from deals_app.domain.errors import Conflict, Forbidden, NotFound
from deals_app.domain.views import StageView
from deals_app.models import Deal
from deals_app.services.pipelines import stages_as_json, stages_from_json
from deals_app.services.statements import AnyRow, table
from deals_app.services.straight import Straight
from deals_app.services.unit_of_work import UnitOfWork

deals = table(Deal)

_locked = (
    select(
        deals.c.id,
        deals.c.pipeline_id,
        deals.c.stage_id,
        deals.c.status,
        deals.c.assigned_to,
        deals.c.version,
        deals.c.position,
        deals.c.value,
        deals.c.currency,
        deals.c.customer_id,
        deals.c.expected_close_date,
        deals.c.deleted_at,
    )
    .where(deals.c.id == bindparam("deal_id"))
    .with_for_update(of=deals)
)
LOCKED = Straight(_locked)
# With the stages of its pipeline in the same round trip.
LOCKED_AMONG_STAGES = Straight(_locked.add_columns(stages_as_json(deals.c.pipeline_id).label("stages")))


def locked_deal(work: UnitOfWork, deal_id: UUID, *, deleted: bool = False) -> AnyRow:
    """The deal's row, held until the end of the transaction; raises NotFound, Forbidden.

    With `deleted` a deal that was deleted is found as well.
    """
    return _checked(work, LOCKED.one_or_none(work.connection, deal_id=deal_id), deleted=deleted)


def locked_among_stages(work: UnitOfWork, deal_id: UUID) -> tuple[AnyRow, list[StageView]]:
    """`locked_deal`, and the stages of its pipeline in order."""
    deal = _checked(work, LOCKED_AMONG_STAGES.one_or_none(work.connection, deal_id=deal_id))
    return deal, stages_from_json(deal.stages)


def _checked(work: UnitOfWork, deal: AnyRow | None, *, deleted: bool = False) -> AnyRow:
    if deal is None or (deal.deleted_at is not None and not deleted):
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
