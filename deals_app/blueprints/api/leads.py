"""Leads over the management API: the people behind what came in."""

from __future__ import annotations

from typing import Any

from flask import Response

from deals_app.blueprints.api.answers import Answered, AnsweredStretch, Refused
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.lead_shapes import (
    ChangeLead,
    ConvertedAnswer,
    LeadAnswer,
    LeadPath,
    LeadQuery,
    MergeLead,
)
from deals_app.blueprints.api.routes import api_routes
from deals_app.domain.lead_views import LeadView
from deals_app.services.lead_converting import convert_lead
from deals_app.services.lead_editing import FACTS, change_lead, mark_spam
from deals_app.services.lead_merging import merge_leads, unmerge_lead
from deals_app.services.queries.leads import LeadFilter, lead, lead_rows

blueprint = api_routes("leads", "/leads", "Leads")


@blueprint.get("", responses={200: AnsweredStretch[list[LeadAnswer]]})
def index(query: LeadQuery) -> tuple[Response, int]:
    """List leads, newest first; spam only where it is asked for. `next_after` is the cursor of the next stretch."""
    wanted = LeadFilter(
        status=query.status, is_spam=query.is_spam, source=query.source, assigned_to=query.assigned_to, q=query.q
    )
    page = lead_rows(actor(), wanted, query.after, min(query.page_size, 100))
    return success([_lead(view) for view in page.items], pagination={"next_after": page.next_after})


@blueprint.get("/<uuid:lead_id>", responses={200: Answered[LeadAnswer]})
def read(path: LeadPath) -> tuple[Response, int]:
    """Read one; of a merged one `merged_into` is the lead that was kept."""
    return _one(path)


@blueprint.patch("/<uuid:lead_id>", responses={200: Answered[LeadAnswer], 409: Refused})
def change(path: LeadPath, body: ChangeLead) -> tuple[Response, int]:
    """Change status or owner; a null takes the owner away."""
    facts = {name: getattr(body, name) for name in FACTS if name in body.model_fields_set}
    change_lead(actor(), path.lead_id, facts, version=body.version)
    return _one(path)


@blueprint.post("/<uuid:lead_id>/convert", responses={200: Answered[ConvertedAnswer]})
def convert(path: LeadPath) -> tuple[Response, int]:
    """Make or find customer, contact and deal of a lead; once more it is the same ones."""
    made = convert_lead(actor(), path.lead_id)
    return success(ConvertedAnswer.model_validate(made).model_dump(mode="json"))


@blueprint.post("/<uuid:lead_id>/merge", responses={200: Answered[LeadAnswer]})
def merge(path: LeadPath, body: MergeLead) -> tuple[Response, int]:
    """Merge another lead into this one: its deals, items and facts."""
    merge_leads(actor(), path.lead_id, body.other_lead_id)
    return _one(path)


@blueprint.post("/<uuid:lead_id>/unmerge", responses={200: Answered[LeadAnswer]})
def unmerge(path: LeadPath) -> tuple[Response, int]:
    """Take the merging of this lead into another back."""
    unmerge_lead(actor(), path.lead_id)
    return _one(path)


@blueprint.post("/<uuid:lead_id>/spam", responses={200: Answered[LeadAnswer]})
def spam(path: LeadPath) -> tuple[Response, int]:
    """Put a lead among the spam."""
    mark_spam(actor(), path.lead_id, is_spam=True)
    return _one(path)


@blueprint.post("/<uuid:lead_id>/not-spam", responses={200: Answered[LeadAnswer]})
def not_spam(path: LeadPath) -> tuple[Response, int]:
    """Take a lead out of the spam."""
    mark_spam(actor(), path.lead_id, is_spam=False)
    return _one(path)


def _one(path: LeadPath) -> tuple[Response, int]:
    return success(_lead(lead(actor(), path.lead_id)))


def _lead(view: LeadView) -> dict[str, Any]:
    return LeadAnswer.model_validate(view).model_dump(mode="json")
