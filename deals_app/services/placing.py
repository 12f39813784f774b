"""Where a card stands in its column."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from deals_app.domain.rank import position_between
from deals_app.models import Deal


@dataclass(frozen=True, kw_only=True)
class Place:
    """Between which cards of the target column a card was dropped; None on a side means the end there."""

    above: UUID | None = None
    below: UUID | None = None


def position_in(session: Session, stage_id: UUID, place: Place) -> Decimal:
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
