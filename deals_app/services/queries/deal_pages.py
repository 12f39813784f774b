"""Numbered pages of whole deals, as the management API lists them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from deals_app.domain.actor import Actor
from deals_app.domain.errors import NotFound
from deals_app.domain.stages import find_stage
from deals_app.domain.views import DealView
from deals_app.models import Customer, Deal, Stage
from deals_app.services.deal_rows import IN_FULL, as_deal_view
from deals_app.services.pipelines import chosen_pipeline
from deals_app.services.unit_of_work import reading

LONGEST_STAGE_LIST = LONGEST_CUSTOMER_LIST = 1000
NEWEST_FIRST = "-created_at"
ORDERS = {
    "created_at": Deal.created_at,
    "updated_at": Deal.updated_at,
    "name": func.lower(Deal.name),
    "value": Deal.value,
    "probability": Deal.probability,
    "expected_close_date": Deal.expected_close_date,
    "actual_close_date": Deal.actual_close_date,
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


def deal_page(actor: Actor, wanted: Narrowing, *, page: int, page_size: int, sort: str = NEWEST_FIRST) -> NumberedPage:
    """Page `page` (from 1) of the live deals that fit; `sort` is one of ORDERS, a minus before it turns it round."""
    key = ORDERS[sort.removeprefix("-")]
    order = key.desc().nulls_last() if sort.startswith("-") else key.asc().nulls_last()
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
    counted = (
        select(func.count())
        .select_from(Deal)
        .join(Stage, Stage.id == Deal.stage_id)
        .outerjoin(Customer, Customer.id == Deal.customer_id)
        .where(*conditions)
    )
    listed = IN_FULL.where(*conditions).order_by(order, Deal.id.desc()).offset((page - 1) * page_size).limit(page_size)
    with reading(actor) as session:
        total = session.scalar(counted) or 0
        items = tuple(as_deal_view(actor, row) for row in session.execute(listed))
    return NumberedPage(items=items, total=total, page_size=page_size)


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
