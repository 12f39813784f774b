"""One deal's row, written. The statements are built once for each set of columns: building costs more than running."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import ColumnElement, bindparam, func, select, update

from deals_app.domain.rank import step
from deals_app.domain.views import DealView
from deals_app.models import Deal
from deals_app.services.deal_rows import as_deal_view, in_full
from deals_app.services.statements import table
from deals_app.services.straight import Straight
from deals_app.services.unit_of_work import UnitOfWork

deals = table(Deal)
others = deals.alias("others")

# The moment the database says this change happens.
CHANGE_TIME = func.change_time()
# Above all cards of the column that the same statement puts the deal into, found as it is written.
ON_TOP = func.coalesce(
    select(func.min(others.c.position))
    .where(others.c.stage_id == bindparam("set_stage_id"), others.c.deleted_at.is_(None))
    .scalar_subquery()
    - bindparam("step"),
    0,
)


def write_deal(work: UnitOfWork, deal_id: UUID, values: Mapping[str, Any]) -> DealView:
    """Set columns of a deal that is locked; returns the deal as it is then, in the same round trip.

    CHANGE_TIME and, with a `stage_id`, ON_TOP may stand for values.
    """
    computed: dict[str, ColumnElement[Any]] = {
        name: value for name, value in values.items() if isinstance(value, ColumnElement)
    }
    plain = {
        f"set_{name}": Jsonb(value) if isinstance(value, dict) else value
        for name, value in values.items()
        if name not in computed
    }
    parameters = (
        plain | {"row": deal_id} | ({"step": step()} if any(value is ON_TOP for value in computed.values()) else {})
    )
    row = _update(tuple(plain), tuple(computed.items())).one_or_none(work.connection, **parameters)
    return as_deal_view(work.actor, row)


@lru_cache(maxsize=256)
def _update(plain: tuple[str, ...], computed: tuple[tuple[str, ColumnElement[Any]], ...]) -> Straight:
    values: dict[str, ColumnElement[Any]] = {name.removeprefix("set_"): bindparam(name) for name in plain}
    written = update(deals).where(deals.c.id == bindparam("row")).values(values | dict(computed)).returning(*deals.c)
    return Straight(in_full(written.cte("written")))
