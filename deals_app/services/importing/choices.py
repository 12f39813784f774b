"""What a person says of a draft: its columns, its unknown texts, and how its file is laid out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Invalid, NotFound, RuleBroken
from deals_app.domain.import_choices import ImportChoices, SaidOfFile, questions_about
from deals_app.domain.views import PipelineView
from deals_app.integrations.sources import csv_file
from deals_app.integrations.sources.csv_file import FileShape
from deals_app.models import Import
from deals_app.services.accounts import member_views
from deals_app.services.audit import record
from deals_app.services.importing.intake import header_key_of, judged_as
from deals_app.services.importing.questions import Questions, read_questions
from deals_app.services.importing.starting import demand_importer, locked_import, reopen_draft
from deals_app.services.importing.stored_file import stored_file
from deals_app.services.pipelines import chosen_pipeline
from deals_app.services.unit_of_work import UnitOfWork, reading, unit_of_work


def save_choices(actor: Actor, import_id: UUID, choices: ImportChoices) -> bool:
    """Keep what a person chose; a checked import is a draft again. True when the page has new questions to show.

    Raises Forbidden, NotFound, RuleBroken when the import was started, Invalid for a mapping that does not fit, an
    unknown stage, person or pipeline.
    """
    demand_importer(actor)
    found, shape = _found(actor, import_id)
    try:
        mapping = csv_file.guess_mapping(shape.header, shape.preset, chosen=choices.mapping or found.mapping)
        if csv_file.figure_columns(mapping) != csv_file.figure_columns(found.mapping):
            with stored_file(actor, import_id) as stream:
                shape = csv_file.judged(stream, shape, mapping)
    except (csv_file.MappingProblem, csv_file.Unreadable) as error:
        raise Invalid(FieldProblem("mapping", str(error)), message=str(error)) from error
    # An answer about other columns than these is none.
    if choices.date_order is not None and shape.open_date is not None:
        shape = replace(shape, date_order=choices.date_order)
    with unit_of_work(actor) as work:
        draft = _changeable(work, import_id)
        pipeline = chosen_pipeline(work.session, choices.pipeline or str(draft.pipeline_id))
        values: dict[str, Any] = {
            "shape": shape.as_json(),
            "mapping": mapping,
            "pipeline_id": pipeline.id,
            "stage_map": _stage_map(draft, choices, pipeline),
            "owner_map": _owner_map(draft, choices, {str(member.id) for member in member_views(work.session)}),
        }
        work.session.execute(update(Import).where(Import.id == import_id).values(values))
        record(work, "import.columns", f"import:{import_id}", {"mapping": mapping})
    shown = choices.asked in {None, questions_about(mapping, pipeline.id)}
    return not shown and questions_of(actor, import_id).number > 0


def look_again(actor: Actor, import_id: UUID, said: SaidOfFile, mapping: Mapping[str, str] | None = None) -> None:
    """Read the file as a person says it is laid out; `mapping` stays where the columns stay the same.

    Raises Forbidden, NotFound, RuleBroken when the import was started, Invalid when the file cannot be read so.
    """
    demand_importer(actor)
    found, before = _found(actor, import_id)
    laid_out = csv_file.Said(said.encoding, said.delimiter, said.quote, said.header_line, said.sheet)
    given = {name: value for name, value in {**asdict(laid_out), "preset": said.preset}.items() if value is not None}
    try:
        with stored_file(actor, import_id) as stream:
            shape = csv_file.sniff(stream, name_required=False, said=laid_out)
            preset = shape.preset if said.preset is None else csv_file.preset_named(said.preset)
            shape = replace(shape, preset=preset, said=given)
            is_same = (shape.header, preset) == (before.header, before.preset)
            kept = (mapping or found.mapping) if is_same else None
            agreed = csv_file.guess_mapping(shape.header, preset, chosen=kept)
            if kept is None:
                agreed = csv_file.guess_by_values(shape.header, shape.first_rows, agreed)
            shape = judged_as(stream, shape, agreed)
    except (csv_file.Unreadable, csv_file.MappingProblem) as error:
        raise Invalid(FieldProblem("file", str(error)), message=str(error)) from error
    if shape.open_date is not None and before.open_date is not None:
        shape = replace(shape, date_order=before.date_order)
    with unit_of_work(actor) as work:
        _changeable(work, import_id)
        values = {
            "shape": shape.as_json(),
            "mapping": agreed,
            "system": preset or csv_file.key,
            "header_key": header_key_of(shape),
        }
        work.session.execute(update(Import).where(Import.id == import_id).values(values))
        record(work, "import.layout", f"import:{import_id}", given)


def questions_of(actor: Actor, import_id: UUID) -> Questions:
    """What the file of a draft asks; raises NotFound, Invalid when its workbook is damaged."""
    found, shape = _found(actor, import_id)
    with reading(actor) as session:
        pipeline = chosen_pipeline(session, str(found.pipeline_id))
        people = member_views(session)
    try:
        with stored_file(actor, import_id) as stream:
            return read_questions(stream, found.size_bytes, shape, found.mapping, pipeline=pipeline, people=people)
    except csv_file.Unreadable as error:
        raise Invalid(FieldProblem("file", str(error)), message=str(error)) from error


def _found(actor: Actor, import_id: UUID) -> tuple[Import, FileShape]:
    with reading(actor) as session:
        found = session.scalars(select(Import).where(Import.id == import_id)).one_or_none()
        if found is None:
            message = "There is no such import"
            raise NotFound(message)
        session.expunge(found)
    return found, FileShape.from_json(found.shape)


def _changeable(work: UnitOfWork, import_id: UUID) -> Import:
    found = locked_import(work, import_id)
    if found.state not in {"draft", "checked"}:
        message = f"This import is {found.state}; its columns stay as they are"
        raise RuleBroken(message, code="IMPORT_STARTED")
    if found.state == "checked":
        reopen_draft(work, found)
    return found


def _stage_map(draft: Import, choices: ImportChoices, pipeline: PipelineView) -> dict[str, str | None]:
    """What was chosen, also for texts the page did not show; stages of another pipeline mean nothing here."""
    known = {str(stage.id) for stage in pipeline.stages}
    if draft.pipeline_id == pipeline.id and not {*choices.stage_map.values()} <= {None, *known}:
        message = f"{pipeline.name} has no such stage; choose one of the list"
        raise Invalid(FieldProblem("stages", message), message=message)
    chosen = {**draft.stage_map, **choices.stage_map}
    return {text: stage for text, stage in chosen.items() if stage is None or stage in known}


def _owner_map(draft: Import, choices: ImportChoices, known: set[str]) -> dict[str, str | None]:
    if not {*choices.owner_map.values()} <= {None, *known}:
        message = "There is no such person in your team; choose one of the list"
        raise Invalid(FieldProblem("owners", message), message=message)
    chosen = {**draft.owner_map, **choices.owner_map}
    return {text: person for text, person in chosen.items() if person is None or person in known}
