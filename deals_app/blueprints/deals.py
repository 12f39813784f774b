"""Deals as a list, one deal's page, making one and deleting it. What happens on the page is in the modules beside."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from deals_app.blueprints import bulk, deal_fields, deal_stage, deal_steps
from deals_app.blueprints.deal_forms import NewDealForm
from deals_app.blueprints.deal_list import COOKIE, YEAR_SECONDS, Listing, show_list, show_rows
from deals_app.blueprints.deal_page import show_page
from deals_app.blueprints.forms import show_problems
from deals_app.blueprints.notices import changed, notice
from deals_app.blueprints.refusals import refused
from deals_app.blueprints.web import actor, signed_in
from deals_app.domain.errors import Conflict, Invalid
from deals_app.services.accounts import members
from deals_app.services.deals import create_deal, delete_deal
from deals_app.services.pipelines import pipelines
from deals_app.services.queries.deal import deal

blueprint = Blueprint("deals", __name__, url_prefix="/deals")
for part in (bulk, deal_fields, deal_stage, deal_steps):
    blueprint.register_blueprint(part.blueprint)


@blueprint.get("")
@signed_in
def index() -> ResponseReturnValue:
    """Deals as a table: filtered, sorted, with the columns that were chosen."""
    listing = Listing.read()
    if listing.asked.has_blanks:
        return redirect(listing.asked.url(), code=303)
    answer = make_response(show_list(listing))
    if listing.remembered:
        answer.set_cookie(COOKIE, listing.remembered, max_age=YEAR_SECONDS, samesite="Lax", httponly=True)
    return answer


@blueprint.get("/rows")
@signed_in
def rows() -> str:
    """Further rows of the table."""
    return show_rows(Listing.read(start="start"))


@blueprint.get("/new")
@signed_in
def new() -> str:
    """The form of a new deal."""
    return render_template("deals/new.html", form=_new_form())


@blueprint.post("/new")
@signed_in
def create() -> Any:
    """Make the deal and show it."""
    form = _new_form()
    try:
        deal_id = create_deal(actor(), form.new_deal()) if form.validate_on_submit() else None
    except Invalid as error:
        show_problems(form, error)
        deal_id = None
    if deal_id is None:
        return render_template("deals/new.html", form=form), 422
    return redirect(url_for("deals.page", deal_id=deal_id), code=303)


@blueprint.get("/<uuid:deal_id>")
@signed_in
def page(deal_id: UUID) -> Any:
    """A deal with its facts, its next steps and its timeline."""
    return show_page(deal_id)


@blueprint.post("/<uuid:deal_id>/delete")
@signed_in
def delete(deal_id: UUID) -> ResponseReturnValue:
    """Take the deal out of every list; the message brings it back."""
    gone = deal(actor(), deal_id)
    try:
        deleted = delete_deal(actor(), deal_id, version=request.form.get("version", type=int))
    except Conflict as error:
        return refused(error, endpoint="deals.page", deal_id=deal_id)
    said = notice(f"{gone.name} deleted.", undo=deleted.operation)
    return changed(said, endpoint="board.pipeline", pipeline=gone.pipeline_id)


def _new_form() -> NewDealForm:
    form = NewDealForm()
    form.offer(actor(), members(actor()), pipelines(actor()))
    return form
