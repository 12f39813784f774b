"""The board and its columns."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template, request

from deals_app.blueprints.web import actor, signed_in
from deals_app.services.queries.board import board as read_board
from deals_app.services.queries.board import column_stretch

blueprint = Blueprint("board", __name__)


@blueprint.get("/")
@signed_in
def home() -> str:
    """The board of the default pipeline."""
    return render_template("board/page.html", board=read_board(actor()))


@blueprint.get("/board/<pipeline>")
@signed_in
def pipeline(pipeline: str) -> str:
    """The board of a pipeline, by id or name."""
    return render_template("board/page.html", board=read_board(actor(), pipeline))


@blueprint.get("/board/column/<uuid:stage_id>")
@signed_in
def column(stage_id: UUID) -> str:
    """Further cards of a column."""
    return render_template("board/_cards.html", column=column_stretch(actor(), stage_id, request.args.get("after", "")))
