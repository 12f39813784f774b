"""Pipelines as the management API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.domain.views import PipelineView
from deals_app.models import Stage
from deals_app.services.pipelines import chosen_pipeline, pipeline_views
from deals_app.services.unit_of_work import reading


@dataclass(frozen=True, kw_only=True)
class PipelineInFull:
    """A pipeline, and what is said about its stages, by their ids."""

    pipeline: PipelineView
    descriptions: Mapping[UUID, str | None]


def pipelines_in_full(actor: Actor) -> list[PipelineInFull]:
    """All of them, the default one first."""
    with reading(actor) as session:
        views = pipeline_views(session)
        said = {row.id: row.description for row in session.execute(select(Stage.id, Stage.description))}
    return [PipelineInFull(pipeline=view, descriptions=said) for view in views]


def pipeline_in_full(actor: Actor, pipeline_id: UUID) -> PipelineInFull:
    """One; raises NotFound."""
    with reading(actor) as session:
        view = chosen_pipeline(session, str(pipeline_id))
        of_pipeline = select(Stage.id, Stage.description).where(Stage.pipeline_id == pipeline_id)
        said = {row.id: row.description for row in session.execute(of_pipeline)}
    return PipelineInFull(pipeline=view, descriptions=said)
