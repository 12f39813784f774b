"""A file comes in: looked at and kept in the database, with a guess of what its columns mean."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import insert

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Invalid
from deals_app.integrations.sources import csv_file
from deals_app.models import Import, ImportFile
from deals_app.services.audit import record
from deals_app.services.importing.starting import demand_importer
from deals_app.services.pipelines import chosen_pipeline
from deals_app.services.unit_of_work import unit_of_work

PART_BYTES = 1024 * 1024


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
    demand_importer(actor)
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


def _parts(stream: BinaryIO) -> Iterator[bytes]:
    while part := stream.read(PART_BYTES):
        yield part
