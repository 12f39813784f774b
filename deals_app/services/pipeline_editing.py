"""Pipelines and their stages, made and changed by admins. Deals that have to move for it are told in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Numeric, cast, delete, exc, func, insert, select, update

from deals_app.domain.actor import Actor
from deals_app.domain.errors import AlreadyExists, FieldProblem, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.domain.matching import fold
from deals_app.domain.pipelines import (
    NewStage,
    name_problems,
    new_key,
    pipeline_problems,
    stage_problems,
    templates,
)
from deals_app.domain.rank import STEP
from deals_app.domain.stages import DEFAULT_STAGES, find_stage
from deals_app.domain.views import PipelineView, StageView
from deals_app.models import Deal, Pipeline, Stage, Workspace
from deals_app.services.audit import record
from deals_app.services.pipelines import chosen_pipeline, insert_pipeline
from deals_app.services.placing import top_of
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work
from deals_app.services.writing import CHANGE_TIME

STAGE_FACTS = ("name", "description", "probability", "rotting_days", "required_fields")


@dataclass(frozen=True, kw_only=True)
class NewPipeline:
    """A pipeline to be made; without stages it gets the usual six."""

    name: str
    description: str | None = None
    is_active: bool = True
    stages: tuple[NewStage, ...] = ()


def create_pipeline(actor: Actor, new: NewPipeline) -> PipelineView:
    """Make a pipeline; raises Forbidden, Invalid naming every wrong field, AlreadyExists for the name."""
    _demand_admin(actor)
    if problems := pipeline_problems(new.name, new.stages):
        raise Invalid(*problems)
    stages = templates(new.stages) if new.stages else DEFAULT_STAGES
    descriptions = {stage.name.strip(): stage.description for stage in new.stages if stage.description}
    name = new.name.strip()
    try:
        with unit_of_work(actor) as work:
            workspace_id = work.session.scalars(select(Workspace.id).where(Workspace.is_default)).one()
            pipeline_id = insert_pipeline(work, workspace_id, name=name, stages=stages, is_default=False)
            told = {"description": new.description, "is_active": new.is_active}
            work.session.execute(update(Pipeline).where(Pipeline.id == pipeline_id).values(told))
            for stage_name, text in descriptions.items():
                of_stage = (Stage.pipeline_id == pipeline_id, Stage.name == stage_name)
                work.session.execute(update(Stage).where(*of_stage).values(description=text))
            record(work, "pipeline.created", f"pipeline:{pipeline_id}", {"name": name})
            return chosen_pipeline(work.session, str(pipeline_id))
    except exc.IntegrityError as error:
        raise _taken(name) from error


def change_pipeline(actor: Actor, pipeline_id: UUID, facts: Mapping[str, Any]) -> PipelineView:
    """Set `name`, `description` or `is_active`; raises Forbidden, NotFound, Invalid, AlreadyExists, RuleBroken.

    The default pipeline stays active: deals that name none go there.
    """
    _demand_admin(actor)
    values = {key: facts[key] for key in ("name", "description", "is_active") if key in facts}
    if "name" in values:
        if problems := name_problems(values["name"]):
            raise Invalid(*problems)
        values["name"] = values["name"].strip()
    try:
        with unit_of_work(actor) as work:
            found = _held(work, pipeline_id)
            if found.is_default and values.get("is_active") is False:
                message = "the default pipeline stays active: deals that name no pipeline go there"
                raise RuleBroken(message, code="PIPELINE_IN_USE")
            if values:
                work.session.execute(update(Pipeline).where(Pipeline.id == pipeline_id).values(values))
                record(work, "pipeline.changed", f"pipeline:{pipeline_id}", values)
            return chosen_pipeline(work.session, str(pipeline_id))
    except exc.IntegrityError as error:
        raise _taken(str(values.get("name"))) from error


def add_stage(actor: Actor, pipeline_id: UUID, new: NewStage) -> StageView:
    """Put a stage at its `order` among the others, which keep theirs; raises Forbidden, NotFound, Invalid."""
    _demand_admin(actor)
    with unit_of_work(actor) as work:
        pipeline = _held(work, pipeline_id)
        problems = stage_problems(new) + _name_taken(pipeline.stages, new.name)
        if problems:
            raise Invalid(*problems)
        order = [stage.id for stage in pipeline.stages]
        (template,) = templates([new])
        stage_id = work.session.scalars(
            insert(Stage)
            .values(
                tenant_id=actor.tenant_id,
                pipeline_id=pipeline_id,
                key=new_key(new.name, [stage.key for stage in pipeline.stages]),
                name=template.name,
                description=new.description,
                position=len(order) + max((stage.position for stage in pipeline.stages), default=0),
                probability=template.probability,
                status=template.status.value,
                rotting_days=new.rotting_days,
                required_fields=list(new.required_fields),
            )
            .returning(Stage.id)
        ).one()
        before = sum(stage.position < new.order for stage in pipeline.stages)
        order.insert(before, stage_id)
        _put_in_order(work, order)
        record(work, "stage.added", f"stage:{stage_id}", {"name": template.name})
        return _stage_of(work, pipeline_id, stage_id)


def change_stage(actor: Actor, pipeline_id: UUID, stage_id: UUID, facts: Mapping[str, Any]) -> StageView:
    """Set some of STAGE_FACTS and `order`; its status says what its deals are, and stays. Its deals keep their figures.

    Raises Forbidden, NotFound, Invalid naming every wrong field.
    """
    _demand_admin(actor)
    with unit_of_work(actor) as work:
        pipeline = _held(work, pipeline_id)
        stage = _stage_of(work, pipeline_id, stage_id)
        values = {key: facts[key] for key in STAGE_FACTS if key in facts}
        as_new = NewStage(
            name=values.get("name", stage.name),
            order=0,
            probability=values.get("probability", stage.probability),
            status=stage.status,
            rotting_days=values.get("rotting_days", stage.rotting_days),
            required_fields=tuple(values.get("required_fields", stage.required_fields)),
        )
        others = [other for other in pipeline.stages if other.id != stage_id]
        if problems := stage_problems(as_new) + _name_taken(others, as_new.name):
            raise Invalid(*problems)
        if "name" in values:
            values["name"] = values["name"].strip()
        if "required_fields" in values:
            values["required_fields"] = list(values["required_fields"])
        if values:
            work.session.execute(update(Stage).where(Stage.id == stage_id).values(values))
        if "order" in facts:
            order = [other.id for other in others]
            order.insert(sum(other.position < facts["order"] for other in others), stage_id)
            _put_in_order(work, order)
        record(work, "stage.changed", f"stage:{stage_id}", {key: str(value) for key, value in facts.items()})
        return _stage_of(work, pipeline_id, stage_id)


def remove_stage(actor: Actor, pipeline_id: UUID, stage_id: UUID, *, move_to: str | None = None) -> None:
    """Take a stage away; its deals, deleted ones too, go on top of `move_to` (key, id or name), in their order.

    Raises Forbidden, NotFound, Invalid for a target that is none or of another status, RuleBroken STAGE_IN_USE when it
    holds deals and nothing says where they go, or is the pipeline's last open stage.
    """
    _demand_admin(actor)
    with unit_of_work(actor) as work:
        pipeline = _held(work, pipeline_id)
        stage = _stage_of(work, pipeline_id, stage_id)
        others = [other for other in pipeline.stages if other.id != stage_id]
        if stage.is_open and not any(other.is_open for other in others):
            message = f"{stage.name} is the last open stage of {pipeline.name}; a pipeline needs one"
            raise RuleBroken(message, code="STAGE_IN_USE")
        held = work.session.scalar(select(func.count()).where(Deal.stage_id == stage_id)) or 0
        if held:
            _move_all(work, stage, _target(stage, others, move_to, held))
        work.session.execute(delete(Stage).where(Stage.id == stage_id))
        record(work, "stage.removed", f"stage:{stage_id}", {"name": stage.name, "deals": held, "moved_to": move_to})


def _target(stage: StageView, others: Sequence[StageView], move_to: str | None, held: int) -> StageView:
    if move_to is None:
        deals = "1 deal is" if held == 1 else f"{held:,} deals are"
        message = f"{deals} in {stage.name}; say which stage they go to"
        raise RuleBroken(message, code="STAGE_IN_USE")
    target = find_stage(move_to, others)
    if target is None:
        known = ", ".join(other.key for other in others)
        raise Invalid(FieldProblem("move_to", f"{move_to!r} is no other stage of this pipeline; known are {known}"))
    if target.status != stage.status:
        raise Invalid(FieldProblem("move_to", f"{target.name} is {target.status}, {stage.name} is {stage.status}"))
    return target


def _move_all(work: UnitOfWork, stage: StageView, target: StageView) -> None:
    """In one statement; the column's top is looked up once."""
    top = top_of(work.connection, target.id) or 0
    placed = (
        select(Deal.id, func.row_number().over(order_by=(Deal.position.desc(), Deal.id.desc())).label("place"))
        .where(Deal.stage_id == stage.id)
        .subquery("placed")
    )
    moved: dict[str, Any] = {
        "stage_id": target.id,
        "stage_entered_at": CHANGE_TIME,
        "position": cast(top, Numeric) - placed.c.place * STEP,
        "version": Deal.version + 1,
    }
    if target.is_open:
        moved["probability"] = target.probability
    work.session.execute(
        update(Deal).where(Deal.id == placed.c.id).values(moved).execution_options(synchronize_session=False)
    )


