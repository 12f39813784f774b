"""Whole deals as the management API lists them: in numbered pages, or read on from a cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, tuple_

from deals_app.domain.actor import Actor
from deals_app.domain.errors import NotFound
from deals_app.domain.stages import find_stage
from deals_app.domain.views import DealView, Page
from deals_app.models import Customer, Deal, Stage
from deals_app.services.deal_rows import IN_FULL, as_deal_view, deals
from deals_app.services.pipelines import chosen_pipeline
from deals_app.services.queries.cursor import cursor_of, read_cursor
from deals_app.services.statements import AnyRow
from deals_app.services.unit_of_work import reading

LONGEST_STAGE_LIST = LONGEST_CUSTOMER_LIST = 1000
NEWEST_FIRST = "-created_at"
# What to order by, and how its value is read from a cursor.
ORDERS: dict[str, tuple[ColumnElement[Any], Callable[[str], Any]]] = {
    "created_at": (deals.c.created_at, datetime.fromisoformat),
    "updated_at": (deals.c.updated_at, datetime.fromisoformat),
    "name": (func.lower(deals.c.name), str),
    "value": (deals.c.value, int),
    "probability": (deals.c.probability, Decimal),
    "expected_close_date": (deals.c.expected_close_date, date.fromisoformat),
    "actual_close_date": (deals.c.actual_close_date, date.fromisoformat),
}


@dataclass(frozen=True, kw_only=True)
class Narrowing:
    """The filters of route 3; None means everything."""

    stage: str | None = None
    assigned_to: UUID | None = None
    customer_id: UUID | None = None
    source: str | None = None
    tag: str | None = None
    q: str | None = None
    updated_since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class NumberedPage:
    """A page of deals and how many there are in all."""

    items: tuple[DealView, ...]
    total: int
    page_size: int


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order of whole deals: what has no value stands last either way, the id settles ties in the same direction."""

    name: str
    key: ColumnElement[Any]
    parse: Callable[[str], Any]
    descending: bool

    @classmethod
    def of(cls, sort: str) -> Order:
        """`sort` is one of ORDERS, a minus before it turns it round."""
        key, parse = ORDERS[sort.removeprefix("-")]
        return cls(name=sort, key=key, parse=parse, descending=sort.startswith("-"))

    def by(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """For ORDER BY."""
        if self.descending:
            return self.key.desc().nulls_last(), Deal.id.desc()
        return self.key.asc().nulls_last(), Deal.id.asc()

    def cursor(self, row: AnyRow) -> str:
        """The place of a row: it names the order, as a place in another one would be a wrong one without a word."""
        key = row.sort_key
        text = key.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(key, datetime) else key
        return cursor_of(f"{self.name}:{'' if key is None else text}", row.id)

    def behind(self, cursor: str) -> ColumnElement[bool]:
        """What stands behind that place; raises Invalid for a cursor that is none of this order."""
        key, row_id = read_cursor(cursor, self._place)
        here, there = tuple_(self.key, Deal.id), tuple_(literal(key, self.key.type), literal(row_id))
        if key is None:
            return and_(self.key.is_(None), Deal.id < row_id if self.descending else Deal.id > row_id)
        return or_(here < there if self.descending else here > there, self.key.is_(None))

    def _place(self, text: str) -> Any:
        name, _, key = text.partition(":")
        if name != self.name:
            message = "a cursor of another order"
            raise ValueError(message)
        return self.parse(key) if key else None


def deal_page(actor: Actor, wanted: Narrowing, *, page: int, page_size: int, sort: str = NEWEST_FIRST) -> NumberedPage:
    """Page `page` (from 1) of the live deals that fit; `sort` is one of ORDERS, a minus before it turns it round."""
    conditions = _conditions(wanted)
    counted = (
        select(func.count())
        .select_from(Deal)
        .join(Stage, Stage.id == Deal.stage_id)
        .outerjoin(Customer, Customer.id == Deal.customer_id)
        .where(*conditions)
    )
    listed = IN_FULL.where(*conditions).order_by(*Order.of(sort).by()).offset((page - 1) * page_size).limit(page_size)
    with reading(actor) as session:
        total = session.scalar(counted) or 0
        items = tuple(as_deal_view(actor, row) for row in session.execute(listed))
    return NumberedPage(items=items, total=total, page_size=page_size)


def deal_stretch(
    actor: Actor, wanted: Narrowing, *, after: str, page_size: int, sort: str = NEWEST_FIRST
) -> Page[DealView]:
    """The live deals that fit behind a cursor, from the start for an empty one; nothing is counted or skipped.

    Whoever reads on by its cursors gets every deal that keeps its place once, whatever comes, goes or moves meanwhile.
    Raises Invalid for a cursor that is none of this order.
    """
    order = Order.of(sort)
    behind = [order.behind(after)] if after else []
    listed = (
        IN_FULL.add_columns(order.key.label("sort_key"))
        .where(*_conditions(wanted), *behind)
        .order_by(*order.by())
        .limit(page_size + 1)
    )
    with reading(actor) as session:
        rows = session.execute(listed).all()
    items = tuple(as_deal_view(actor, row) for row in rows[:page_size])
    return Page(items=items, next_after=order.cursor(rows[page_size - 1]) if len(rows) > page_size else None)


def _conditions(wanted: Narrowing) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Deal.deleted_at.is_(None)]
    for column, value in (
        (Deal.assigned_to, wanted.assigned_to),
        (Deal.customer_id, wanted.customer_id),
        (Deal.source, wanted.source),
        (Stage.key, wanted.stage),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.tag is not None:
        conditions.append(Deal.tags.contains([wanted.tag]))
    if wanted.updated_since is not None:
        conditions.append(Deal.updated_at >= wanted.updated_since)
    if wanted.q:
        conditions.append(
            or_(Deal.name.icontains(wanted.q, autoescape=True), Customer.name.icontains(wanted.q, autoescape=True))
        )
    return conditions


def deals_of_customer(actor: Actor, customer_id: UUID, *, is_open: bool) -> list[DealView]:
    """A customer's live deals, newest first, or only the open ones; raises NotFound."""
    open_ones = [Deal.status == "open"] if is_open else []
    with reading(actor) as session:
        if session.scalar(select(Customer.id).where(Customer.id == customer_id, Customer.deleted_at.is_(None))) is None:
            message = "There is no such customer"
            raise NotFound(message)
        rows = session.execute(
            IN_FULL.where(Deal.customer_id == customer_id, *open_ones)
            .order_by(Deal.created_at.desc(), Deal.id.desc())
            .limit(LONGEST_CUSTOMER_LIST)
        )
        return [as_deal_view(actor, row) for row in rows]


def deals_of_stage(actor: Actor, stage: str, pipeline: str | None) -> list[DealView]:
    """The first deals of a stage as they stand on the board; raises NotFound for an unknown stage or pipeline."""
    with reading(actor) as session:
        chosen = chosen_pipeline(session, pipeline)
        found = find_stage(stage, chosen.stages)
        if found is None:
            message = f"There is no stage {stage!r}"
            raise NotFound(message)
        rows = session.execute(
            IN_FULL.where(Deal.stage_id == found.id).order_by(Deal.position, Deal.id).limit(LONGEST_STAGE_LIST)
        )
        return [as_deal_view(actor, row) for row in rows]
