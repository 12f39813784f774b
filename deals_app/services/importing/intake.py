"""A file comes in: looked at and kept in the database, with a guess of what its columns mean."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import BinaryIO, Final
from uuid import UUID

from sqlalchemy import insert, or_, select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Invalid
from deals_app.domain.matching import fold
from deals_app.integrations.sources import csv_file
from deals_app.integrations.sources.csv_file import FileShape
from deals_app.models import Import, ImportFile, Pipeline
from deals_app.services.audit import record
from deals_app.services.importing.starting import demand_importer
from deals_app.services.pipelines import chosen_pipeline
from deals_app.services.unit_of_work import reading, unit_of_work

PART_BYTES: Final = 1024 * 1024


def receive_file(
    actor: Actor,
    filename: str,
    stream: BinaryIO,
    *,
    chosen: Mapping[str, str] | None = None,
    preset: str | None = None,
    pipeline: str | None = None,
    attended: bool = False,
) -> UUID:
    """Keep a file as a draft import with a guessed mapping; `stream` must be seekable. Returns the import's id.

    `chosen` are columns that somebody has mapped already, `preset` whose export it is ("generic": nobody's); without
    it the columns tell. A file with the columns of an earlier import is read as that one was. `attended` when a person
    will look at the columns: then values are guessed by too, and the pipeline is that of the earlier import.

    Raises Forbidden for reps, Invalid when the file is no table of deals (the message says what it is) or `chosen`
    does not fit it.
    """
    demand_importer(actor)
    try:
        shape = csv_file.sniff(stream, chosen=chosen, name_required=False)
        header_key = header_key_of(shape)
        with reading(actor) as session:
            before = import_before(session, header_key)
            session.expunge_all()
            remembered = _usable(before, shape) if before is not None and not chosen else None
        said_preset = preset or (before.shape.get("said", {}).get("preset") if before is not None else None)
        if said_preset is not None:
            shape = replace(shape, preset=csv_file.preset_named(said_preset), said={"preset": said_preset})
        mapping = csv_file.guess_mapping(shape.header, shape.preset, chosen=chosen or remembered)
        if attended and not remembered:
            mapping = csv_file.guess_by_values(shape.header, shape.first_rows, mapping)
        shape = judged_as(stream, shape, mapping, before)
    except (csv_file.Unreadable, csv_file.MappingProblem) as error:
        raise Invalid(FieldProblem("file", str(error)), message=str(error)) from error
    size_bytes = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    with unit_of_work(actor) as work:
        if attended and before is not None and pipeline is None:
            pipeline = _still_there(work.session, before)
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
                stage_map=before.stage_map if before else {},
                owner_map=before.owner_map if before else {},
                header_key=header_key,
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


def header_key_of(shape: FileShape) -> str:
    """The same for files with the same columns of the same vendor, as they tell it, whatever a person said of them."""
    told = csv_file.guess_preset(shape.header) or ""
    return hashlib.sha256("\x1f".join((told, *map(fold, csv_file.without_reasons(shape.header)))).encode()).hexdigest()[
        :40
    ]


def import_before(session: Session, header_key: str, *, other_than: UUID | None = None) -> Import | None:
    """The latest import of a file with these columns that was started; `other_than` this one."""
    was_started = or_(Import.started_at.is_not(None), Import.state == "queued")
    same = select(Import).where(Import.header_key == header_key, was_started, Import.id != other_than)
    return session.scalars(same.order_by(Import.created_at.desc(), Import.id.desc()).limit(1)).one_or_none()


def judged_as(
    stream: BinaryIO, shape: FileShape, mapping: Mapping[str, str], before: Import | None = None
) -> FileShape:
    """The shape judged by the columns that have figures under `mapping`; open dates are read as they were `before`.

    Raises Unreadable.
    """
    if csv_file.figure_columns(mapping) != csv_file.figure_columns(csv_file.guess_mapping(shape.header, shape.preset)):
        shape = csv_file.judged(stream, shape, mapping)
    if before is not None and shape.open_date is not None:
        shape = replace(shape, date_order=before.shape["date_order"])
    return shape


def _usable(before: Import, shape: FileShape) -> dict[str, str] | None:
    """The earlier mapping under this file's spelling of the columns; None when it does not fit."""
    mapped = {fold(column): target for column, target in before.mapping.items()}
    columns = {column: fold(column) for column in csv_file.without_reasons(shape.header)}
    return (
        {column: mapped[name] for column, name in columns.items()} if set(columns.values()) <= mapped.keys() else None
    )


def _still_there(session: Session, before: Import) -> str | None:
    found = session.scalars(select(Pipeline.id).where(Pipeline.id == before.pipeline_id)).one_or_none()
    return None if found is None else str(found)


def _parts(stream: BinaryIO) -> Iterator[bytes]:
    while part := stream.read(PART_BYTES):
        yield part
