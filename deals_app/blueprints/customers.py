"""Customers: the list, and one with the people there."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from deals_app.blueprints.notices import changed, notice
from deals_app.blueprints.refusals import refused
from deals_app.blueprints.web import actor, signed_in
from deals_app.domain.errors import InUse, Invalid, RuleBroken
from deals_app.services.contacts import FACTS, add_contact, contacts_of, remove_contact, restore_contact
from deals_app.services.customer_editing import delete_customer, restore_customer
from deals_app.services.queries.customers import customer, customer_rows

blueprint = Blueprint("customers", __name__, url_prefix="/customers")


@blueprint.get("")
@signed_in
def index() -> str:
    """Customers by name, with what their deals come to."""
    q = request.args.get("q", "")
    return render_template("customers/list.html", page=customer_rows(actor(), q, request.args.get("after")), q=q)


@blueprint.get("/<uuid:customer_id>")
@signed_in
def page(customer_id: UUID) -> str:
    """A customer and the people there."""
    found = customer(actor(), customer_id)
    return render_template("customers/page.html", customer=found, contacts=contacts_of(actor(), customer_id))


@blueprint.post("/<uuid:customer_id>/delete")
@signed_in
def delete(customer_id: UUID) -> ResponseReturnValue:
    """Delete a customer whom no deal names; the message brings it back."""
    try:
        name = delete_customer(actor(), customer_id)
    except InUse as error:
        return refused(error, endpoint="customers.page", customer_id=customer_id)
    back = url_for("customers.restore", customer_id=customer_id)
    return changed(notice(f"{name} was deleted.", undo_url=back), endpoint="customers.index")


@blueprint.post("/<uuid:customer_id>/restore")
@signed_in
def restore(customer_id: UUID) -> ResponseReturnValue:
    """Bring a customer back."""
    return _done(customer_id, f"{restore_customer(actor(), customer_id)} is back.")


@blueprint.post("/<uuid:customer_id>/contacts")
@signed_in
def add_person(customer_id: UUID) -> ResponseReturnValue:
    """Write a person down."""
    name, *others = (request.form.get(fact, "") for fact in FACTS)
    try:
        made = add_contact(actor(), customer_id, name=name, **dict(zip(FACTS[1:], others, strict=True)))
    except (Invalid, RuleBroken) as error:
        return refused(error, endpoint="customers.page", customer_id=customer_id)
    return _done(customer_id, f"{made.name} was added.")


@blueprint.post("/<uuid:customer_id>/contacts/<uuid:contact_id>/remove")
@signed_in
def remove_person(customer_id: UUID, contact_id: UUID) -> ResponseReturnValue:
    """Take a person off; the message brings them back."""
    name = remove_contact(actor(), customer_id, contact_id)
    back = url_for("customers.restore_person", customer_id=customer_id, contact_id=contact_id)
    return _done(customer_id, f"{name} was removed.", undo_url=back)


@blueprint.post("/<uuid:customer_id>/contacts/<uuid:contact_id>/restore")
@signed_in
def restore_person(customer_id: UUID, contact_id: UUID) -> ResponseReturnValue:
    """Bring a person back."""
    try:
        back = restore_contact(actor(), customer_id, contact_id)
    except RuleBroken as error:
        return refused(error, endpoint="customers.page", customer_id=customer_id)
    return _done(customer_id, f"{back.name} is back.")


def _done(customer_id: UUID, said: str, *, undo_url: str | None = None) -> Any:
    return changed(notice(said, undo_url=undo_url), endpoint="customers.page", customer_id=customer_id)
