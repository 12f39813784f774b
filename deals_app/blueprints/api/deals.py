"""The deal management API's routes (CONTRACT.md section 2): parse, call, answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from deals_app.blueprints.api import shapes
from deals_app.blueprints.api.answers import CONFLICTS, Answered, AnsweredPage, Refused
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.routes import api_routes
from deals_app.blueprints.api.versions import asked_version, told_conflict
from deals_app.domain.errors import Conflict
from deals_app.domain.views import DealView
from deals_app.services import deals, editing, stage_transition
from deals_app.services.deals import NewDeal
from deals_app.services.editing import DealEdit
from deals_app.services.queries import deal_pages, figures
from deals_app.services.queries.deal import deal
from deals_app.services.reopening import reopen_deal
from deals_app.services.undo import latest_of_deal, undo_operation

blueprint = api_routes("deals", "/customer-mgmt/deals", "Deals")
blueprint.register_error_handler(Conflict, told_conflict)

Answer = tuple[Response, int] | Response


@blueprint.post("", responses={201: Answered[shapes.DealAnswer], 409: Refused})
def create(body: shapes.CreateDeal) -> Answer:
    """Create a deal."""
    values = body.model_dump(exclude={"pipeline_id", "tags"})
    new = NewDeal(**values, tags=tuple(body.tags), pipeline=_text(body.pipeline_id), ingested_from="api")
    return _answer(deal(actor(), deals.create_deal(actor(), new)), 201)


@blueprint.get("", responses={200: AnsweredPage[list[shapes.DealAnswer]]})
def index(query: shapes.DealList) -> Answer:
    """List deals, newest first unless `sort` says otherwise."""
    wanted = deal_pages.Narrowing(**query.model_dump(exclude={"page", "page_size", "sort"}))
    page_size = min(query.page_size, 100)
    found = deal_pages.deal_page(actor(), wanted, page=query.page, page_size=page_size, sort=query.sort)
    pagination = {
        "total": found.total,
        "page": query.page,
        "page_size": found.page_size,
        "total_pages": -(-found.total // found.page_size),
    }
    return success([shapes.deal_object(view) for view in found.items], pagination=pagination)


@blueprint.get("/<uuid:deal_id>", responses={200: Answered[shapes.DealAnswer]})
def read(path: shapes.DealPath) -> Answer:
    """Get a deal; its ETag is its version."""
    return _answer(deal(actor(), path.deal_id))


@blueprint.put("/<uuid:deal_id>/basic-info", responses={200: Answered[shapes.DealAnswer], **CONFLICTS})
def change_basic_info(path: shapes.DealPath, body: shapes.BasicInfo) -> Answer:
    """Change name, expected close date, tags, owner or custom fields."""
    given: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set - {"version"}}
    if "tags" in given:
        given["tags"] = tuple(given["tags"] or ())
    return _answer(
        editing.edit_deal(actor(), path.deal_id, DealEdit(**given), version=asked_version(body.version)).deal
    )


@blueprint.put("/<uuid:deal_id>/value", responses={200: Answered[shapes.DealAnswer], **CONFLICTS})
def change_value(path: shapes.DealPath, body: shapes.Value) -> Answer:
    """Change the value."""
    edit = DealEdit(value=body.value, currency=body.currency)
    return _answer(editing.edit_deal(actor(), path.deal_id, edit, version=asked_version(body.version)).deal)


@blueprint.put("/<uuid:deal_id>/stage", responses={200: Answered[shapes.DealAnswer], **CONFLICTS})
def move(path: shapes.DealPath, body: shapes.MoveStage) -> Answer:
    """Move a deal to another stage."""
    moved = stage_transition.move_deal(
        actor(),
        path.deal_id,
        stage=body.stage,
        version=asked_version(body.version),
        note=body.note,
        closing=stage_transition.Closing(reason=body.loss_reason),
    )
    return _answer(moved.deal)


@blueprint.post("/<uuid:deal_id>/win", responses={200: Answered[shapes.DealAnswer], **CONFLICTS})
def win(path: shapes.DealPath, body: shapes.Win) -> Answer:
    """Close a deal as won."""
    return _answer(stage_transition.win_deal(actor(), path.deal_id, **_with_version(body)).deal)


@blueprint.post("/<uuid:deal_id>/lose", responses={200: Answered[shapes.DealAnswer], **CONFLICTS})
def lose(path: shapes.DealPath, body: shapes.Lose) -> Answer:
    """Close a deal as lost."""
    return _answer(stage_transition.lose_deal(actor(), path.deal_id, **_with_version(body)).deal)


@blueprint.post("/<uuid:deal_id>/reopen", responses={200: Answered[shapes.DealAnswer], **CONFLICTS})
def reopen(path: shapes.DealPath, body: shapes.Reopen) -> Answer:
    """Open a closed deal again, as a manager who says why."""
    return _answer(reopen_deal(actor(), path.deal_id, **_with_version(body)).deal)


@blueprint.post("/<uuid:deal_id>/undo", responses={200: Answered[shapes.DealAnswer], **CONFLICTS})
def undo(path: shapes.DealPath) -> Answer:
    """Take back the deal's latest change: one's own within a day, managers anything."""
    undo_operation(actor(), latest_of_deal(actor(), path.deal_id), deal_id=path.deal_id)
    return _answer(deal(actor(), path.deal_id))


@blueprint.post("/<uuid:deal_id>/restore", responses={200: Answered[shapes.DealAnswer], **CONFLICTS})
def restore(path: shapes.DealPath) -> Answer:
    """Bring a deleted deal back."""
    return _answer(deals.restore_deal(actor(), path.deal_id).deal)


@blueprint.delete("/<uuid:deal_id>", responses={204: None, **CONFLICTS})
def delete(path: shapes.DealPath) -> Answer:
    """Delete a deal; it can be restored."""
    deals.delete_deal(actor(), path.deal_id, version=asked_version())
    return Response(status=204)


@blueprint.get("/stage/<stage>", responses={200: Answered[list[shapes.DealAnswer]]})
def of_stage(path: shapes.StagePath, query: shapes.PipelineQuery) -> Answer:
    """List the deals of a stage; 404 for a stage that is not there."""
    views = deal_pages.deals_of_stage(actor(), path.stage, _text(query.pipeline_id))
    return success([shapes.deal_object(view) for view in views])


@blueprint.get("/stats/pipeline", responses={200: Answered[shapes.StageCounts]})
def pipeline_stats(query: shapes.PipelineQuery) -> Answer:
    """Count deals per stage."""
    return success({"stats": figures.stage_counts(actor(), _text(query.pipeline_id))})


@blueprint.get("/stats/won", responses={200: Answered[shapes.WonTotal]})
def won_stats(query: shapes.PipelineQuery) -> Answer:
    """Count and add up won deals."""
    total = figures.won_total(actor(), _text(query.pipeline_id))
    parts = [{"currency": part.currency, "count": part.count, "total_value": part.value} for part in total.parts]
    return success(
        {
            "count": total.count,
            "total_value": total.base_value,
            "currency": total.base_currency,
            "by_currency": parts,
        }
    )


def _answer(view: DealView, status: int = 200) -> Answer:
    """The deal as it is now; its ETag is its version."""
    response, status = success(shapes.deal_object(view), status)
    response.set_etag(str(view.version))
    return response, status


def _with_version(body: shapes.Win | shapes.Lose | shapes.Reopen) -> dict[str, Any]:
    return body.model_dump() | {"version": asked_version(body.version)}


def _text(pipeline_id: UUID | None) -> str | None:
    return str(pipeline_id) if pipeline_id else None
