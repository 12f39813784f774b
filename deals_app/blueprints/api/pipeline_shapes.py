"""What the pipeline routes take and give."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from deals_app.blueprints.api.shapes import Body, Plain, Whole
from deals_app.domain.pipelines import NewStage
from deals_app.services.queries.pipelines import PipelineInFull

Percent = Annotated[Decimal, Field(ge=0, le=100)]
Fields = Annotated[list[str], Field(max_length=10)]


class PipelinePath(BaseModel):
    """A pipeline's id in a path."""

    pipeline_id: UUID


class StagePath(PipelinePath):
    """A stage's id in a path."""

    stage_id: UUID


class StageBody(Body):
    """A stage to be made."""

    name: str
    order: Whole
    description: str | None = Field(default=None, max_length=2000)
    probability: Percent | None = None
    status: str = "open"
    rotting_days: Whole | None = None
    required_fields: Fields = Field(default_factory=list)

    def as_new(self) -> NewStage:
        """For the service."""
        return NewStage(
            name=self.name,
            order=self.order,
            description=self.description,
            probability=self.probability,
            status=self.status,
            rotting_days=self.rotting_days,
            required_fields=tuple(self.required_fields),
        )


class PipelineBody(Body):
    """A pipeline to be made; without stages it gets the usual six."""

    name: str
    description: str | None = Field(default=None, max_length=2000)
    is_active: bool = True
    stages: list[StageBody] = Field(default_factory=list)


class ChangePipeline(Body):
    """What is to change; what is not named stays."""

    name: str = ""
    description: str | None = Field(default=None, max_length=2000)
    is_active: bool = True


class ChangeStage(Body):
    """What is to change; what is not named stays."""

    name: str = ""
    order: Whole = 0
    description: str | None = Field(default=None, max_length=2000)
    probability: Percent = Decimal(0)
    rotting_days: Whole | None = None
    required_fields: Fields = Field(default_factory=list)


class RemoveStage(BaseModel):
    """Where the stage's deals go: key, id or name of another stage of the pipeline."""

    move_to: str | None = None


class StageAnswer(BaseModel):
    """A stage."""

    id: UUID
    key: str
    name: str
    description: str | None
    order: int
    probability: Plain
    status: str
    rotting_days: int | None
    required_fields: list[str]


class PipelineAnswer(BaseModel):
    """A pipeline with its stages in order."""

    id: UUID
    name: str
    description: str | None
    is_active: bool
    is_default: bool
    stages: list[StageAnswer]


def pipeline_object(found: PipelineInFull) -> dict[str, Any]:
    """A pipeline as JSON."""
    pipeline = found.pipeline
    return PipelineAnswer(
        id=pipeline.id,
        name=pipeline.name,
        description=pipeline.description,
        is_active=pipeline.is_active,
        is_default=pipeline.is_default,
        stages=[
            StageAnswer(
                id=stage.id,
                key=stage.key,
                name=stage.name,
                description=found.descriptions.get(stage.id),
                order=stage.position,
                probability=stage.probability,
                status=stage.status,
                rotting_days=stage.rotting_days,
                required_fields=[*stage.required_fields],
            )
            for stage in pipeline.stages
        ],
    ).model_dump(mode="json")
