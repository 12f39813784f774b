"""The people at a customer: written down, changed, removed and brought back."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update

from deals_app.domain.actor import Actor, Role
from deals_app.domain.around_views import ContactView
from deals_app.domain.email_address import is_email_address
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.domain.lengths import LONGEST_NAME, LONGEST_PHONE
from deals_app.domain.matching import is_blank
from deals_app.models import Contact, Customer
from deals_app.services.audit import record
from deals_app.services.unit_of_work import UnitOfWork, reading, unit_of_work

FACTS = ("name", "email", "phone", "title")
MOST = 500


def contacts_of(actor: Actor, customer_id: UUID) -> list[ContactView]:
    """The people at a customer by name; raises NotFound."""
    live = (Contact.customer_id == customer_id, Contact.deleted_at.is_(None))
    with reading(actor) as session:
        there = select(Customer.id).where(Customer.id == customer_id, Customer.deleted_at.is_(None))
        if session.scalar(there) is None:
            raise _no_customer()
        rows = session.scalars(select(Contact).where(*live).order_by(func.lower(Contact.name), Contact.id).limit(MOST))
        return [_view(row) for row in rows]


def add_contact(
    actor: Actor,
    customer_id: UUID,
    *,
    name: str,
    email: str | None = None,
    phone: str | None = None,
    title: str | None = None,
) -> ContactView:
    """Write a person down at a customer. Raises NotFound, Forbidden, Invalid, RuleBroken TOO_MANY_CONTACTS."""
    facts = _checked({"name": name, "email": email, "phone": phone, "title": title})
    with _changing(actor) as work:
        _hold_customer(work, customer_id)
        _check_room(work, customer_id)
        values = {"tenant_id": actor.tenant_id, "customer_id": customer_id, **facts}
        made = work.session.scalars(insert(Contact).values(**values).returning(Contact)).one()
        record(work, "contact.added", f"contact:{made.id}", {"customer_id": str(customer_id), "name": facts["name"]})
        return _view(made)


def change_contact(actor: Actor, customer_id: UUID, contact_id: UUID, facts: Mapping[str, Any]) -> ContactView:
    """Set some of FACTS. Raises NotFound, Forbidden, Invalid."""
    with _changing(actor) as work:
        found = _found(work, customer_id, contact_id)
        if found.deleted_at is not None:
            raise _missing()
        wanted = _checked({fact: getattr(found, fact) for fact in FACTS} | dict(facts))
        record(
            work, "contact.changed", f"contact:{contact_id}", {fact: wanted[fact] for fact in FACTS if fact in facts}
        )
        return _written(work, contact_id, wanted)


def remove_contact(actor: Actor, customer_id: UUID, contact_id: UUID) -> str:
    """Take a person off; `restore_contact` brings them back. Returns the name. Raises NotFound, Forbidden."""
    with _changing(actor) as work:
        found = _found(work, customer_id, contact_id)
        if found.deleted_at is not None:
            raise _missing()
        record(work, "contact.removed", f"contact:{contact_id}", {"name": found.name})
        return _written(work, contact_id, {"deleted_at": func.change_time()}).name


def restore_contact(actor: Actor, customer_id: UUID, contact_id: UUID) -> ContactView:
    """Bring a person back; who is there stays. Raises NotFound, Forbidden, RuleBroken."""
    with _changing(actor) as work:
        found = _found(work, customer_id, contact_id)
        if found.deleted_at is None:
            return _view(found)
        _check_room(work, customer_id)
        record(work, "contact.restored", f"contact:{contact_id}", {"name": found.name})
        return _written(work, contact_id, {"deleted_at": None})


def _changing(actor: Actor) -> AbstractContextManager[UnitOfWork]:
    if actor.role is Role.INGEST:
        message = "An ingest key changes no customers"
        raise Forbidden(message)
    return unit_of_work(actor)


def _checked(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as they are stored; raises Invalid naming every wrong one."""
    clean: dict[str, Any] = {fact: (facts[fact] or "").strip() or None for fact in FACTS}
    problems: list[FieldProblem] = []
    if clean["name"] is None or is_blank(clean["name"]) or len(clean["name"]) > LONGEST_NAME:
        problems.append(FieldProblem("name", f"must have 1 to {LONGEST_NAME} characters"))
    if clean["email"] is not None and not is_email_address(clean["email"]):
        problems.append(FieldProblem("email", "must be an e-mail address, like ann@acme.example"))
    for fact, most in (("phone", LONGEST_PHONE), ("title", LONGEST_NAME)):
        if clean[fact] is not None and len(clean[fact]) > most:
            problems.append(FieldProblem(fact, f"must have at most {most} characters"))
    if problems:
        raise Invalid(*problems)
    return clean


def _hold_customer(work: UnitOfWork, customer_id: UUID) -> None:
    """Until the end of the transaction it stays a customer."""
    live = (Customer.id == customer_id, Customer.deleted_at.is_(None))
    if work.session.scalar(select(Customer.id).where(*live).with_for_update(read=True, key_share=True)) is None:
        raise _no_customer()


def _check_room(work: UnitOfWork, customer_id: UUID) -> None:
    live = (Contact.customer_id == customer_id, Contact.deleted_at.is_(None))
    if (work.session.scalar(select(func.count()).select_from(Contact).where(*live)) or 0) >= MOST:
        message = f"A customer may have {MOST} contacts"
        raise RuleBroken(message, code="TOO_MANY_CONTACTS")


def _found(work: UnitOfWork, customer_id: UUID, contact_id: UUID) -> Contact:
    _hold_customer(work, customer_id)
    found = work.session.scalars(select(Contact).where(Contact.id == contact_id).with_for_update()).one_or_none()
    if found is None or found.customer_id != customer_id:
        raise _missing()
    return found


def _written(work: UnitOfWork, contact_id: UUID, values: Mapping[str, Any]) -> ContactView:
    changed = update(Contact).where(Contact.id == contact_id).values(**values).returning(Contact)
    return _view(work.session.scalars(changed, execution_options={"populate_existing": True}).one())


def _view(row: Contact) -> ContactView:
    names = ("id", "customer_id", *FACTS, "created_at", "updated_at")
    return ContactView(**{name: getattr(row, name) for name in names})


def _missing() -> NotFound:
    return NotFound("There is no such contact at this customer")


def _no_customer() -> NotFound:
    return NotFound("There is no such customer")
