"""What every change of one deal begins with: its row, held until the transaction ends, and a look at its version."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import bindparam, select

from deals_app.domain.errors import Conflict, Forbidden, NotFound
from deals_app.models import Deal
from deals_app.services.statements import AnyRow, table
from deals_app.services.straight import Straight
from deals_app.services.unit_of_work import UnitOfWork

deals = table(Deal)

LOCKED = Straight(
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
    .with_for_update()
)


def locked_deal(work: UnitOfWork, deal_id: UUID, *, deleted: bool = False) -> AnyRow:
    """The deal's row, held until the end of the transaction; raises NotFound, Forbidden.

    With `deleted` a deal that was deleted is found as well.
    """
    deal = LOCKED.one_or_none(work.connection, deal_id=deal_id)
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
