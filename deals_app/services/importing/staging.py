"""From the stored file to `import_rows`: every row of the file with its line number, understood or with its problems.

COPY cannot write to a table with row security, so each batch goes by COPY into a temporary one and from there on.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, cast
from uuid import UUID

import psycopg
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.drafts import DealDraft
from deals_app.domain.errors import FieldProblem
from deals_app.domain.matching import match_key
from deals_app.domain.stages import find_stage
from deals_app.domain.views import PipelineView, StageView
from deals_app.integrations.sources import csv_file
from deals_app.integrations.sources.csv_file import FileShape, RawRow
from deals_app.models import Import, ImportFile, ImportRow
from deals_app.services.accounts import member_views, owner_ids_by_text
from deals_app.services.outbox import Lease, renew
from deals_app.services.pipelines import chosen_pipeline
from deals_app.services.unit_of_work import reading, unit_of_work

ROWS_PER_BATCH = 5_000
SPOOL_BYTES = 8 * 1024 * 1024

COLUMNS = (
    "tenant_id", "import_id", "line", "cells", "problems", "name", "match_key", "company", "company_key", "value",
    "currency", "stage_id", "status", "probability", "owner_id", "expected_close_date", "actual_close_date",
    "ref_system", "external_id", "source", "loss_reason", "tags", "custom_fields", "metadata",
)  # fmt: skip

# Rows without an id are known again by what they say; the n-th of several equal rows is the n-th deal. The same id
# twice in one file: the first row stands, the others are told where it is. Fresh tables have no statistics, and a
# planner without them joins row by row (26 s for 8,800 rows): so what is found goes through a table with an index.
REPEATED = text("""
    CREATE TEMP TABLE repeated ON COMMIT DROP AS
    SELECT line, first_line, n, ref_system FROM (
        SELECT line, ref_system, min(line) OVER same AS first_line, row_number() OVER (same ORDER BY line) AS n
        FROM import_rows WHERE import_id = :import_id AND problems IS NULL
        WINDOW same AS (PARTITION BY ref_system, external_id)) numbered
    WHERE n > 1
""")
REPEATED_INDEX = text("ALTER TABLE repeated ADD PRIMARY KEY (line)")
SETTLE_REPEATED = text("""
    UPDATE import_rows r SET
        external_id = CASE WHEN e.ref_system = 'row' THEN r.external_id || '#' || e.n ELSE r.external_id END,
        problems = CASE WHEN e.ref_system <> 'row' THEN jsonb_build_array(jsonb_build_object('field', '', 'message',
            'the same id ' || r.external_id || ' stands in line ' || e.first_line || ' already')) END
    FROM repeated e WHERE r.import_id = :import_id AND r.line = e.line
