"""The one request behind every drag, key and menu that moves a card."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, render_template, request

from deals_app.blueprints.web import actor, back_to, is_htmx, signed_in
from deals_app.domain.errors import Conflict, DealsError, Forbidden, Invalid, RuleBroken
from deals_app.services.placing import Place
from deals_app.services.queries.board import card_after_move
from deals_app.services.stage_transition import Closing, Moved, move_deal

blueprint = Blueprint("moves", __name__)


@blueprint.post("/deals/<uuid:deal_id>/move")
@signed_in
def move(deal_id: UUID) -> Any:
    """Move a card; the answer is the card as it now is and the heads of the columns it touched."""
    try:
        moved = move_deal(
            actor(),
            deal_id,
            stage=request.form.get("stage", ""),
            version=request.form.get("version", type=int),
            place=_place(),
            closing=Closing(reason=request.form.get("loss_reason"), competitor=request.form.get("competitor")),
        )
    except (Conflict, RuleBroken, Invalid, Forbidden) as error:
        return _refused(deal_id, error)
    if not is_htmx():
        return back_to("board.home")
    return _truth(deal_id, moved)


def _place() -> Place | None:
    """Where a drag ended; a menu or a plain form names no place."""
    if "before" not in request.form and "after" not in request.form:
        return None
    return Place(above=request.form.get("before", type=UUID), below=request.form.get("after", type=UUID))


def _refused(deal_id: UUID, error: DealsError) -> Any:
    """409 and 422 carry the truth about the card; a 403 is a notice, and the card goes back to where it was."""
    if not is_htmx():
        flash(error.message, "error")
        return back_to("board.home")
    if isinstance(error, Forbidden):
        raise error
    answer = make_response(_truth(deal_id, None, notice=error.message))
    answer.status_code = 422 if isinstance(error, Invalid) else 409
    return answer


def _truth(deal_id: UUID, moved: Moved | None, notice: str | None = None) -> str:
    touched = {moved.from_stage_id, moved.to_stage_id} if moved else set[UUID]()
    after = card_after_move(actor(), deal_id, touched)
    return render_template("board/_moved.html", card=after.card, stages=after.stages, heads=after.heads, notice=notice)
