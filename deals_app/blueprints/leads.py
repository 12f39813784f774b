"""Leads: the people behind what came in; and open deals that nobody owns yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from deals_app.blueprints.notices import changed, notice
from deals_app.blueprints.refusals import refused
from deals_app.blueprints.web import actor, signed_in
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid, RuleBroken
from deals_app.domain.lead_views import LEAD_STATUSES
from deals_app.services.accounts import members
from deals_app.services.deals import take_deal
from deals_app.services.ingestion import doors
from deals_app.services.lead_converting import convert_lead
from deals_app.services.lead_editing import change_lead, mark_spam
from deals_app.services.lead_merging import merge_leads, unmerge_lead
from deals_app.services.queries.deal_list import deal_rows
from deals_app.services.queries.filters import DealFilter
from deals_app.services.queries.leads import LeadFilter, lead, lead_counts, lead_id_at, lead_page, lead_rows

blueprint = Blueprint("leads", __name__, url_prefix="/leads")

NOBODY = "none"


@blueprint.get("")
@signed_in
def index() -> str:
    """The people, the newest first: of one status, or the spam."""
    words = {name: value for name in ("tab", "q", "source", "owner") if (value := request.args.get(name, ""))}
    return render_template(
        "leads/list.html",
        page=lead_rows(actor(), _wanted(words), request.args.get("after")),
        counts=lead_counts(actor()),
        words=words,
        statuses=LEAD_STATUSES,
        people=members(actor()),
        doors=doors(),
    )


@blueprint.get("/unowned")
@signed_in
def unowned() -> str:
    """Open deals that nobody owns yet."""
    wanted = DealFilter(unassigned=True, status="open")
    page = deal_rows(actor(), wanted, request.args.get("after"))
    counts = lead_counts(actor())
    return render_template("leads/unowned.html", page=page, counts=counts, words={}, statuses=LEAD_STATUSES)


@blueprint.post("/<uuid:deal_id>/take")
@signed_in
def take(deal_id: UUID) -> Response:
    """Make a deal one's own."""
    try:
        take_deal(actor(), deal_id)
    except Forbidden as error:
        flash(error.message, "error")
    return redirect(url_for("leads.unowned"), code=303)


@blueprint.get("/<uuid:lead_id>")
@signed_in
def page(lead_id: UUID) -> Any:
    """One of them with all that belongs to them; of a merged one the lead that was kept."""
    found = lead_page(actor(), lead_id)
    if found.lead.merged_into is not None:
        return redirect(url_for("leads.page", lead_id=found.lead.merged_into), code=303)
    may_change = actor().may_change(found.lead.assigned_to)
    return render_template(
        "leads/page.html", found=found, statuses=LEAD_STATUSES, people=members(actor()), may_change=may_change
    )


@blueprint.post("/<uuid:lead_id>")
@signed_in
def change(lead_id: UUID) -> Any:
    """Another status, or another owner."""
    try:
        before = change_lead(actor(), lead_id, _facts(request.form))
    except (Invalid, RuleBroken) as error:
        return refused(error, endpoint="leads.page", lead_id=lead_id)
    were: dict[str, Any] = {name: value or "" for name, value in before.items()}
    return _done(lead_id, "Saved.", undo_url=url_for("leads.back", lead_id=lead_id, **were))


@blueprint.post("/<uuid:lead_id>/back")
@signed_in
def back(lead_id: UUID) -> Any:
    """Status or owner as the address says they were: the undo of a change."""
    try:
        change_lead(actor(), lead_id, _facts(request.args))
    except (Invalid, RuleBroken) as error:
        return refused(error, endpoint="leads.page", lead_id=lead_id)
    return _done(lead_id, "Taken back.")


@blueprint.post("/<uuid:lead_id>/convert")
@signed_in
def convert(lead_id: UUID) -> Any:
    """Make business of it."""
    try:
        made = convert_lead(actor(), lead_id)
    except (Invalid, RuleBroken) as error:
        return refused(error, endpoint="leads.page", lead_id=lead_id)
    said = "Converted; a deal was made." if made.made_deal else "Converted; its open deal is the deal."
    return _done(lead_id, said if made.is_new else "It was converted before.")


@blueprint.post("/<uuid:lead_id>/merge")
@signed_in
def merge(lead_id: UUID) -> Any:
    """The lead with another address is this one."""
    try:
        other_id = lead_id_at(actor(), request.form.get("email", ""))
        merge_leads(actor(), lead_id, other_id)
    except (Invalid, RuleBroken) as error:
        return refused(error, endpoint="leads.page", lead_id=lead_id)
    return _done(lead_id, "Merged.", undo_url=url_for("leads.unmerge", lead_id=other_id))


@blueprint.post("/<uuid:lead_id>/unmerge")
@signed_in
def unmerge(lead_id: UUID) -> Any:
    """Two people again."""
    try:
        into_id = unmerge_lead(actor(), lead_id)
    except RuleBroken as error:
        return refused(error, endpoint="leads.page", lead_id=lead_id)
    return _done(into_id, "They are two leads again.")


@blueprint.post("/<uuid:lead_id>/spam")
@signed_in
def spam(lead_id: UUID) -> Any:
    """Out of sight."""
    return _marked(lead_id, is_spam=True)


@blueprint.post("/<uuid:lead_id>/not-spam")
@signed_in
def not_spam(lead_id: UUID) -> Any:
    """Back among the others."""
    return _marked(lead_id, is_spam=False)


def _marked(lead_id: UUID, *, is_spam: bool) -> Any:
    try:
        mark_spam(actor(), lead_id, is_spam=is_spam)
    except RuleBroken as error:
        return refused(error, endpoint="leads.page", lead_id=lead_id)
    name = lead(actor(), lead_id).name
    said = f"{name} is spam." if is_spam else f"{name} is no spam."
    return _done(lead_id, said, undo_url=url_for("leads.not_spam" if is_spam else "leads.spam", lead_id=lead_id))


def _wanted(words: dict[str, str]) -> LeadFilter:
    tab, owner = words.get("tab", ""), words.get("owner", "")
    return LeadFilter(
        status=tab if tab in LEAD_STATUSES else None,
        is_spam=tab == "spam",
        source=words.get("source"),
        assigned_to=_known(owner),
        unassigned=owner == NOBODY,
        q=words.get("q", ""),
    )


def _facts(words: Mapping[str, str]) -> dict[str, Any]:
    """Status and owner, as far as they are named; raises Invalid."""
    facts: dict[str, Any] = {"status": words["status"]} if "status" in words else {}
    return facts | ({"assigned_to": _person(words["assigned_to"])} if "assigned_to" in words else {})


def _known(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _person(text: str) -> UUID | None:
    """Whom a form chose; nobody when it is empty. Raises Invalid."""
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(FieldProblem("assigned_to", "must be one of the team")) from None


def _done(lead_id: UUID, said: str, *, undo_url: str | None = None) -> Any:
    return changed(notice(said, undo_url=undo_url), endpoint="leads.page", lead_id=lead_id)
