"""Customers over the management API."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from deals_app.blueprints.api import shapes
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor, demand_key, refuse_ingest_keys
from deals_app.services.customer_editing import change_customer
from deals_app.services.customers import create_customer
from deals_app.services.queries.customers import customer, customer_rows
from deals_app.services.queries.deal_pages import deals_of_customer

blueprint = APIBlueprint(
    "api_customers",
    __name__,
    url_prefix="/api/v1/customer-mgmt/customers",
    abp_tags=[Tag(name="Customers")],
    abp_security=[{"key": []}],
)
blueprint.before_request(demand_key)
blueprint.before_request(refuse_ingest_keys)


@blueprint.post("")
def create(body: shapes.CreateCustomer) -> tuple[Response, int]:
    """Create a customer."""
    customer_id = create_customer(actor(), **body.model_dump())
    return success(shapes.customer_object(customer(actor(), customer_id)), 201)


@blueprint.get("")
def index(query: shapes.CustomerList) -> tuple[Response, int]:
    """List customers by name; `next_after` is the cursor of the next stretch."""
    page = customer_rows(actor(), query.q, query.after, min(query.page_size, 100))
    return success([shapes.customer_object(view) for view in page.items], pagination={"next_after": page.next_after})


@blueprint.patch("/<uuid:customer_id>")
def change(path: shapes.CustomerPath, body: shapes.ChangeCustomer) -> tuple[Response, int]:
    """Change what is named; a null empties it."""
    change_customer(actor(), path.customer_id, body.model_dump(include=body.model_fields_set))
    return success(shapes.customer_object(customer(actor(), path.customer_id)))


@blueprint.get("/<uuid:customer_id>/opportunities")
def opportunities(path: shapes.CustomerPath, query: shapes.Opportunities) -> tuple[Response, int]:
    """List a customer's deals, newest first; `open=true` for those that can still be won."""
    views = deals_of_customer(actor(), path.customer_id, is_open=query.open)
    return success([shapes.deal_object(view) for view in views])


@blueprint.get("/<uuid:customer_id>")
def read(path: shapes.CustomerPath) -> tuple[Response, int]:
    """Get a customer."""
    return success(shapes.customer_object(customer(actor(), path.customer_id)))
