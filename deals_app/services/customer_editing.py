"""A customer's facts, changed by people and programs; and the end of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import Forbidden, InUse, Invalid, NotFound
from deals_app.domain.matching import match_key
from deals_app.models import Customer, Deal
from deals_app.services.audit import record
from deals_app.services.customers import customer_problems
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

FACTS = ("name", "kind", "domain", "churn_risk")


def change_customer(actor: Actor, customer_id: UUID, facts: Mapping[str, Any]) -> None:
    """Set some of FACTS, as `create_customer` takes them; what does not differ is not written.

    Raises Forbidden for ingest keys, NotFound, Invalid naming every wrong field.
    """
    _refuse_ingest(actor)
    with unit_of_work(actor) as work:
        found = _held(work, customer_id)
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


def delete_customer(actor: Actor, customer_id: UUID) -> str:
    """Take a customer whom no deal names out of every list; `restore_customer` brings it back. Returns its name.

    Raises Forbidden for ingest keys, NotFound, InUse with the number of deals that still name it.
    """
    _refuse_ingest(actor)
    with unit_of_work(actor) as work:
        found = _held(work, customer_id)
        named = select(func.count()).select_from(Deal).where(Deal.customer_id == customer_id, Deal.deleted_at.is_(None))
        if count := work.session.scalar(named):
            message = f"{count:,} deal{'' if count == 1 else 's'} still name{'s' if count == 1 else ''} this customer"
            raise InUse(message)
        name = found.name
        _set_deleted(work, customer_id, func.change_time())
        record(work, "customer.deleted", f"customer:{customer_id}", {"name": name})
        return name


def restore_customer(actor: Actor, customer_id: UUID) -> str:
    """Bring a deleted customer back; one that is there stays. Returns its name. Raises Forbidden, NotFound."""
    _refuse_ingest(actor)
    with unit_of_work(actor) as work:
        found = _held(work, customer_id, deleted=True)
        name = found.name
        if found.deleted_at is not None:
            _set_deleted(work, customer_id, None)
            record(work, "customer.restored", f"customer:{customer_id}", {"name": name})
        return name


def _refuse_ingest(actor: Actor) -> None:
    if actor.role is Role.INGEST:
        message = "An ingest key changes no customers"
        raise Forbidden(message)


def _held(work: UnitOfWork, customer_id: UUID, *, deleted: bool = False) -> Customer:
    """The customer, locked: no deal takes it up meanwhile."""
    live = [] if deleted else [Customer.deleted_at.is_(None)]
    found = work.session.scalars(select(Customer).where(Customer.id == customer_id, *live).with_for_update())
    if (customer := found.one_or_none()) is None:
        message = "There is no such customer"
        raise NotFound(message)
    return customer


def _set_deleted(work: UnitOfWork, customer_id: UUID, at: Any) -> None:
    work.session.execute(update(Customer).where(Customer.id == customer_id).values(deleted_at=at))
