"""What happened to a deal in its own system beside changing: deleted there, restored there, merged with another."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, update

from deals_app.domain.actor import Role
from deals_app.models import Deal, DealEvent, ExternalRef
from deals_app.services.deals import delete_locked, restore_locked
from deals_app.services.ingesting.applying import Applied
from deals_app.services.locking import locked_deal
from deals_app.services.unit_of_work import UnitOfWork

# What the ledger calls the two ends of an absence.
_DELETED, _RESTORED = "deleted", "restored"


def delete_gone(work: UnitOfWork, deal_id: UUID) -> Applied:
    """Deleted there, so deleted here; as any deletion it can be undone. Raises Forbidden (another's, for a rep)."""
    if work.actor.role is Role.INGEST:
        notes = ("it was deleted there; a key that only brings deals in deletes none",)
        return Applied(deal_id=deal_id, outcome="unchanged", notes=notes, is_newest=False)
    deal = locked_deal(work, deal_id, deleted=True)
    if deal.deleted_at is not None:
        return Applied(deal_id=deal_id, outcome="unchanged", notes=("it is deleted here already",))
    delete_locked(work, deal)
    return Applied(deal_id=deal_id, outcome="updated", changed=("deleted_at",), notes=("it was deleted there",))


def bring_back(work: UnitOfWork, deal_id: UUID) -> bool:
    """A deal that this door had deleted and that is there again; one that people deleted here stays away."""
    if work.session.scalar(select(Deal.deleted_at).where(Deal.id == deal_id)) is None:
        return False
    last = work.session.execute(
        select(DealEvent.kind, DealEvent.door)
        .where(DealEvent.deal_id == deal_id, DealEvent.kind.in_((_DELETED, _RESTORED, "undone")))
        .order_by(DealEvent.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None or tuple(last) != (_DELETED, work.actor.door):
        return False
    restore_locked(work, locked_deal(work, deal_id, deleted=True))
    return True


def take_over(work: UnitOfWork, system: str, merged_ids: Collection[str], deal_id: UUID) -> list[UUID]:
    """The deals of these ids are this deal now: their names lead here, and they themselves are deleted.

    Returns those that were deleted. A name without a time is one of a deal that was merged (`recognising`).
    """
    losers = work.session.scalars(
        select(ExternalRef.deal_id)
        .where(ExternalRef.system == system, ExternalRef.external_id.in_(merged_ids), ExternalRef.deal_id != deal_id)
        .distinct()
        .order_by(ExternalRef.deal_id)
    ).all()
    gone = [loser for loser in losers if delete_gone(work, loser).outcome == "updated"]
    if losers:
        work.session.execute(
            update(ExternalRef).where(ExternalRef.deal_id.in_(losers)).values(deal_id=deal_id, source_updated_at=None)
        )
    return gone
