"""Saved views of the list and the board: the menu that opens them, and the page where they are kept in order."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from deals_app.blueprints.notices import changed, notice
from deals_app.blueprints.refusals import refused
from deals_app.blueprints.view_words import KNOWN, checked_words, view_url
from deals_app.blueprints.web import actor, signed_in
from deals_app.domain.errors import AlreadyExists, Invalid, RuleBroken
from deals_app.services import saved_views

blueprint = Blueprint("views", __name__, url_prefix="/views/<page>")


@blueprint.get("")
@signed_in
def index(page: str) -> str:
    """One's own views and the shared ones: to open, rename, share and delete."""
    return render_template("views/page.html", **_found(page))


@blueprint.get("/menu")
@signed_in
def menu(page: str) -> str:
    """The same as a menu of the page, with a form that saves what its address says now."""
    return render_template("views/_menu.html", **_found(page))


@blueprint.post("")
@signed_in
def save(page: str) -> ResponseReturnValue:
    """Save the words that came along under a name."""
    name = request.form.get("name", "")
    try:
        words = checked_words(actor(), _known(page), {word: request.form.get(word, "") for word in KNOWN[page]})
        saved_views.save_view(actor(), name=name, page=page, words=words, is_shared="shared" in request.form)
    except (Invalid, AlreadyExists, RuleBroken) as error:
        return refused(error, endpoint="views.index", page=page)
    return changed(notice(f"{name.strip()} was saved."), endpoint="views.index", page=page)


@blueprint.post("/<uuid:view_id>")
@signed_in
def change(page: str, view_id: UUID) -> ResponseReturnValue:
    """Rename a view, share it or keep it to oneself."""
    facts = {"name": request.form.get("name", ""), "is_shared": "shared" in request.form}
    try:
        saved_views.change_view(actor(), view_id, facts)
    except (Invalid, AlreadyExists) as error:
        return refused(error, endpoint="views.index", page=page)
    return changed(notice("The view was changed."), endpoint="views.index", page=page)


@blueprint.post("/<uuid:view_id>/delete")
@signed_in
def delete(page: str, view_id: UUID) -> ResponseReturnValue:
    """Delete a view; the message brings it back."""
    name = saved_views.delete_view(actor(), view_id)
    back = url_for("views.restore", page=page, view_id=view_id)
    return changed(notice(f"{name} was deleted.", undo_url=back), endpoint="views.index", page=page)


@blueprint.post("/<uuid:view_id>/restore")
@signed_in
def restore(page: str, view_id: UUID) -> ResponseReturnValue:
    """Bring a view back."""
    try:
        name = saved_views.restore_view(actor(), view_id)
    except AlreadyExists as error:
        return refused(error, endpoint="views.index", page=page)
    return changed(notice(f"{name} is back."), endpoint="views.index", page=page)


def _known(page: str) -> str:
    if page not in KNOWN:
        abort(404)
    return page


def _found(page: str) -> dict[str, Any]:
    words = {word: text for word in KNOWN[_known(page)] if (text := request.args.get(word, "").strip())}
    views = [(view, view_url(view)) for view in saved_views.saved_views(actor(), page)]
    return {"page": page, "views": views, "words": words}
