"""The people at a customer over the management API."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from deals_app.blueprints.api.answers import Answered, Refused
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.routes import api_routes
from deals_app.blueprints.api.shapes import Body, CustomerPath
from deals_app.domain.around_views import ContactView
from deals_app.services import contacts

blueprint = api_routes("contacts", "/customer-mgmt/customers/<uuid:customer_id>/contacts", "Customers")


class ContactPath(CustomerPath):
    """A person at a customer in a path."""

    contact_id: UUID


class NewContact(Body):
    """A person at a customer."""

    name: str = Field(max_length=1000)
    email: str | None = Field(default=None, max_length=1000)
    phone: str | None = Field(default=None, max_length=1000)
    title: str | None = Field(default=None, max_length=1000, description="what they are there, such as CFO")


class ChangeContact(Body):
    """What is to change; what is not named stays, a null empties what may be empty."""

    name: str | None = Field(default=None, max_length=1000)
    email: str | None = Field(default=None, max_length=1000)
    phone: str | None = Field(default=None, max_length=1000)
    title: str | None = Field(default=None, max_length=1000)


class ContactAnswer(BaseModel):
    """A contact."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    customer_id: UUID
    name: str
    email: str | None
    phone: str | None
    title: str | None
    created_at: datetime
    updated_at: datetime


@blueprint.get("", responses={200: Answered[list[ContactAnswer]]})
def index(path: CustomerPath) -> tuple[Response, int]:
    """List the people at a customer, by name."""
    return success([_contact(each) for each in contacts.contacts_of(actor(), path.customer_id)])


@blueprint.post("", responses={201: Answered[ContactAnswer], 409: Refused})
def create(path: CustomerPath, body: NewContact) -> tuple[Response, int]:
    """Write a person down."""
    return success(_contact(contacts.add_contact(actor(), path.customer_id, **body.model_dump())), 201)


@blueprint.patch("/<uuid:contact_id>", responses={200: Answered[ContactAnswer]})
def change(path: ContactPath, body: ChangeContact) -> tuple[Response, int]:
    """Change what is named."""
    facts = body.model_dump(include=body.model_fields_set)
    return success(_contact(contacts.change_contact(actor(), path.customer_id, path.contact_id, facts)))


@blueprint.delete("/<uuid:contact_id>", responses={204: None})
def delete(path: ContactPath) -> Response:
    """Take a person off; they can be restored."""
    contacts.remove_contact(actor(), path.customer_id, path.contact_id)
    return Response(status=204)


@blueprint.post("/<uuid:contact_id>/restore", responses={200: Answered[ContactAnswer], 409: Refused})
def restore(path: ContactPath) -> tuple[Response, int]:
    """Bring a person back."""
    return success(_contact(contacts.restore_contact(actor(), path.customer_id, path.contact_id)))


def _contact(view: ContactView) -> dict[str, Any]:
    return ContactAnswer.model_validate(view).model_dump(mode="json")
