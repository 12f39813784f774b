"""What happened to a deal and what people did about it (CONTRACT.md sections 2 and 6, "Around")."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from deals_app.blueprints.api import life_shapes as shapes
from deals_app.blueprints.api.answers import Answered, Refused
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.routes import api_routes
from deals_app.services.activities import finish_step, log_activity, note_deal, plan_step, reopen_step
from deals_app.services.queries.life import ActivityView, HistoryEntry, activities_of, activity, history

blueprint = api_routes("deal_life", "/deals", "Deals")


@blueprint.get("/<uuid:deal_id>/history", responses={200: Answered[list[shapes.HistoryAnswer]]})
def changes(path: shapes.DealPath) -> tuple[Response, int]:
    """Read what changed, field by field, newest first."""
    return success([_entry(each) for each in history(actor(), path.deal_id)])


@blueprint.get("/<uuid:deal_id>/activities", responses={200: Answered[list[shapes.ActivityAnswer]]})
def activities(path: shapes.DealPath) -> tuple[Response, int]:
    """List notes, calls, mails, meetings and tasks, newest first."""
    return success([_activity(each) for each in activities_of(actor(), path.deal_id)])


@blueprint.post("/<uuid:deal_id>/activities", responses={201: Answered[shapes.ActivityAnswer], 409: Refused})
def add_activity(path: shapes.DealPath, body: shapes.NewActivity) -> tuple[Response, int]:
    """Write down a call, mail, meeting or note that has happened; with `due_on`, plan a step."""
    if body.due_on is None and body.kind != "task":
        return _one(path, log_activity(actor(), path.deal_id, kind=body.kind, body=body.body), 201)
    return _one(path, plan_step(actor(), path.deal_id, kind=body.kind, body=body.body, due_on=body.due_on), 201)


@blueprint.patch("/<uuid:deal_id>/activities/<uuid:activity_id>", responses={200: Answered[shapes.ActivityAnswer]})
def change_activity(path: shapes.ActivityPath, body: shapes.ChangeActivity) -> tuple[Response, int]:
    """Tick a planned step off, or take that back."""
    (finish_step if body.done else reopen_step)(actor(), path.deal_id, path.activity_id)
    return _one(path, path.activity_id)


@blueprint.get("/<uuid:deal_id>/notes", responses={200: Answered[list[shapes.ActivityAnswer]]})
def notes(path: shapes.DealPath) -> tuple[Response, int]:
    """List the notes alone."""
    return success([_activity(each) for each in activities_of(actor(), path.deal_id, kind="note")])


@blueprint.post("/<uuid:deal_id>/notes", responses={201: Answered[shapes.ActivityAnswer], 409: Refused})
def note(path: shapes.DealPath, body: shapes.Note) -> tuple[Response, int]:
    """Write a note."""
    return _one(path, note_deal(actor(), path.deal_id, body.body), 201)


def _one(path: shapes.DealPath, activity_id: UUID, status: int = 200) -> tuple[Response, int]:
    return success(_activity(activity(actor(), path.deal_id, activity_id)), status)


def _entry(entry: HistoryEntry) -> dict[str, Any]:
    return shapes.HistoryAnswer.model_validate(entry).model_dump(mode="json")


def _activity(view: ActivityView) -> dict[str, Any]:
    return shapes.ActivityAnswer.model_validate(view).model_dump(mode="json")
