"""The one request behind every drag, key and menu that moves a card, and how its refusals are told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, make_response, render_template, request, url_for
from wtforms import Field

from deals_app.blueprints.filters import asked_of_board
from deals_app.blueprints.notices import Notice, flash_all, notice
from deals_app.blueprints.question_form import QuestionForm, sent_answers
from deals_app.blueprints.web import actor, back_to, is_htmx, local_path, signed_in
from deals_app.domain.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.domain.stages import QUESTIONS, StageStatus, find_stage
from deals_app.domain.views import StageView
from deals_app.services.accounts import members
from deals_app.services.placing import Place
from deals_app.services.queries.board import CardAfterMove, card_after_move
from deals_app.services.queries.changes import Since, changes_since
from deals_app.services.stage_transition import Closing, Moved, move_deal
from deals_app.services.unit_of_work import one_transaction

blueprint = Blueprint("moves", __name__)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What a move asks for, as it came; a menu or a plain form names no place."""

    stage: str
    version: int | None
    place: Place | None

    @classmethod
    def read(cls) -> Sent:
        """From the request's form."""
        above, below = (request.form.get(name, type=UUID) for name in ("before", "after"))
        is_placed = "before" in request.form or "after" in request.form
        return cls(
            stage=request.form.get("stage", ""),
            version=request.form.get("version", type=int),
            place=Place(above=above, below=below) if is_placed else None,
        )


@dataclass(frozen=True, kw_only=True)
class Question:
    """422, told on the card: what `target` wants to know; answered, the move that was sent is sent again."""

    sent: Sent
    target: StageView
    text: str
    form: QuestionForm
    fields: Sequence[Field]
    template: str = "board/_question.html"
    status: int = 422


@dataclass(frozen=True, kw_only=True)
class TooLate:
    """409, told on the card: who changed what since, and the way to `target` for the card as it is now, if any."""

    sent: Sent
    target: StageView | None
    since: Since | None
    template: str = "board/_too_late.html"
    status: int = 409


@blueprint.post("/deals/<uuid:deal_id>/move")
@signed_in
def move(deal_id: UUID) -> Any:
    """Move a card; the answer is the card as it now is and the heads of the columns it touched."""
    sent, form = Sent.read(), QuestionForm() if sent_answers(request.form) else None
    try:
        if form is not None and not form.validate():
            return _asks(deal_id, sent, form, Invalid())
        return _done(*_move(deal_id, sent, form))
    except (Conflict, RuleBroken):
        return _too_late(deal_id, sent)
    except Invalid as error:
        return _asks(deal_id, sent, form or QuestionForm(), error)
    except (Forbidden, NotFound) as error:
        if is_htmx():
            raise
        flash(error.message, "error")
        return back_to("board.home")


@blueprint.get("/deals/<uuid:deal_id>/card")
@signed_in
def card(deal_id: UUID) -> Any:
    """A card as it is now, with the heads of its column and of the stages that the address names."""
    return _show(_now(deal_id, request.args.getlist("stage", type=UUID)))


def _move(deal_id: UUID, sent: Sent, form: QuestionForm | None) -> tuple[Moved, CardAfterMove]:
    """The move, and in the same transaction the card it leaves."""
    with one_transaction(actor()):
        moved = move_deal(
            actor(),
            deal_id,
            stage=sent.stage,
            version=sent.version,
            place=sent.place,
            closing=form.closing() if form else Closing(),
            answers=form.edit() if form else None,
        )
        return moved, _now(deal_id, {moved.from_stage_id})


def _done(moved: Moved, after: CardAfterMove) -> Any:
    """A reorder speaks for itself; a move of stage is said, with its undo."""
    is_move = moved.from_stage_id != moved.deal.stage_id
    said = f"Moved to {moved.deal.stage_name}" + ("" if after.fits else "; the filters hide it")
    notices = [notice(said, undo=moved.operation)] if is_move else []
    if not is_htmx():
        flash_all(notices)
        return back_to("board.home")
    return _show(after, notices)


def _too_late(deal_id: UUID, sent: Sent) -> Any:
    """The card as it is, who made it so, and the same move on it as it now is where that is possible."""
    since = changes_since(actor(), deal_id, sent.version) if sent.version is not None else None
    after = _now(deal_id, since.stage_ids if since else ())
    target = find_stage(sent.stage, after.stages)
    is_possible = after.card.status == "open" and target is not None and target.id != after.card.stage_id
    return _show(after, refusal=TooLate(sent=sent, target=target if is_possible else None, since=since))


def _asks(deal_id: UUID, sent: Sent, form: QuestionForm, error: Invalid) -> Any:
    """What the stage wants to know, or what is wrong with an answer; else a word about what was sent."""
    after = _now(deal_id)
    target = find_stage(sent.stage, after.stages)
    if target is None or not form.concerns(error):
        if is_htmx():
            return _show(after, [notice(error.message, "warn")], status=422)
        flash(error.message, "error")
        return back_to("board.home")
    people = [person for person in members(actor()) if person.is_active] if form.asks_for_owner(error) else []
    fields = form.ask(error.problems, people, after.card.currency)
    text = "Why was it lost?" if target.status == StageStatus.CLOSED_LOST else _question(target.name, error.problems)
    return _show(after, refusal=Question(sent=sent, target=target, text=text, form=form, fields=fields))


def _question(stage: str, problems: Sequence[FieldProblem]) -> str:
    wanted = [QUESTIONS[problem.field][0] for problem in problems if problem.field in QUESTIONS]
    return f"{stage} asks for {' and '.join(wanted)}" if wanted else f"{stage}: please check your answer"


def _now(deal_id: UUID, touched: Iterable[UUID] = ()) -> CardAfterMove:
    """The card and the heads as the board that asks shows them."""
    return card_after_move(actor(), deal_id, touched, asked_of_board(actor(), around=is_htmx()).showing())


def _show(
    after: CardAfterMove,
    notices: Iterable[Notice] = (),
    *,
    refusal: Question | TooLate | None = None,
    status: int = 200,
) -> Response:
    """The card and the heads for a board; a refusal of a plain form as a page of its own."""
    shown = {"card": after.card, "stages": after.stages, "refusal": refusal}
    if refusal and not is_htmx():
        back = local_path(request.form.get("next")) or url_for("board.home")
        return make_response(render_template("board/refused.html", back=back, **shown), refusal.status)
    asked = asked_of_board(actor(), around=True)
    page = render_template("board/_moved.html", heads=after.heads, notices=list(notices), asked=asked, **shown)
    answer = make_response(page, refusal.status if refusal else status)
    if not (after.fits or refusal):
        answer.headers["HX-Reswap"] = "delete"
    return answer
