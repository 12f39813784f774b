"""Deals as a list, one deal's page, and making one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from deals_app.blueprints.deal_forms import EditDealForm, LoseForm, NewDealForm, NoteForm
from deals_app.blueprints.forms import show_problems
from deals_app.blueprints.web import actor, back_to, signed_in
from deals_app.domain.errors import Conflict, Forbidden, Invalid, RuleBroken
from deals_app.services import stage_transition
from deals_app.services.accounts import members
from deals_app.services.activities import note_deal
from deals_app.services.deals import create_deal
from deals_app.services.editing import edit_deal
from deals_app.services.pipelines import pipelines
from deals_app.services.queries.deal import DealFilter, deal_rows, deal_with_stages
from deals_app.services.queries.timeline import timeline
from deals_app.services.reopening import reopen_deal

blueprint = Blueprint("deals", __name__, url_prefix="/deals")


@blueprint.get("")
@signed_in
def index() -> str:
    """All deals, newest first."""
    filters = {name: request.args.get(name, "") for name in ("q", "stage", "owner")}
    wanted = DealFilter(
        q=filters["q"],
        stage=filters["stage"],
        owner=request.args.get("owner", type=UUID),
        unassigned=filters["owner"] == "none",
    )
    return render_template(
        "deals/list.html",
        page=deal_rows(actor(), wanted, request.args.get("after")),
        filters=filters,
        stages=pipelines(actor())[0].stages,
        owners=members(actor()),
    )


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
    """A deal with its timeline."""
    return _page(deal_id)


@blueprint.post("/<uuid:deal_id>/edit")
@signed_in
def edit(deal_id: UUID) -> Any:
    """Change the deal's facts."""
    form = EditDealForm()
    form.offer(members(actor()))
    if not form.validate_on_submit():
        return _page(deal_id, form=form, status=422)
    try:
        edit_deal(actor(), deal_id, form.deal_edit(), version=form.version.data)
    except Invalid as error:
        show_problems(form, error)
        return _page(deal_id, form=form, status=422)
    except (Conflict, Forbidden) as error:
        return _page(deal_id, notice=error.message, status=409 if isinstance(error, Conflict) else 403)
    return redirect(url_for("deals.page", deal_id=deal_id), code=303)


@blueprint.post("/<uuid:deal_id>/note")
@signed_in
def note(deal_id: UUID) -> Response:
    """Write a note."""
    try:
        note_deal(actor(), deal_id, request.form.get("body", ""))
    except (Invalid, Forbidden) as error:
        flash(error.message, "error")
    return redirect(url_for("deals.page", deal_id=deal_id), code=303)


@blueprint.post("/<uuid:deal_id>/win")
@signed_in
def win(deal_id: UUID) -> Response:
    """Close the deal as won, today."""
    return _changed(deal_id, lambda: stage_transition.win_deal(actor(), deal_id, version=_version()))


@blueprint.post("/<uuid:deal_id>/lose")
@signed_in
def lose(deal_id: UUID) -> Response:
    """Close the deal as lost, today."""
    form = LoseForm()
    return _changed(
        deal_id,
        lambda: stage_transition.lose_deal(
            actor(), deal_id, reason=form.reason.data, competitor=form.competitor.data, version=_version()
        ),
    )


@blueprint.post("/<uuid:deal_id>/reopen")
@signed_in
def reopen(deal_id: UUID) -> Response:
    """Open a closed deal again."""
    reason = request.form.get("reason", "")
    return _changed(deal_id, lambda: reopen_deal(actor(), deal_id, reason=reason, version=_version()))


def _changed(deal_id: UUID, change: Any) -> Response:
    try:
        change()
    except (Conflict, RuleBroken, Invalid, Forbidden) as error:
        flash(error.message, "error")
    return back_to("deals.page", deal_id=deal_id)


def _version() -> int | None:
    return request.form.get("version", type=int)


def _new_form() -> NewDealForm:
    form = NewDealForm()
    form.offer(actor(), members(actor()), pipelines(actor()))
    return form


def _page(deal_id: UUID, *, form: EditDealForm | None = None, notice: str | None = None, status: int = 200) -> Any:
    view, stages = deal_with_stages(actor(), deal_id)
    if form is None:
        form = EditDealForm(formdata=None, **EditDealForm.values_of(view))
        form.offer(members(actor()))
    return render_template(
        "deals/page.html",
        deal=view,
        stages=stages,
        timeline=timeline(actor(), deal_id),
        form=form,
        note_form=NoteForm(formdata=None),
        lose_form=LoseForm(formdata=None),
        may_change=actor().may_change(view.assigned_to),
        notice=notice,
    ), status
