"""What happened to a deal and what people did about it (CONTRACT.md sections 2 and 6, "Around")."""

from __future__ import annotations

from typing import Any

from flask import Response

from deals_app.blueprints.api import life_shapes as shapes
from deals_app.blueprints.api.answers import Answered, Refused
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.routes import api_routes
from deals_app.services.activities import note_deal
from deals_app.services.queries.life import ActivityView, HistoryEntry, activities_of, history

blueprint = api_routes("deal_life", "/deals", "Deals")


@blueprint.get("/<uuid:deal_id>/history", responses={200: Answered[list[shapes.HistoryAnswer]]})
def changes(path: shapes.DealPath) -> tuple[Response, int]:
    """Read what changed, field by field, newest first."""
    return success([_entry(each) for each in history(actor(), path.deal_id)])


@blueprint.get("/<uuid:deal_id>/activities", responses={200: Answered[list[shapes.ActivityAnswer]]})
def activities(path: shapes.DealPath) -> tuple[Response, int]:
    """List notes, calls, mails, meetings and tasks, newest first."""
    return success([_activity(each) for each in activities_of(actor(), path.deal_id)])


@blueprint.get("/<uuid:deal_id>/notes", responses={200: Answered[list[shapes.ActivityAnswer]]})
def notes(path: shapes.DealPath) -> tuple[Response, int]:
    """List the notes alone."""
    return success([_activity(each) for each in activities_of(actor(), path.deal_id, kind="note")])


@blueprint.post("/<uuid:deal_id>/notes", responses={201: Answered[shapes.ActivityAnswer], 409: Refused})
def note(path: shapes.DealPath, body: shapes.Note) -> tuple[Response, int]:
    """Write a note."""
    note_id = note_deal(actor(), path.deal_id, body.body)
    written = next(each for each in activities_of(actor(), path.deal_id, kind="note") if each.id == note_id)
    return success(_activity(written), 201)


def _entry(entry: HistoryEntry) -> dict[str, Any]:
    return shapes.HistoryAnswer.model_validate(entry).model_dump(mode="json")


def _activity(view: ActivityView) -> dict[str, Any]:
    return shapes.ActivityAnswer.model_validate(view).model_dump(mode="json")
