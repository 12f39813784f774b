"""A deal's facts, changed one by one in place; two people may change different facts of one deal at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue

from deals_app.blueprints.deal_forms import FactForm
from deals_app.blueprints.deal_page import FACTS, Clash, Fact, fact_at_rest, show_part
from deals_app.blueprints.forms import show_problems
from deals_app.blueprints.notices import changed, notice
from deals_app.blueprints.web import actor, is_htmx, signed_in
from deals_app.domain.deal_views import DealPage
from deals_app.domain.errors import Conflict, Invalid
from deals_app.services.editing import Edited, edit_deal
from deals_app.services.queries.deal import deal_page
from deals_app.services.queries.timeline import last_change

blueprint = Blueprint("fields", __name__, url_prefix="/<uuid:deal_id>/fields/<key>")


FRAGMENT = "deals/_fact.html"


@blueprint.get("")
@signed_in
def fact(deal_id: UUID, key: str) -> ResponseReturnValue:
    """One fact as it is now: what is shown when somebody takes the other's version."""
    return show_part(deal_id, FRAGMENT, fact=fact_at_rest(_page(deal_id, key), key))


@blueprint.post("")
@signed_in
def save(deal_id: UUID, key: str) -> ResponseReturnValue:
    """Change one fact, unless somebody has changed that very fact since the person saw it."""
    form = _form(_page(deal_id, key), key)
    try:
        if form.validate():
            return _saved(deal_id, key, edit_deal(actor(), deal_id, form.edit(), since=form.since.data))
    except Invalid as error:
        show_problems(form, error)
    except Conflict:
        return show_part(deal_id, FRAGMENT, fact=_in_conflict(deal_id, key, form), status=409)
    message = " ".join(str(problem) for problems in form.errors.values() for problem in problems)
    refused = Fact(key=key, label=FACTS[key].label, form=form, state="error", message=message)
    return show_part(deal_id, FRAGMENT, fact=refused, status=422)


def _page(deal_id: UUID, key: str) -> DealPage:
    if key not in FACTS:
        abort(404)
    return deal_page(actor(), deal_id)


def _form(page: DealPage, key: str) -> FactForm:
    form = FACTS[key].form()
    form.offer(page.people)
    return form


def _saved(deal_id: UUID, key: str, edited: Edited) -> Any:
    page = _page(deal_id, key)
    said = f"{FACTS[key].label.removeprefix('the ').capitalize()} changed."
    notices = [notice(said, undo=edited.operation)] if edited.operation else []
    if not is_htmx():
        return changed(*notices, endpoint="deals.page", deal_id=deal_id)
    saved = fact_at_rest(page, key, "saved" if notices else "")
    return show_part(deal_id, FRAGMENT, fact=saved, notices=notices, changed=bool(notices))


def _in_conflict(deal_id: UUID, key: str, form: FactForm) -> Fact:
    """Both versions in words; sent again, mine is meant for the deal as it now is."""
    page, kind = _page(deal_id, key), FACTS[key]
    found = last_change(actor(), deal_id, kind.columns)
    clash = Clash(
        who=found.actor_name if found else "Somebody",
        at=found.at if found else page.deal.updated_at,
        theirs=fact_at_rest(page, key).form.said(),
        mine=form.said(),
    )
    form.since.data = page.deal.version
    return Fact(key=key, label=kind.label, form=form, state="conflict", clash=clash)