""")


@dataclass(frozen=True, kw_only=True)
class Target:
    """What texts of the file mean for this tenant."""

    actor: Actor
    import_id: UUID
    shape: FileShape
    mapping: Mapping[str, str]
    system: str
    pipeline: PipelineView
    owners: Mapping[str, UUID]


def stage_file(actor: Actor, lease: Lease, import_id: UUID) -> None:
    """Fill `import_rows`, batch by batch under the lease; begins anew when an earlier worker did not finish it.

    Raises csv_file.Unreadable, LeaseLost.
    """
    with reading(actor) as session:
        found = session.scalars(select(Import).where(Import.id == import_id)).one()
        target = Target(
            actor=actor,
            import_id=import_id,
            shape=FileShape.from_json(found.shape),
            mapping=found.mapping,
            system=found.system,
            pipeline=chosen_pipeline(session, str(found.pipeline_id)),
            owners=owner_ids_by_text(member_views(session)),
        )
    with unit_of_work(actor) as work:
        work.session.execute(delete(ImportRow).where(ImportRow.import_id == import_id))
    with _stored_file(actor, import_id) as stream:
        rows = (_staged(row, target) for row in csv_file.rows(stream, target.shape))
        for batch in _batches(rows):
            with unit_of_work(actor) as work:
                renew(work.session, lease)
                _copy(work.session, batch)
    with unit_of_work(actor) as work:
        renew(work.session, lease)
        for statement in (REPEATED, REPEATED_INDEX, SETTLE_REPEATED):
            work.session.execute(statement, {"import_id": import_id} if statement is not REPEATED_INDEX else {})
        total = select(func.count()).where(ImportRow.import_id == import_id).scalar_subquery()
        work.session.execute(update(Import).where(Import.id == import_id).values(staged_at=func.now(), total=total))


@contextmanager
def _stored_file(actor: Actor, import_id: UUID) -> Generator[BinaryIO]:
    """The uploaded file, put together on disk: memory does not grow with it."""
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as stream:
        with reading(actor) as session:
            parts = session.scalars(
                select(ImportFile.content)
                .where(ImportFile.import_id == import_id)
                .order_by(ImportFile.part)
                .execution_options(yield_per=1)
            )
            for part in parts:
                stream.write(part)
        stream.seek(0)
        yield cast("BinaryIO", stream)


def _batches(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while batch := list(islice(rows, ROWS_PER_BATCH)):
        yield batch


def _copy(session: Session, batch: Iterable[tuple[Any, ...]]) -> None:
    names = ", ".join(COLUMNS)
    session.execute(text(f"CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT {names} FROM import_rows LIMIT 0"))  # noqa: S608 (names of COLUMNS)
    connection = cast("psycopg.Connection[Any]", session.connection().connection.driver_connection)
    with connection.cursor() as cursor, cursor.copy(f"COPY staged ({names}) FROM STDIN") as copy:  # pyright: ignore[reportArgumentType]
        for row in batch:
            copy.write_row(row)
    session.execute(text(f"INSERT INTO import_rows ({names}) SELECT {names} FROM staged"))  # noqa: S608 (names of COLUMNS)


def _staged(row: RawRow, target: Target) -> tuple[Any, ...]:
    """One row of the file as a row of `import_rows`, in the order of COLUMNS."""
    draft = csv_file.normalise(row, target.mapping, shape=target.shape, base_currency=target.actor.base_currency)
    start = (target.actor.tenant_id, target.import_id, row.line, _json(row.cells))
    if not isinstance(draft, DealDraft):
        return (*start, _json([_as_json(problem) for problem in draft]), *([None] * (len(COLUMNS) - 5)))
    stage, problem = _stage(draft, target)
    if stage is None or problem is not None:
        return (*start, _json([_as_json(cast("FieldProblem", problem))]), *([None] * (len(COLUMNS) - 5)))
    owner_id = target.owners.get(draft.owner_text.casefold()) if draft.owner_text else None
    return (
        *start,
        None,
        draft.name,
        match_key(draft.name),
        draft.company,
        match_key(draft.company) if draft.company else None,
        draft.value_minor,
        draft.currency or target.actor.base_currency,
        stage.id,
        stage.status,
        draft.probability,
        owner_id,
        draft.expected_close_on if stage.is_open else None,
        None if stage.is_open else draft.closed_on,
        target.system if draft.external_id else "row",
        draft.external_id or _fingerprint(row.cells),
        draft.source,
        draft.loss_reason if stage.status == "closed_lost" else None,
        list(draft.tags),
        _json(dict(draft.custom)),
        _json(_metadata(draft, owner_known=owner_id is not None)),
    )


def _stage(draft: DealDraft, target: Target) -> tuple[StageView | None, FieldProblem | None]:
    """The stage a row means; an unknown one is an error of that row, never silently the first stage."""
    stages = target.pipeline.stages
    if not draft.stage_text:
        return next(stage for stage in stages if stage.is_open), None
    stage = find_stage(draft.stage_text, stages)
    if stage is not None:
        return stage, None
    column = next((name for name, field in target.mapping.items() if field == "stage"), "stage")
    known = ", ".join(stage.name for stage in stages)
    return None, FieldProblem(column, f"“{draft.stage_text}” is no stage of {target.pipeline.name}; known are {known}")


def _metadata(draft: DealDraft, *, owner_known: bool) -> dict[str, str]:
    """What has no column of its own: contact, description, and the owner's name when it is nobody here."""
    kept = {
        "contact_email": draft.contact_email,
        "contact_name": draft.contact_name,
        "description": draft.description,
        "owner_name": None if owner_known else draft.owner_text,
        "created_on": draft.created_on.isoformat() if draft.created_on else None,
    }
    return {key: value for key, value in kept.items() if value}


def _as_json(problem: FieldProblem) -> dict[str, str]:
    return {"field": problem.field, "message": problem.message}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _fingerprint(cells: list[str]) -> str:
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()[:40]
