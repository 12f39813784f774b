"""Customers over the management API."""

from __future__ import annotations

from flask import Response

from deals_app.blueprints.api import shapes
from deals_app.blueprints.api.answers import Answered, AnsweredStretch, Refused
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.routes import api_routes
from deals_app.services.customer_editing import change_customer
from deals_app.services.customers import create_customer
from deals_app.services.queries.customers import customer, customer_rows
from deals_app.services.queries.deal_pages import deals_of_customer

blueprint = api_routes("customers", "/customer-mgmt/customers", "Customers")


@blueprint.post("", responses={201: Answered[shapes.CustomerAnswer], 409: Refused})
def create(body: shapes.CreateCustomer) -> tuple[Response, int]:
    """Create a customer."""
    customer_id = create_customer(actor(), **body.model_dump())
    return success(shapes.customer_object(customer(actor(), customer_id)), 201)


@blueprint.get("", responses={200: AnsweredStretch[list[shapes.CustomerAnswer]]})
def index(query: shapes.CustomerList) -> tuple[Response, int]:
    """List customers by name; `next_after` is the cursor of the next stretch."""
    page = customer_rows(actor(), query.q, query.after, min(query.page_size, 100))
    return success([shapes.customer_object(view) for view in page.items], pagination={"next_after": page.next_after})


@blueprint.patch("/<uuid:customer_id>", responses={200: Answered[shapes.CustomerAnswer]})
def change(path: shapes.CustomerPath, body: shapes.ChangeCustomer) -> tuple[Response, int]:
    """Change what is named; a null empties it."""
    change_customer(actor(), path.customer_id, body.model_dump(include=body.model_fields_set))
    return success(shapes.customer_object(customer(actor(), path.customer_id)))


@blueprint.get("/<uuid:customer_id>/opportunities", responses={200: Answered[list[shapes.DealAnswer]]})
def opportunities(path: shapes.CustomerPath, query: shapes.Opportunities) -> tuple[Response, int]:
    """List a customer's deals, newest first; `open=true` for those that can still be won."""
    views = deals_of_customer(actor(), path.customer_id, is_open=query.open)
    return success([shapes.deal_object(view) for view in views])


@blueprint.get("/<uuid:customer_id>", responses={200: Answered[shapes.CustomerAnswer]})
def read(path: shapes.CustomerPath) -> tuple[Response, int]:
    """Get a customer."""
    return success(shapes.customer_object(customer(actor(), path.customer_id)))
