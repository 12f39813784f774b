"""Customers: made by people and API, or as needed by a deal that names one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid
from deals_app.domain.lengths import LONGEST_NAME
from deals_app.domain.matching import is_blank, match_key
from deals_app.models import Customer, Deal
from deals_app.services.audit import record
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

KINDS = ("company", "person")


def create_customer(
    actor: Actor,
    *,
    name: str,
    kind: str = "company",
    domain: str | None = None,
    churn_risk: Decimal | None = None,
) -> UUID:
    """Make a customer; `churn_risk` is 0 to 1. Raises Forbidden, Invalid naming the field."""
    if actor.role is Role.INGEST:
        message = "An ingest key makes customers through the ingestion API only"
        raise Forbidden(message)
    if problems := customer_problems(name, kind, churn_risk):
        raise Invalid(*problems)
    name = name.strip()
    with unit_of_work(actor) as work:
        customer_id = work.session.scalars(
            insert(Customer)
            .values(
                tenant_id=actor.tenant_id,
                name=name,
                kind=kind,
                match_key=match_key(name),
                domain=(domain or "").strip().lower() or None,
                churn_risk=churn_risk,
            )
            .returning(Customer.id)
        ).one()
        record(work, "customer.created", f"customer:{customer_id}", {"name": name})
    return customer_id


def customer_problems(name: str, kind: str, churn_risk: Decimal | None) -> list[FieldProblem]:
    """What a customer may not be."""
    problems: list[FieldProblem] = []
    if is_blank(name) or len(name.strip()) > LONGEST_NAME:
        problems.append(FieldProblem("name", f"must have 1 to {LONGEST_NAME} characters"))
    if kind not in KINDS:
        problems.append(FieldProblem("kind", f"must be one of {', '.join(KINDS)}"))
    if churn_risk is not None and not 0 <= churn_risk <= 1:
        problems.append(FieldProblem("churn_risk", "must be between 0 and 1"))
    return problems


def customer_named(work: UnitOfWork, name: str) -> UUID:
    """The oldest customer whose name matches (NFKC, case, legal form), or a new one, inside a transaction.

    Raises Invalid for a name that is too long to be one.
    """
    if len(name.strip()) > LONGEST_NAME:
        raise Invalid(FieldProblem("customer", f"must have at most {LONGEST_NAME} characters"))
    key = match_key(name)
    found = find_customer(work.session, key)
    if found is not None:
        return found
    return work.session.scalars(
        insert(Customer).values(tenant_id=work.actor.tenant_id, name=name.strip(), match_key=key).returning(Customer.id)
    ).one()


def find_customer(session: Session, key: str) -> UUID | None:
    """The oldest customer with this match key, who stays one until the end of the transaction."""
    return session.scalar(
        select(Customer.id)
        .where(Customer.match_key == key, Customer.deleted_at.is_(None))
        .order_by(Customer.created_at, Customer.id)
        .limit(1)
        .with_for_update(read=True, key_share=True)
    )


def bring_back_customers(session: Session, deal_ids: Sequence[UUID]) -> None:
    """Deals that live again have their customers again, inside a transaction; nothing for those that have them."""
    of_deals = select(Deal.customer_id).where(Deal.id.in_(deal_ids), Deal.deleted_at.is_(None))
    held = select(Customer.id).where(Customer.id.in_(of_deals)).order_by(Customer.id).with_for_update(key_share=True)
    ids = session.scalars(held).all()
    session.execute(
        update(Customer).where(Customer.id.in_(ids), Customer.deleted_at.is_not(None)).values(deleted_at=None)
    )
