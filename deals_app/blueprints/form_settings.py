"""The forms of a tenant: managers read them, admins make and change them. Plain forms, nothing is lost by a mistake."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from deals_app.blueprints.form_editor import Typed, typed_from, typed_of
from deals_app.blueprints.web import actor, admins_only, signed_in
from deals_app.domain.errors import Conflict, Invalid
from deals_app.domain.forms import FormInFull
from deals_app.services.accounts import members
from deals_app.services.forms import change_form, create_form, delete_form, form, forms, restore_form
from deals_app.services.pipelines import pipelines

blueprint = Blueprint("form_settings", __name__, url_prefix="/settings/forms")

Page = str | tuple[str, int] | Response


@blueprint.get("")
@signed_in
def index() -> str:
    """All of them."""
    return render_template("form_settings/list.html", forms=forms(actor()))


@blueprint.get("/new")
@admins_only
def new() -> str:
    """A form to be made."""
    return _editor(None, typed_of(None))


@blueprint.post("/new")
@admins_only
def create() -> Page:
    """Make it, or show what is wrong."""
    typed = typed_from(request.form)
    try:
        made = create_form(actor(), typed.facts)
    except Invalid as error:
        return _editor(None, typed, _problems(error)), 422
    flash(f"{made.name} takes answers now.", "success")
    return redirect(url_for("form_settings.page", form_id=made.id), code=303)


@blueprint.get("/<uuid:form_id>")
@signed_in
def page(form_id: UUID) -> str:
    """A form, how it is embedded, and how a program sends it."""
    found = form(actor(), form_id)
    return _editor(found, typed_of(found))


@blueprint.post("/<uuid:form_id>")
@admins_only
def change(form_id: UUID) -> Page:
    """Change it, or show what is wrong, or that somebody was quicker."""
    typed = typed_from(request.form)
    try:
        change_form(actor(), form_id, typed.facts, version=request.form.get("version", type=int))
    except Invalid as error:
        return _editor(form(actor(), form_id), typed, _problems(error)), 422
    except Conflict as error:
        return _editor(form(actor(), form_id), typed, {"": f"{error.message}. Save again to keep yours."}), 409
    flash("Saved.", "success")
    return redirect(url_for("form_settings.page", form_id=form_id), code=303)


@blueprint.post("/<uuid:form_id>/delete")
@admins_only
def delete(form_id: UUID) -> Response:
    """Close it for good; it can be brought back."""
    found = form(actor(), form_id)
    delete_form(actor(), form_id)
    undo_url = url_for("form_settings.restore", form_id=form_id)
    flash({"text": f"{found.name} is deleted.", "undo_url": undo_url, "redo_url": None}, "good")  # type: ignore[arg-type] (as notices.py)
    return redirect(url_for("form_settings.index"), code=303)


@blueprint.post("/<uuid:form_id>/restore")
@admins_only
def restore(form_id: UUID) -> Response:
    """Bring a deleted one back, under its old address."""
    restore_form(actor(), form_id)
    flash("The form is back.", "success")
    return redirect(url_for("form_settings.page", form_id=form_id), code=303)


def _editor(found: FormInFull | None, typed: Typed, problems: Mapping[str, str] | None = None) -> str:
    return render_template(
        "form_settings/page.html",
        form=found,
        typed=typed,
        problems=problems or {},
        pipelines=pipelines(actor()),
        members=members(actor()),
    )


def _problems(error: Invalid) -> dict[str, str]:
    return {problem.field: problem.message for problem in error.problems}
