"""Customers."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from deals_app.blueprints.web import actor, signed_in
from deals_app.services.queries.customers import customer_rows

blueprint = Blueprint("customers", __name__, url_prefix="/customers")


@blueprint.get("")
@signed_in
def index() -> str:
    """Customers by name, with what their deals come to."""
    q = request.args.get("q", "")
    return render_template("customers/list.html", page=customer_rows(actor(), q, request.args.get("after")), q=q)
