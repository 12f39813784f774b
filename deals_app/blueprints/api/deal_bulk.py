"""Many deals changed at once over the management API, and that taken back as one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from deals_app.blueprints.api import bulk_shapes as shapes
from deals_app.blueprints.api.answers import Answered, Refused
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.routes import api_routes
from deals_app.domain.errors import FieldProblem, Invalid, NotFound
from deals_app.services import bulk
from deals_app.services.bulk import BulkOutcome, Seen
from deals_app.services.queries.matching import versions_now
from deals_app.services.undo import undo_operation

blueprint = api_routes("deal_bulk", "/deals/bulk", "Deals")


@blueprint.post("", responses={200: Answered[shapes.BulkAnswer], 409: Refused})
def change(body: shapes.BulkChange) -> tuple[Response, int]:
    """Change up to 10,000 deals in one transaction; those that a rule holds back are left alone and say why."""
    seen = body.versions or versions_now(actor(), body.ids)
    return success(_told(list(body.versions or body.ids), _changed(seen, body.change)))


@blueprint.post("/<uuid:operation>/undo", responses={200: Answered[shapes.UndoneAnswer], 409: Refused})
def undo(path: shapes.OperationPath) -> tuple[Response, int]:
    """Take a change of many back, on all of its deals; what others have changed since stays."""
    undone = undo_operation(actor(), path.operation)
    results = [{"id": str(deal.deal_id), "kept": [kept.field for kept in deal.kept]} for deal in undone.deals]
    return success({"operation": str(undone.operation), "undoes": str(undone.undoes), "results": results})


def _changed(seen: Seen, change: shapes.ChangeOfEach) -> BulkOutcome:
    (kind,) = change.kinds
    if kind == "stage":
        return _moved(seen, change.stage or "")
    if kind == "assigned_to":
        return bulk.bulk_assign(actor(), seen, owner=change.assigned_to)
    if kind == "tags":
        return bulk.bulk_tag(actor(), seen, add=change.tags_add, remove=change.tags_remove)
    if kind == "delete":
        return bulk.bulk_delete(actor(), seen)
    loss = change.lose.model_dump() if change.lose else {}
    return bulk.bulk_close(actor(), seen, won=kind == "win", **loss)


def _moved(seen: Seen, stage: str) -> BulkOutcome:
    """A stage by its id, or by its key in whichever pipeline."""
    try:
        stage_id = UUID(stage)
    except ValueError:
        return bulk.bulk_move_to_key(actor(), seen, key=stage)
    try:
        return bulk.bulk_move(actor(), seen, stage=stage_id)
    except NotFound as error:
        # Of a path that would be a 404; in a body it is a value that does not exist.
        raise Invalid(FieldProblem("stage", "there is no such stage")) from error


def _told(asked: list[UUID], outcome: BulkOutcome) -> dict[str, Any]:
    """The outcome, deal by deal in the order they were named."""
    why = {left.deal_id: left.why for left in outcome.left}
    return {
        "operation": None if outcome.operation is None else str(outcome.operation),
        "changed": outcome.changed,
        "left_alone": len(outcome.left),
        "results": [
            {"id": str(each), "action": "left_alone" if each in why else "changed", "reason": why.get(each)}
            for each in asked
        ],
    }
