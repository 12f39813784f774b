"""Undo and redo, of one operation or of one's latest."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request

from deals_app.blueprints.notices import changed, notice
from deals_app.blueprints.web import actor, signed_in
from deals_app.domain.errors import DealsError, Unavailable
from deals_app.services.queries.undone import words_of
from deals_app.services.undo import latest_operation, undo_operation

blueprint = Blueprint("undo", __name__)


@blueprint.post("/undo/<uuid:operation>")
@signed_in
def one(operation: UUID) -> Any:
    """Take an operation back, on all its deals or on the one that the form names; an undo taken back is a redo."""
    return _answer(operation)


@blueprint.post("/undo")
@signed_in
def latest() -> Any:
    """Take back one's latest change: Ctrl-Z."""
    return _answer(None)


@blueprint.post("/redo")
@signed_in
def redo() -> Any:
    """Take back one's latest undo."""
    return _answer(None, redo=True)


def _answer(operation: UUID | None, *, redo: bool = False) -> Any:
    try:
        chosen = operation or latest_operation(actor(), redo=redo)
        undone = undo_operation(actor(), chosen, deal_id=request.form.get("deal", type=UUID))
    except Unavailable:
        raise
    except DealsError as error:
        return changed(notice(error.message, "warn"), endpoint="board.home")
    said = words_of(actor(), undone)
    if undone.is_redo:
        return changed(notice(said, undo=undone.operation), endpoint="board.home")
    return changed(notice(said, redo=undone.operation), endpoint="board.home")
