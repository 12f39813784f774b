"""What public forms brought and looked like spam: managers take it in or call it spam, and can take either back."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from deals_app.blueprints.web import actor, signed_in
from deals_app.services.ingesting.reviewing import call_spam, put_back, take_in
from deals_app.services.queries.held import held_page

blueprint = Blueprint("held", __name__, url_prefix="/ingest/held")


@blueprint.get("")
@signed_in
def index() -> str:
    """What waits, newest first; `show=spam` what was called spam."""
    is_spam = request.args.get("show") == "spam"
    page = held_page(actor(), spam=is_spam)
    return render_template("held/page.html", page=page, is_spam=is_spam, ticked=request.args.get("ticked") == "all")


@blueprint.post("")
@signed_in
def decide() -> Response:
    """Take in or call spam one item, named by its button, or all that are ticked."""
    if ids := _ids("take_in"):
        taken = take_in(actor(), ids)
        bad = sum(not outcome.is_good for outcome in taken)
        refused = f" {_things(bad)} could not be read." if bad else ""
        _tell(f"{_things(len(taken))} taken in.{refused}", [outcome.item_id for outcome in taken])
    elif ids := _ids("spam"):
        spam = call_spam(actor(), ids)
        _tell(f"{_things(len(spam))} called spam.", spam)
    else:
        flash("Tick what you mean first.", "error")
    return redirect(url_for("held.index"), code=303)


@blueprint.post("/back")
@signed_in
def back() -> Response:
    """Hold again what was decided on: the undo of either way."""
    found = put_back(actor(), [each for text in request.values.getlist("item") for each in _uuid(text)])
    flash(f"{_things(len(found))} held again.", "success")
    return redirect(url_for("held.index"), code=303)


def _ids(name: str) -> list[UUID]:
    """The button's own item, or those that are ticked where it says `ticked`."""
    pressed = request.form.get(name)
    texts = request.form.getlist("item") if pressed == "ticked" else [pressed or ""]
    return [each for text in texts for each in _uuid(text)]


def _uuid(text: str) -> list[UUID]:
    try:
        return [UUID(text)]
    except ValueError:
        return []


def _tell(text: str, ids: list[UUID]) -> None:
    undo_url = url_for("held.back", item=[str(each) for each in ids]) if ids else None
    flash({"text": text, "undo_url": undo_url, "redo_url": None}, "good")  # type: ignore[arg-type] (as notices.py)


def _things(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"
