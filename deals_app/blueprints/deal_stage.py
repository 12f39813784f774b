"""A deal's stage, changed on its page: by a step, Won, Lost or reopening; what a stage asks is asked in place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from wtforms import DateField, Field
from wtforms.validators import Optional

from deals_app.blueprints.deal_page import Question, show_part
from deals_app.blueprints.notices import changed, notice
from deals_app.blueprints.question_form import QuestionForm
from deals_app.blueprints.refusals import refused
from deals_app.blueprints.web import actor, signed_in
from deals_app.domain.deal_views import DealPage
from deals_app.domain.errors import Conflict, Invalid, RuleBroken
from deals_app.domain.stages import find_stage
from deals_app.domain.views import StageView
from deals_app.services.queries.changes import changes_since
from deals_app.services.queries.deal import deal_page
from deals_app.services.reopening import reopen_deal
from deals_app.services.stage_transition import Closing, Moved, move_deal

blueprint = Blueprint("stage", __name__, url_prefix="/<uuid:deal_id>")

FRAGMENT = "deals/_question.html"
# Words of the request that are not sent again as they are.
ANEW = {"version", "csrf_token"}


class StageForm(QuestionForm):
    """What a stage may ask for, and the day on which the deal was closed."""

    close_date = DateField("Closed on", [Optional()])

    def closing(self) -> Closing:
        """What was said about the end."""
        return replace(super().closing(), on=self.close_date.data)

    def shown(self, error: Invalid, page: DealPage) -> tuple[Field, ...]:
        """The fields in question, and those that came with the request."""
        people = [person for person in page.people if person.is_active]
        fields = self.ask(error.problems, people, page.deal.currency)
        about_date = [problem.message for problem in error.problems if problem.field == "close_date"]
        self.close_date.errors = [*self.close_date.errors, *about_date]
        return (*([self.close_date] if self.close_date.raw_data else []), *fields)


@blueprint.post("/stage")
@signed_in
def move(deal_id: UUID) -> ResponseReturnValue:
    """Move the deal to a stage of its pipeline, the closed ones included."""
    form = StageForm()
    try:
        moved = _moved(deal_id, form)
    except Invalid as error:
        return _asks(deal_id, form, error)
    except (Conflict, RuleBroken) as error:
        return _too_late(deal_id, error)
    said = notice(f"Moved to {moved.deal.stage_name}.", undo=moved.operation)
    return changed(said, endpoint="deals.page", deal_id=deal_id)


@blueprint.post("/reopen")
@signed_in
def reopen(deal_id: UUID) -> ResponseReturnValue:
    """Open a closed deal again."""
    try:
        moved = reopen_deal(actor(), deal_id, reason=request.form.get("reason", ""), version=_version())
    except Invalid as error:
        return refused(error, endpoint="deals.page", deal_id=deal_id)
    except (Conflict, RuleBroken) as error:
        return _too_late(deal_id, error)
    said = notice(f"Reopened in {moved.deal.stage_name}.", undo=moved.operation)
    return changed(said, endpoint="deals.page", deal_id=deal_id)


def _moved(deal_id: UUID, form: StageForm) -> Moved:
    if not form.validate():
        raise Invalid
    return move_deal(
        actor(),
        deal_id,
        stage=request.form.get("stage", ""),
        version=_version(),
        closing=form.closing(),
        answers=form.edit(),
    )


def _asks(deal_id: UUID, form: StageForm, error: Invalid) -> Any:
    """What the stage wants to know, or what is wrong with an answer; of a stage that is not there, a word."""
    page = deal_page(actor(), deal_id)
    target = _target(page)
    if target is None:
        return refused(error, endpoint="deals.page", deal_id=deal_id)
    fields = form.shown(error, page)
    texts = {"closed_won": "Close as won", "closed_lost": "Why was it lost?"}
    question = Question(
        stage=target,
        text=texts.get(target.status, f"{target.name} wants to know"),
        fields=fields,
        sent=(
            ("stage", str(target.id)),
            ("version", request.form.get("version", "")),
            ("currency", form.currency.data or ""),
        ),
    )
    return show_part(deal_id, FRAGMENT, question=question, status=422)


def _too_late(deal_id: UUID, error: Conflict | RuleBroken) -> Any:
    """Who changed the deal first; and the same again for the deal as it now is, where that is possible."""
    page, version = deal_page(actor(), deal_id), _version()
    since = changes_since(actor(), deal_id, version) if version is not None else None
    if since is None:
        return refused(error, endpoint="deals.page", deal_id=deal_id)
    target = _target(page) if page.deal.is_open else None
    sent = [(name, text) for name, text in request.form.items() if name not in ANEW]
    question = Question(
        stage=target if target and target.id != page.deal.stage_id else None,
        text=error.message,
        sent=(*sent, ("version", str(page.deal.version))),
        since=since,
    )
    return show_part(deal_id, FRAGMENT, question=question, status=409, changed=True)


def _target(page: DealPage) -> StageView | None:
    return find_stage(request.form.get("stage", ""), page.stages)


def _version() -> int | None:
    return request.form.get("version", type=int)
