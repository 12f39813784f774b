"""Where deals stand and how many are won."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from deals_app.blueprints.web import actor, signed_in
from deals_app.services.queries.figures import analytics as read_analytics

blueprint = Blueprint("analytics", __name__, url_prefix="/analytics")


@blueprint.get("")
@signed_in
def index() -> str:
    """The figures of a pipeline."""
    return render_template("analytics/page.html", analytics=read_analytics(actor(), request.args.get("pipeline")))
