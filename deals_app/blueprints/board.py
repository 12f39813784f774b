"""The board and its columns: what they show, folding them, and making a deal in one of them."""

from __future__ import annotations

from string import hexdigits
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from deals_app.blueprints.filters import SOURCES, asked_of_board
from deals_app.blueprints.notices import flash_all, notice
from deals_app.blueprints.quick_deal import QuickDeal
from deals_app.blueprints.web import actor, back_to, is_htmx, signed_in
from deals_app.domain.errors import Invalid
from deals_app.services.deals import create_deal
from deals_app.services.queries.board import board as read_board
from deals_app.services.queries.board import card_after_move, column_stretch
from deals_app.services.queries.filters import CLOSE_CHOICES, SORTS

blueprint = Blueprint("board", __name__)

FOLDED = "folded"
YEAR_SECONDS = 365 * 24 * 3600
# The oldest are forgotten before the cookie outgrows a header.
MOST_FOLDED = 60
HEX_LENGTH = 32


@blueprint.get("/")
@signed_in
def home() -> Any:
    """The board of the default pipeline."""
    return _page(None)


@blueprint.get("/board/<pipeline>")
@signed_in
def pipeline(pipeline: str) -> Any:
    """The board of a pipeline, by id or name."""
    return _page(pipeline)


@blueprint.get("/board/column/<uuid:stage_id>")
@signed_in
def column(stage_id: UUID) -> str:
    """Further cards of a column."""
    asked = asked_of_board(actor())
    stretch = column_stretch(actor(), stage_id, request.args.get("after", ""), asked.showing())
    return render_template("board/_cards.html", column=stretch, stages=stretch.stages, asked=asked)


@blueprint.post("/board/<pipeline>")
@signed_in
def add(pipeline: str) -> Any:
    """Make a deal from a column's small form; the answer is the form again, empty or with what is wrong."""
    sent = QuickDeal.sent()
    try:
        deal_id = create_deal(actor(), sent.new_deal(actor(), pipeline))
    except Invalid as error:
        return _asked_again(pipeline, sent.refused(error)), 422
    return _added(pipeline, sent, deal_id)


@blueprint.post("/board/fold")
@signed_in
def fold() -> Response:
    """Fold a column to a strip, or unfold it; kept in this browser."""
    stage = request.form.get("stage", type=UUID)
    folded = [each for each in _folded() if each != stage]
    if stage is not None and request.form.get("fold") == "yes":
        folded.append(stage)
    answer = back_to("board.home")
    text = ".".join(each.hex for each in folded[-MOST_FOLDED:])
    answer.set_cookie(FOLDED, text, max_age=YEAR_SECONDS, samesite="Lax", httponly=True)
    return answer


@blueprint.app_template_test("folded")
def is_folded(stage_id: UUID) -> bool:
    """`{% if column.stage.id is folded %}`, in answers to moves too."""
    return stage_id in _folded()


def _page(pipeline: str | None, quick: QuickDeal | None = None) -> Any:
    asked = asked_of_board(actor())
    if asked.has_blanks:
        return redirect(asked.url(), code=303)
    board = read_board(actor(), pipeline, asked.showing(_folded()))
    return render_template(
        "board/page.html",
        board=board,
        stages=board.pipeline.stages,
        asked=asked,
        chips=asked.chips(actor(), board.people),
        closings=CLOSE_CHOICES,
        sorts=SORTS,
        ways_in=SOURCES,
        quick=quick or QuickDeal(),
    )


def _asked_again(pipeline: str, quick: QuickDeal) -> Any:
    """The form where it stood, or the whole board around it."""
    if not is_htmx():
        return _page(pipeline, quick)
    return render_template("board/_quick.html", **_quick_form(pipeline, quick))


def _added(pipeline: str, quick: QuickDeal, deal_id: UUID) -> Any:
    """An empty form for the next one, the new card on top of its column, and the column's head."""
    asked = asked_of_board(actor(), around=is_htmx())
    after = card_after_move(actor(), deal_id, (), asked.showing())
    said = f"“{after.card.name}” was added" + ("" if after.fits else "; the filters hide it")
    if not is_htmx():
        flash_all([notice(said)])
        return back_to("board.pipeline", pipeline=pipeline)
    return render_template(
        "board/_added.html",
        **_quick_form(pipeline, QuickDeal(stage=str(after.card.stage_id), currency=quick.currency)),
        after=after,
        asked=asked,
        notices=[] if after.fits else [notice(said, "info")],
    ), 201


def _quick_form(pipeline: str, quick: QuickDeal) -> dict[str, Any]:
    return {"pipeline_id": pipeline, "stage_id": quick.stage, "quick": quick}


def _folded() -> list[UUID]:
    """The columns folded in this browser, as its cookie says; what is no id is not ours."""
    words = request.cookies.get(FOLDED, "").split(".")
    return [UUID(word) for word in words if len(word) == HEX_LENGTH and set(word) <= set(hexdigits)]
