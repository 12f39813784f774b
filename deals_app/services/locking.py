"""What every change of one deal begins with: its row, held until the transaction ends, and a look at its version."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from deals_app.domain.errors import Conflict, Forbidden, NotFound
from deals_app.models import Deal
from deals_app.services.statements import AnyRow
from deals_app.services.unit_of_work import UnitOfWork


def locked_deal(work: UnitOfWork, deal_id: UUID, *, deleted: bool = False) -> AnyRow:
    """The deal's row, held until the end of the transaction; raises NotFound, Forbidden.

    With `deleted` a deal that was deleted is found as well.
    """
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
            Deal.customer_id,
            Deal.expected_close_date,
            Deal.deleted_at,
        )
        .where(Deal.id == deal_id)
        .with_for_update()
    ).one_or_none()
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
