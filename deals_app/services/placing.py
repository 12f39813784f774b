"""Where a card stands in its column."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, Connection, Uuid, any_, bindparam, func, select
from sqlalchemy.orm import Session

from deals_app.domain.rank import position_between
from deals_app.models import Deal
from deals_app.services.statements import table
from deals_app.services.straight import Straight

deals = table(Deal)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Between which cards of the target column a card was dropped; None on a side means the end there."""

    above: UUID | None = None
    below: UUID | None = None


_in_column = deals.c.stage_id == bindparam("stage_id"), deals.c.deleted_at.is_(None)
_POSITIONS = Straight(
    select(deals.c.id, deals.c.position).where(
        deals.c.id == any_(bindparam("cards", type_=ARRAY(Uuid))), deals.c.stage_id == bindparam("stage_id")
    )
)
_NEXT_BELOW = Straight(
    select(func.min(deals.c.position).label("position")).where(*_in_column, deals.c.position > bindparam("above"))
)
_NEXT_ABOVE = Straight(
    select(func.max(deals.c.position).label("position")).where(*_in_column, deals.c.position < bindparam("below"))
)
_TOP = Straight(select(deals.c.position).where(*_in_column).order_by(deals.c.position).limit(1))


def position_in(through: Connection | Session, stage_id: UUID, place: Place) -> Decimal:
    """The place between the two cards as they stand now; a card that has left the column no longer counts."""
    neighbours = [card for card in (place.above, place.below) if card is not None]
    rows = _POSITIONS.rows(through, cards=neighbours, stage_id=stage_id) if neighbours else []
    found: dict[UUID | None, Decimal] = {row.id: row.position for row in rows}
    above, below = found.get(place.above), found.get(place.below)
    if above is not None and below is None:
        below = _NEXT_BELOW.one_or_none(through, stage_id=stage_id, above=above).position
    elif below is not None and above is None:
        above = _NEXT_ABOVE.one_or_none(through, stage_id=stage_id, below=below).position
    elif above is None:
        below = top_of(through, stage_id)
    if above is not None and below is not None and above >= below:
        below = None
    return position_between(above, below)


def top_of(through: Connection | Session, stage_id: UUID) -> Decimal | None:
    """The smallest position in a column, None when it is empty; one index look-up."""
    top = _TOP.one_or_none(through, stage_id=stage_id)
    return None if top is None else top.position
