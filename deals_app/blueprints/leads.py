"""Leads: open deals that nobody owns yet."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from deals_app.blueprints.web import actor, signed_in
from deals_app.domain.errors import Forbidden
from deals_app.services.deals import take_deal
from deals_app.services.queries.deal_list import deal_rows
from deals_app.services.queries.filters import DealFilter

blueprint = Blueprint("leads", __name__, url_prefix="/leads")


@blueprint.get("")
@signed_in
def index() -> str:
    """What came in and waits for somebody."""
    wanted = DealFilter(unassigned=True, status="open")
    return render_template("leads/list.html", page=deal_rows(actor(), wanted, request.args.get("after")))


@blueprint.post("/<uuid:deal_id>/take")
@signed_in
def take(deal_id: UUID) -> Response:
    """Make it one's own."""
    try:
        take_deal(actor(), deal_id)
    except Forbidden as error:
        flash(error.message, "error")
    return redirect(url_for("leads.index"), code=303)
