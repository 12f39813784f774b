"""Pipelines and stages over the management API (mission/pipelines.txt; CONTRACT.md section 6, "Around")."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from deals_app.blueprints.api import pipeline_shapes as shapes
from deals_app.blueprints.api.answers import Answered, Refused
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.routes import api_routes
from deals_app.services import pipeline_editing
from deals_app.services.pipeline_editing import NewPipeline
from deals_app.services.queries.pipelines import pipeline_in_full, pipelines_in_full

blueprint = api_routes("pipelines", "/pipelines", "Pipelines")

Answer = tuple[Response, int] | Response


@blueprint.post("", responses={201: Answered[shapes.PipelineAnswer], 409: Refused})
def create(body: shapes.PipelineBody) -> Answer:
    """Make a pipeline, with its own stages or the usual six."""
    stages = tuple(stage.as_new() for stage in body.stages)
    new = NewPipeline(name=body.name, description=body.description, is_active=body.is_active, stages=stages)
    return _answer(pipeline_editing.create_pipeline(actor(), new).id, 201)


@blueprint.get("", responses={200: Answered[list[shapes.PipelineAnswer]]})
def index() -> Answer:
    """List the pipelines, the default one first, each with its stages in order."""
    return success([shapes.pipeline_object(each) for each in pipelines_in_full(actor())])


@blueprint.get("/<uuid:pipeline_id>", responses={200: Answered[shapes.PipelineAnswer]})
def read(path: shapes.PipelinePath) -> Answer:
    """Get a pipeline."""
    return _answer(path.pipeline_id)


@blueprint.patch("/<uuid:pipeline_id>", responses={200: Answered[shapes.PipelineAnswer], 409: Refused})
def change(path: shapes.PipelinePath, body: shapes.ChangePipeline) -> Answer:
    """Change name, description or whether it is active."""
    pipeline_editing.change_pipeline(actor(), path.pipeline_id, body.model_dump(include=body.model_fields_set))
    return _answer(path.pipeline_id)


@blueprint.post("/<uuid:pipeline_id>/stages", responses={201: Answered[shapes.PipelineAnswer], 409: Refused})
def add_stage(path: shapes.PipelinePath, body: shapes.StageBody) -> Answer:
    """Add a stage at its order among the others."""
    pipeline_editing.add_stage(actor(), path.pipeline_id, body.as_new())
    return _answer(path.pipeline_id, 201)


@blueprint.patch("/<uuid:pipeline_id>/stages/<uuid:stage_id>", responses={200: Answered[shapes.PipelineAnswer]})
def change_stage(path: shapes.StagePath, body: shapes.ChangeStage) -> Answer:
    """Change a stage or its place; its status stays, and its deals keep their figures."""
    facts = body.model_dump(include=body.model_fields_set)
    pipeline_editing.change_stage(actor(), path.pipeline_id, path.stage_id, facts)
    return _answer(path.pipeline_id)


@blueprint.delete("/<uuid:pipeline_id>/stages/<uuid:stage_id>", responses={200: Answered[shapes.PipelineAnswer]})
def remove_stage(path: shapes.StagePath, query: shapes.RemoveStage) -> Answer:
    """Remove a stage; `move_to` says where its deals go."""
    pipeline_editing.remove_stage(actor(), path.pipeline_id, path.stage_id, move_to=query.move_to)
    return _answer(path.pipeline_id)


def _answer(pipeline_id: UUID, status: int = 200) -> Answer:
    """The whole pipeline as it is now."""
    return success(shapes.pipeline_object(pipeline_in_full(actor(), pipeline_id)), status)
