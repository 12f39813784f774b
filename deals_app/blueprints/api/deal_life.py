"""What happened to a deal and what people did about it (CONTRACT.md sections 2 and 6, "Around")."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from deals_app.blueprints.api import shapes
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor, demand_key, refuse_ingest_keys
from deals_app.services.activities import note_deal
from deals_app.services.queries.life import ActivityView, HistoryEntry, activities_of, history

blueprint = APIBlueprint(
    "api_deal_life",
    __name__,
    url_prefix="/api/v1/deals",
    abp_tags=[Tag(name="Deals")],
    abp_security=[{"key": []}],
)
blueprint.before_request(demand_key)
blueprint.before_request(refuse_ingest_keys)


@blueprint.get("/<uuid:deal_id>/history")
def changes(path: shapes.DealPath) -> tuple[Response, int]:
    """Read what changed, field by field, newest first."""
    return success([_entry(each) for each in history(actor(), path.deal_id)])


@blueprint.get("/<uuid:deal_id>/activities")
def activities(path: shapes.DealPath) -> tuple[Response, int]:
    """List notes, calls, mails, meetings and tasks, newest first."""
    return success([_activity(each) for each in activities_of(actor(), path.deal_id)])


@blueprint.get("/<uuid:deal_id>/notes")
def notes(path: shapes.DealPath) -> tuple[Response, int]:
    """List the notes alone."""
    return success([_activity(each) for each in activities_of(actor(), path.deal_id, kind="note")])


@blueprint.post("/<uuid:deal_id>/notes")
def note(path: shapes.DealPath, body: shapes.Note) -> tuple[Response, int]:
    """Write a note."""
    note_id = note_deal(actor(), path.deal_id, body.body)
    written = next(each for each in activities_of(actor(), path.deal_id, kind="note") if each.id == note_id)
    return success(_activity(written), 201)


def _entry(entry: HistoryEntry) -> dict[str, Any]:
    return asdict(entry) | {"at": entry.at.isoformat()}


def _activity(view: ActivityView) -> dict[str, Any]:
    return asdict(view) | {
        "id": str(view.id),
        "at": view.at.isoformat(),
        "due_on": view.due_on.isoformat() if view.due_on else None,
        "done_at": view.done_at.isoformat() if view.done_at else None,
    }
