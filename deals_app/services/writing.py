"""One deal's row, written. The statements are built once for each set of columns: building costs more than running."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Update, bindparam, func, select, update

from deals_app.domain.rank import step
from deals_app.models import Deal
from deals_app.services.statements import table
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


def write_deal(work: UnitOfWork, deal_id: UUID, values: Mapping[str, Any]) -> None:
    """Set columns of a deal that is locked; CHANGE_TIME and, with a `stage_id`, ON_TOP may stand for values."""
    computed: dict[str, ColumnElement[Any]] = {
        name: value for name, value in values.items() if isinstance(value, ColumnElement)
    }
    plain = {f"set_{name}": value for name, value in values.items() if name not in computed}
    parameters = (
        plain | {"row": deal_id} | ({"step": step()} if any(value is ON_TOP for value in computed.values()) else {})
    )
    work.connection.execute(_update(tuple(plain), tuple(computed.items())), parameters)


@lru_cache(maxsize=256)
def _update(plain: tuple[str, ...], computed: tuple[tuple[str, ColumnElement[Any]], ...]) -> Update:
    values: dict[str, ColumnElement[Any]] = {name.removeprefix("set_"): bindparam(name) for name in plain}
    return update(deals).where(deals.c.id == bindparam("row")).values(values | dict(computed))
