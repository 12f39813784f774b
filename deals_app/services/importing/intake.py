"""A file comes in: looked at, kept in the database, and started once somebody agrees with the mapping."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import insert, select, update

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.integrations.sources import csv_file
from deals_app.models import Import, ImportFile
from deals_app.services.audit import record
from deals_app.services.pipelines import chosen_pipeline
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

PART_BYTES = 1024 * 1024
JOB = "deals_app.jobs.imports.run_import"
TOPIC = "import.started"


def receive_file(
    actor: Actor,
    filename: str,
    stream: BinaryIO,
    *,
    chosen: Mapping[str, str] | None = None,
    preset: str | None = None,
    pipeline: str | None = None,
) -> UUID:
    """Keep a file as a draft import with a guessed mapping; `stream` must be seekable. Returns the import's id.

    `chosen` are columns that somebody has mapped already, `preset` whose export it is ("generic": nobody's); without
    it the columns tell. Raises Forbidden for reps, Invalid when the file is no table
    of deals (the message says what it is) or `chosen` does not fit it.
    """
    _demand_importer(actor)
    try:
        shape = csv_file.sniff(stream, chosen=chosen, name_required=False)
        if preset is not None:
            shape = replace(shape, preset=csv_file.preset_named(preset))
        mapping = csv_file.guess_mapping(shape.header, shape.preset, chosen=chosen)
    except (csv_file.Unreadable, csv_file.MappingProblem) as error:
        raise Invalid(FieldProblem("file", str(error)), message=str(error)) from error
    size_bytes = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    with unit_of_work(actor) as work:
        import_id = work.session.scalars(
            insert(Import)
            .values(
                tenant_id=actor.tenant_id,
                pipeline_id=chosen_pipeline(work.session, pipeline).id,
                filename=PurePath(filename.replace("\\", "/")).name[-255:] or "import.csv",
                size_bytes=size_bytes,
                shape=shape.as_json(),
                mapping=mapping,
                system=shape.preset or csv_file.key,
                actor=actor.reference,
            )
            .returning(Import.id)
        ).one()
        for part, content in enumerate(_parts(stream)):
            work.session.execute(
                insert(ImportFile).values(tenant_id=actor.tenant_id, import_id=import_id, part=part, content=content)
            )
        record(work, "import.received", f"import:{import_id}", {"filename": filename, "size_bytes": size_bytes})
    return import_id


def start_import(actor: Actor, import_id: UUID, mapping: Mapping[str, str] | None = None) -> None:
    """Queue a draft, with the mapping as it was changed or as it was guessed.

    Raises Forbidden, NotFound, RuleBroken when it was started before, Invalid when no column is the deal's name.
    """
    _demand_importer(actor)
    with unit_of_work(actor) as work:
        draft = _locked(work, import_id)
        if draft.state != "draft":
            message = "This import was started already"
            raise RuleBroken(message, code="IMPORT_STARTED")
        shape = csv_file.FileShape.from_json(draft.shape)
        try:
            agreed = csv_file.guess_mapping(shape.header, shape.preset, chosen=mapping or draft.mapping)
        except csv_file.MappingProblem as error:
            raise Invalid(FieldProblem("mapping", str(error)), message=str(error)) from error
        if "name" not in agreed.values():
            message = "Say which column holds the deal's name"
            raise Invalid(FieldProblem("mapping", message), message=message)
        work.session.execute(update(Import).where(Import.id == import_id).values(state="queued", mapping=agreed))
        work.enqueue(JOB, TOPIC, {"import_id": str(import_id)})
        record(work, "import.started", f"import:{import_id}", {"mapping": agreed})


def cancel_import(actor: Actor, import_id: UUID) -> None:
    """Stop an import before its next chunk; what is done stays done. Raises Forbidden, NotFound, RuleBroken."""
    _demand_importer(actor)
    with unit_of_work(actor) as work:
        found = _locked(work, import_id)
        if found.state not in {"draft", "queued", "running"}:
            message = f"This import is {found.state}; there is nothing left to cancel"
            raise RuleBroken(message, code="IMPORT_FINISHED")
        work.session.execute(update(Import).where(Import.id == import_id).values(state="cancelled"))
        record(work, "import.cancelled", f"import:{import_id}", {})


def _demand_importer(actor: Actor) -> None:
    if not (actor.manages or actor.role is Role.INGEST):
        message = "Imports are for managers and admins"
        raise Forbidden(message)


def _locked(work: UnitOfWork, import_id: UUID) -> Import:
    found = work.session.scalars(select(Import).where(Import.id == import_id).with_for_update()).one_or_none()
    if found is None:
        message = "There is no such import"
        raise NotFound(message)
    return found


def _parts(stream: BinaryIO) -> Iterator[bytes]:
    while part := stream.read(PART_BYTES):
        yield part
