"""A customer's facts, changed by people and programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import Forbidden, Invalid, NotFound
from deals_app.domain.matching import match_key
from deals_app.models import Customer
from deals_app.services.audit import record
from deals_app.services.customers import customer_problems
from deals_app.services.unit_of_work import unit_of_work

FACTS = ("name", "kind", "domain", "churn_risk")


def change_customer(actor: Actor, customer_id: UUID, facts: Mapping[str, Any]) -> None:
    """Set some of FACTS, as `create_customer` takes them; what does not differ is not written.

    Raises Forbidden for ingest keys, NotFound, Invalid naming every wrong field.
    """
    if actor.role is Role.INGEST:
        message = "An ingest key changes no customers"
        raise Forbidden(message)
    with unit_of_work(actor) as work:
        found = work.session.scalars(
            select(Customer).where(Customer.id == customer_id, Customer.deleted_at.is_(None)).with_for_update()
        ).one_or_none()
        if found is None:
            message = "There is no such customer"
            raise NotFound(message)
        now = {fact: getattr(found, fact) for fact in FACTS}
        wanted = now | {fact: facts[fact] for fact in FACTS if fact in facts}
        if problems := customer_problems(wanted["name"], wanted["kind"], wanted["churn_risk"]):
            raise Invalid(*problems)
        wanted["name"] = wanted["name"].strip()
        wanted["domain"] = (wanted["domain"] or "").strip().lower() or None
        changed = {fact: value for fact, value in wanted.items() if value != now[fact]}
        if not changed:
            return
        values = changed | ({"match_key": match_key(wanted["name"])} if "name" in changed else {})
        work.session.execute(update(Customer).where(Customer.id == customer_id).values(values))
        told = {fact: str(value) if value is not None else None for fact, value in changed.items()}
        record(work, "customer.changed", f"customer:{customer_id}", told)
