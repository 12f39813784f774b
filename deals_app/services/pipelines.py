"""Pipelines and their stages: making them, finding them, and which one is meant when nobody says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Text, bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Invalid, NotFound
from deals_app.domain.stages import StageTemplate, find_stage
from deals_app.domain.views import PipelineView, StageView
from deals_app.models import Pipeline, Stage
from deals_app.services.statements import AnyRow, table
from deals_app.services.straight import Straight
from deals_app.services.unit_of_work import UnitOfWork, reading

stages_table, pipelines_table = table(Stage), table(Pipeline)
_SHOWN = tuple(each.name for each in fields(StageView))
_stages = select(*(stages_table.c[name] for name in _SHOWN))
STAGES = Straight(
    _stages.where(stages_table.c.pipeline_id == bindparam("pipeline_id")).order_by(stages_table.c.position)
)
PIPELINES = Straight(
    _stages.add_columns(
        stages_table.c.pipeline_id,
        pipelines_table.c.name.label("pipeline_name"),
        pipelines_table.c.description,
        pipelines_table.c.is_active,
        pipelines_table.c.is_default,
    )
    .join(pipelines_table, pipelines_table.c.id == stages_table.c.pipeline_id)
    .order_by(
        pipelines_table.c.is_default.desc(), pipelines_table.c.name, pipelines_table.c.id, stages_table.c.position
    )
)


def insert_pipeline(
    work: UnitOfWork, workspace_id: UUID, *, name: str, stages: Sequence[StageTemplate], is_default: bool
) -> UUID:
    """Make a pipeline with its stages, inside a transaction; returns its id."""
    tenant_id = work.actor.tenant_id
    pipeline_id = work.session.scalars(
        insert(Pipeline)
        .values(tenant_id=tenant_id, workspace_id=workspace_id, name=name, is_default=is_default)
        .returning(Pipeline.id)
    ).one()
    work.session.execute(
        insert(Stage),
        [
            {
                "tenant_id": tenant_id,
                "pipeline_id": pipeline_id,
                "key": stage.key,
                "name": stage.name,
                "position": position,
                "probability": stage.probability,
                "status": stage.status.value,
                "rotting_days": stage.rotting_days,
                "required_fields": list(stage.required_fields),
            }
            for position, stage in enumerate(stages)
        ],
    )
    return pipeline_id


def pipelines(actor: Actor) -> list[PipelineView]:
    """The tenant's pipelines, the default one first, each with its stages in order."""
    with reading(actor) as session:
        return pipeline_views(session)


def pipeline_views(through: Connection | Session) -> list[PipelineView]:
    """`pipelines`, inside a transaction; one statement."""
    found: dict[UUID, tuple[AnyRow, list[StageView]]] = {}
    for row in PIPELINES.rows(through):
        found.setdefault(row.pipeline_id, (row, []))[1].append(stage_view(row))
    return [
        PipelineView(
            id=row.pipeline_id,
            name=row.pipeline_name,
            description=row.description,
            is_active=row.is_active,
            is_default=row.is_default,
            stages=tuple(stages),
        )
        for row, stages in found.values()
    ]


def stage_view(stage: Stage | AnyRow) -> StageView:
    """A stage as pages and APIs show it."""
    return StageView(
        id=stage.id,
        key=stage.key,
        name=stage.name,
        position=stage.position,
        probability=stage.probability,
        status=stage.status,
        rotting_days=stage.rotting_days,
        required_fields=tuple(stage.required_fields),
    )


def chosen_pipeline(session: Connection | Session, text: str | None) -> PipelineView:
    """The pipeline of this id or name, the default one for None; raises NotFound."""
    return find_pipeline(pipeline_views(session), text)


def find_pipeline(views: Sequence[PipelineView], text: str | None) -> PipelineView:
    """`chosen_pipeline` among views that are at hand already."""
    for view in views:
        if text is None:
            if view.is_default:
                return view
        elif text.casefold() in {str(view.id), view.name.casefold()}:
            return view
    message = "There is no such pipeline"
    raise NotFound(message)


def chosen_stage(pipeline: PipelineView, text: str | None, *, field: str = "stage") -> StageView:
    """The stage this text means in the pipeline, its first open one for None; raises Invalid naming the field."""
    if text is None or not text.strip():
        return next(stage for stage in pipeline.stages if stage.is_open)
    stage = find_stage(text, pipeline.stages)
    if stage is None:
        known = ", ".join(stage.key for stage in pipeline.stages)
        raise Invalid(FieldProblem(field, f"{text!r} is no stage of {pipeline.name}; known are {known}"))
    return stage


def stages_as_json(pipeline_id: ColumnElement[UUID]) -> ScalarSelect[Any]:
    """A pipeline's stages in order, as a column beside something else; `stages_from_json` reads it."""
    columns = [stages_table.c[name].cast(Text) if name == "probability" else stages_table.c[name] for name in _SHOWN]
    listed = func.json_agg(aggregate_order_by(func.json_build_array(*columns), stages_table.c.position))
    return select(listed).where(stages_table.c.pipeline_id == pipeline_id).scalar_subquery()


def stages_from_json(found: Sequence[Sequence[Any]]) -> list[StageView]:
    """The views of `stages_as_json`."""
    return [_from_json(**dict(zip(_SHOWN, values, strict=True))) for values in found]


def _from_json(*, id: str, probability: str, required_fields: Sequence[str], **plain: Any) -> StageView:  # noqa: A002 (a column)
    return StageView(id=UUID(id), probability=Decimal(probability), required_fields=tuple(required_fields), **plain)


def stages_of(through: Connection | Session, pipeline_id: UUID) -> list[StageView]:
    """The pipeline's stages in order; one statement."""
    return [stage_view(row) for row in STAGES.rows(through, pipeline_id=pipeline_id)]
