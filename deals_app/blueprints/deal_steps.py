"""What people do about a deal: notes, and next steps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint
from flask.typing import ResponseReturnValue

from deals_app.blueprints.deal_forms import NoteForm, StepForm
from deals_app.blueprints.deal_page import show_part
from deals_app.blueprints.forms import show_problems
from deals_app.blueprints.notices import changed, notice
from deals_app.blueprints.web import actor, is_htmx, signed_in
from deals_app.domain.errors import Invalid
from deals_app.services.activities import finish_step, note_deal, plan_step

blueprint = Blueprint("steps", __name__, url_prefix="/<uuid:deal_id>")


@blueprint.post("/note")
@signed_in
def note(deal_id: UUID) -> ResponseReturnValue:
    """Write a note."""
    form = NoteForm()
    try:
        if form.validate():
            note_deal(actor(), deal_id, form.body.data or "")
            return _done(deal_id, "deals/_note_form.html", "Note added.", note_form=NoteForm(formdata=None))
    except Invalid as error:
        show_problems(form, error)
    return show_part(deal_id, "deals/_note_form.html", note_form=form, status=422)


@blueprint.post("/steps")
@signed_in
def plan(deal_id: UUID) -> ResponseReturnValue:
    """Plan what is to be done next."""
    form = StepForm()
    try:
        if form.validate():
            plan_step(actor(), deal_id, body=form.body.data or "", due_on=form.due_on.data, kind=form.kind.data)
            return _done(deal_id, "deals/_step_form.html", "Planned.", step_form=StepForm(formdata=None))
    except Invalid as error:
        show_problems(form, error)
    return show_part(deal_id, "deals/_step_form.html", step_form=form, status=422)


@blueprint.post("/steps/<uuid:step_id>/done")
@signed_in
def finish(deal_id: UUID, step_id: UUID) -> ResponseReturnValue:
    """Tick a step off."""
    finish_step(actor(), deal_id, step_id)
    return changed(notice("Done."), endpoint="deals.page", deal_id=deal_id)


def _done(deal_id: UUID, template: str, said: str, **fresh: Any) -> Any:
    """The form again, empty, and a word."""
    if not is_htmx():
        return changed(notice(said), endpoint="deals.page", deal_id=deal_id)
    return show_part(deal_id, template, notices=[notice(said)], changed=True, **fresh)
