"""What is expected to close when."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from deals_app.blueprints.web import actor, signed_in
from deals_app.services.queries.figures import forecast as read_forecast

blueprint = Blueprint("forecast", __name__, url_prefix="/forecast")


@blueprint.get("")
@signed_in
def index() -> str:
    """Open deals by the month they should close."""
    pipeline, months = read_forecast(actor(), request.args.get("pipeline"))
    return render_template("forecast/page.html", pipeline=pipeline, months=months)