def _held(work: UnitOfWork, pipeline_id: UUID) -> PipelineView:
    """The pipeline, which nobody else changes until the end; raises NotFound."""
    work.session.execute(select(Pipeline.id).where(Pipeline.id == pipeline_id).with_for_update())
    return chosen_pipeline(work.session, str(pipeline_id))


def _stage_of(work: UnitOfWork, pipeline_id: UUID, stage_id: UUID) -> StageView:
    for stage in chosen_pipeline(work.session, str(pipeline_id)).stages:
        if stage.id == stage_id:
            return stage
    message = "There is no such stage"
    raise NotFound(message)


def _put_in_order(work: UnitOfWork, stage_ids: Sequence[UUID]) -> None:
    """Positions 0, 1, 2 …; the constraint that keeps them apart looks at the end of the transaction."""
    for position, stage_id in enumerate(stage_ids):
        work.session.execute(update(Stage).where(Stage.id == stage_id).values(position=position))


def _name_taken(stages: Sequence[StageView], name: str) -> list[FieldProblem]:
    if any(fold(stage.name) == fold(name) for stage in stages):
        return [FieldProblem("name", f"there is a stage called {name.strip()} already")]
    return []


def _demand_admin(actor: Actor) -> None:
    if not actor.administers:
        message = "Only admins change pipelines"
        raise Forbidden(message)


def _taken(name: str) -> AlreadyExists:
    return AlreadyExists(f"There is a pipeline called {name} already")
