"""Deals as a list: a stretch of rows in any order, by keyset, and what all that match come to.

The number of statements is the same for any number of deals (a test holds it).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.calendar import closes_soon, is_overdue
from deals_app.domain.deal_views import DealList, DealRow
from deals_app.domain.views import Page, StepView
from deals_app.models import Activity, Customer, Deal, Pipeline, Stage, User
from deals_app.services.accounts import member_views
from deals_app.services.pipelines import pipeline_views
from deals_app.services.queries.cursor import cursor_of
from deals_app.services.queries.filters import DealFilter, Sort, conditions, sort_of
from deals_app.services.queries.totals import as_sum, rates_to, sum_columns, total_of
from deals_app.services.statements import AnyRow, AnySelect
from deals_app.services.unit_of_work import reading

ROWS_PER_STRETCH = 50
# A cell has one line for the next step.
STEP_CHARACTERS = 120
NEWEST = "created"

Conditions = list[ColumnElement[bool]]


def deal_rows(
    actor: Actor,
    wanted: DealFilter,
    after: str | None = None,
    *,
    sort: str = NEWEST,
    descending: bool = True,
    limit: int = ROWS_PER_STRETCH,
) -> Page[DealRow]:
    """The deals behind a cursor, in an order of SORTS; raises Invalid for a cursor that is none of this order's."""
    with reading(actor) as session:
        rates = rates_to(session, actor.base_currency)
        order = sort_of(sort, descending=descending, base_currency=actor.base_currency, rates=rates)
        matching = conditions(wanted, today=actor.today, base_currency=actor.base_currency, rates=rates)
        return _stretch(session, actor, matching, order, after, limit)


def deal_list(
    actor: Actor,
    wanted: DealFilter,
    after: str | None = None,
    *,
    sort: str = NEWEST,
    descending: bool = True,
    limit: int = ROWS_PER_STRETCH,
) -> DealList:
    """`deal_rows` with the total of all that match, and with what a page offers to filter by and to change to."""
    with reading(actor) as session:
        rates = rates_to(session, actor.base_currency)
        order = sort_of(sort, descending=descending, base_currency=actor.base_currency, rates=rates)
        matching = conditions(wanted, today=actor.today, base_currency=actor.base_currency, rates=rates)
        sums = session.execute(select(*sum_columns()).where(*matching).group_by(Deal.currency))
        return DealList(
            page=_stretch(session, actor, matching, order, after, limit),
            total=total_of(map(as_sum, sums), base_currency=actor.base_currency, rates=rates),
            people=tuple(member_views(session)),
            pipelines=tuple(pipeline_views(session)),
        )


def _stretch(
    session: Session, actor: Actor, matching: Conditions, order: Sort, after: str | None, limit: int
) -> Page[DealRow]:
    """One row more than wanted is read, to know whether there is a next stretch."""
    rows = session.execute(_statement(matching, order, after, limit + 1)).all()
    items = tuple(_row(row, actor.today) for row in rows[:limit])
    more = len(rows) > limit
    return Page(items=items, next_after=cursor_of(rows[limit - 1].sort_key, rows[limit - 1].id) if more else None)


def _statement(matching: Conditions, order: Sort, after: str | None, limit: int) -> AnySelect:
    """The deals are chosen first; names and next steps are looked up for those alone."""
    chosen = (
        select(
            Deal.id, Deal.version, Deal.name, Deal.customer_id, Deal.assigned_to, Deal.stage_id, Deal.value,
            Deal.currency, Deal.value_estimated, Deal.stage_entered_at, Deal.status, Deal.probability,
            Deal.expected_close_date, Deal.actual_close_date, Deal.tags, Deal.ingested_from, Deal.created_at,
            Deal.updated_at, order.key.label("sort_key"),
        )
        .where(*matching, *([order.after(after)] if after else []))
        .order_by(*order.order())
        .limit(limit)
        .subquery("chosen")
    )  # fmt: skip
    step = (
        select(func.left(Activity.body, STEP_CHARACTERS).label("step"), Activity.due_on)
        .where(Activity.deal_id == chosen.c.id, Activity.due_on.is_not(None), Activity.done_at.is_(None))
        .order_by(Activity.due_on, Activity.id)
        .limit(1)
        .lateral("next_step")
    )
    return (
        select(
            chosen,
            step,
            Customer.name.label("customer_name"),
            User.name.label("owner_name"),
            Stage.name.label("stage_name"),
            Stage.rotting_days,
            Pipeline.name.label("pipeline_name"),
        )
        .join(Stage, Stage.id == chosen.c.stage_id)
        .join(Pipeline, Pipeline.id == Stage.pipeline_id)
        .outerjoin(Customer, Customer.id == chosen.c.customer_id)
        .outerjoin(User, User.id == chosen.c.assigned_to)
        .outerjoin(step, true())
        .order_by(*replace(order, key=chosen.c.sort_key, tie=chosen.c.id).order())
    )


def _row(row: AnyRow, today: date) -> DealRow:
    is_open = row.status == "open"
    return DealRow(
        id=row.id,
        version=row.version,
        name=row.name,
        customer_name=row.customer_name,
        owner_name=row.owner_name,
        value=row.value,
        currency=row.currency,
        value_estimated=row.value_estimated,
        pipeline_name=row.pipeline_name,
        stage_name=row.stage_name,
        rotting_days=row.rotting_days if is_open else None,
        stage_entered_at=row.stage_entered_at,
        status=row.status,
        probability=row.probability,
        expected_close_date=row.expected_close_date,
        actual_close_date=row.actual_close_date,
        is_overdue=is_open and is_overdue(row.expected_close_date, today),
        closes_soon=is_open and closes_soon(row.expected_close_date, today),
        next_step=_step(row, today),
        tags=tuple(row.tags),
        ingested_from=row.ingested_from,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _step(row: AnyRow, today: date) -> StepView | None:
    if row.step is None:
        return None
    return StepView(body=row.step, due_on=row.due_on, is_overdue=row.due_on < today, is_today=row.due_on == today)
