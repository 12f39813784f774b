"""Customers with what their deals come to."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import case, func, or_, select, tuple_

from deals_app.domain.actor import Actor
from deals_app.domain.errors import NotFound
from deals_app.domain.views import CustomerView, Page
from deals_app.models import Customer, Deal
from deals_app.services.queries.cursor import cursor_of, read_cursor
from deals_app.services.statements import AnySelect
from deals_app.services.unit_of_work import reading

ROWS_PER_STRETCH = 50


def customer(actor: Actor, customer_id: UUID) -> CustomerView:
    """One customer; raises NotFound."""
    with reading(actor) as session:
        row = session.execute(_customers().where(Customer.id == customer_id)).mappings().one_or_none()
    if row is None:
        message = "There is no such customer"
        raise NotFound(message)
    return CustomerView(**row)


def customer_rows(
    actor: Actor, q: str = "", after: str | None = None, limit: int = ROWS_PER_STRETCH
) -> Page[CustomerView]:
    """Customers by name, by keyset; raises Invalid for a cursor that is none of ours."""
    statement = customers_named(q).limit(limit + 1)
    if after:
        name, last_id = read_cursor(after, str)
        statement = statement.where(tuple_(func.lower(Customer.name), Customer.id) > tuple_(name, last_id))
    with reading(actor) as session:
        rows = session.execute(statement).mappings().all()
    items = tuple(CustomerView(**row) for row in rows[:limit])
    return Page(items=items, next_after=cursor_of(items[-1].name.lower(), items[-1].id) if len(rows) > limit else None)


def customers_named(q: str) -> AnySelect:
    """The rows of `CustomerView`s whose name or domain has `q`, by name."""
    found = _customers().order_by(func.lower(Customer.name), Customer.id)
    if text := q.strip():
        found = found.where(
            or_(Customer.name.icontains(text, autoescape=True), Customer.domain.icontains(text, autoescape=True))
        )
    return found


def _customers() -> AnySelect:
    deals = (
        select(
            func.count(case((Deal.status == "open", 1))).label("open_deals"),
            func.count(case((Deal.status == "closed_won", 1))).label("won_deals"),
        )
        .where(Deal.customer_id == Customer.id, Deal.deleted_at.is_(None))
        .lateral("deals_of_customer")
    )
    return select(
        Customer.id, Customer.name, Customer.kind, Customer.domain, Customer.churn_risk, Customer.created_at,
        Customer.updated_at, deals.c.open_deals, deals.c.won_deals,
    ).join(deals, Customer.id.is_not(None)).where(Customer.deleted_at.is_(None))  # fmt: skip
