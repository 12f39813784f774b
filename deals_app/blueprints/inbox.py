"""The inbox: everything that came in by any source, what was made of it, and trying it again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for

from deals_app.blueprints.downloads import CAGE
from deals_app.blueprints.notices import flash_all, notice
from deals_app.blueprints.web import actor, signed_in
from deals_app.domain.errors import Forbidden
from deals_app.domain.inbox_views import OUTCOMES
from deals_app.services.ingesting.receiving import replay
from deals_app.services.ingesting.replaying import replay_rejected
from deals_app.services.ingestion import object_doors
from deals_app.services.queries.inbox import ItemFilter, inbox_item, inbox_items, item_body

blueprint = Blueprint("inbox", __name__, url_prefix="/inbox")


@blueprint.get("")
@signed_in
def index() -> str:
    """What came, the newest first."""
    wanted = _wanted(request.args)
    page = inbox_items(actor(), wanted, request.args.get("after"))
    return render_template(
        "inbox/list.html", page=page, wanted=wanted, words=_words(wanted), doors=object_doors(), outcomes=OUTCOMES
    )


@blueprint.post("/replay")
@signed_in
def replay_all() -> Any:
    """Try all that was refused once more, of the filter that the form names."""
    wanted = _wanted(request.form)
    try:
        number = replay_rejected(actor(), wanted)
    except Forbidden as error:
        flash(error.message, "error")
    else:
        said = (
            f"{number:,} tried again in a moment; reload to see what became of them." if number else "None is rejected."
        )
        flash_all([notice(said)])
    return redirect(url_for("inbox.index", **_words(wanted)), code=303)


@blueprint.get("/<uuid:item_id>")
@signed_in
def page(item_id: UUID) -> str:
    """One item: what came, what was understood, decided and done."""
    return render_template("inbox/page.html", item=inbox_item(actor(), item_id))


@blueprint.get("/<uuid:item_id>/raw")
@signed_in
def raw(item_id: UUID) -> Response:
    """An item as it came, to be saved and never to be shown in our pages' place."""
    answer = Response(item_body(actor(), item_id), content_type="application/octet-stream")
    answer.headers["Content-Disposition"] = f'attachment; filename="{item_id}.bin"'
    answer.headers["Content-Security-Policy"] = CAGE
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/<uuid:item_id>/replay")
@signed_in
def again(item_id: UUID) -> Any:
    """Work on it once more, as it came."""
    outcome = replay(actor(), item_id)
    said = outcome.action.replace("_", " ")
    flash_all([notice(f"Tried again: {said}.", "good" if outcome.is_good else "warn")])
    return redirect(url_for("inbox.page", item_id=item_id), code=303)


def _wanted(words: Any) -> ItemFilter:
    return ItemFilter(source=words.get("source", ""), outcome=words.get("outcome", ""), q=words.get("q", ""))


def _words(wanted: ItemFilter) -> dict[str, Any]:
    """The filter as an address says it."""
    return {name: value for name, value in vars(wanted).items() if value}
