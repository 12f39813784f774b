"""From the stored file to `import_rows`: every row of the file with its line number, understood or with its problems.

COPY cannot write to a table with row security, so each batch goes by COPY into a temporary one and from there on.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any, TypeVar, cast
from uuid import UUID

import psycopg
from sqlalchemy import CursorResult, delete, func, select, text, update
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.drafts import DealDraft
from deals_app.domain.errors import FieldProblem
from deals_app.domain.left_out import LeftOutLines
from deals_app.domain.matching import match_key
from deals_app.domain.stages import find_stage, stage_fold
from deals_app.domain.views import PipelineView, StageView
from deals_app.integrations.sources import csv_file
from deals_app.integrations.sources.csv_file import FileShape, RawRow
from deals_app.models import Import, ImportRow
from deals_app.services.accounts import member_views, owner_ids_by_text
from deals_app.services.importing.applying import UNHURRIED
from deals_app.services.importing.stored_file import stored_file
from deals_app.services.outbox import Lease, renew
from deals_app.services.pipelines import find_pipeline, pipeline_views
from deals_app.services.unit_of_work import reading, unit_of_work

Found = TypeVar("Found")

ROWS_PER_BATCH = 10_000
# Longer texts are no names that stand in many rows.
LONGEST_REMEMBERED = 200

COLUMNS = (
    "line", "cells", "problems", "name", "match_key", "company", "company_key", "value", "currency", "stage_id",
    "status", "probability", "owner_id", "expected_close_date", "actual_close_date", "ref_system", "external_id",
    "source", "loss_reason", "tags", "custom_fields", "metadata",
)  # fmt: skip
OUR_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# What a row with problems says no more about.
NOTHING = (None,) * (len(COLUMNS) - 3)

NAMES = ", ".join(COLUMNS)
STAGED = text(f"CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT {NAMES} FROM import_rows LIMIT 0")  # noqa: S608 (names of COLUMNS)
COPY = f"COPY staged ({NAMES}) FROM STDIN"
KEEP = text(f"""
    INSERT INTO import_rows (tenant_id, import_id, {NAMES}) SELECT :tenant_id, :import_id, {NAMES} FROM staged
""")  # noqa: S608 (names of COLUMNS)

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


class Target:
    """What texts of the file mean for this tenant; each is looked up once."""

    def __init__(
        self, found: Import, actor: Actor, pipelines: Sequence[PipelineView], owners: Mapping[str, UUID]
    ) -> None:
        pipeline = find_pipeline(pipelines, str(found.pipeline_id))
        self.shape = FileShape.from_json(found.shape)
        self.mapping = found.mapping
        self.system = found.system
        self.pipeline = pipeline
        self._others = {other.name: other for other in pipelines if other.id != pipeline.id}
        self.base_currency = actor.base_currency
        self.reading = csv_file.reading_of(self.shape, self.mapping, self.base_currency)
        self._owners = {**owners, **chosen_owners(found.owner_map, owners)}
        self._stages = chosen_stages(found.stage_map, pipeline)
        self.stage = remembered(self._stage)
        self.company_key = remembered(match_key)

    def owner_id(self, text: str | None) -> UUID | None:
        """Whom a text means as the owner; None for nobody of this tenant."""
        return self._owners.get(text.casefold()) if text else None

    def stage_of(self, draft: DealDraft) -> StageView | FieldProblem:
        """The stage a row means. One with an id of ours is from our own export, which holds deals of every pipeline."""
        other = self._others.get(draft.pipeline_text or "")
        if other is not None and OUR_ID.fullmatch(draft.external_id or ""):
            return find_stage(draft.stage_text or "", other.stages) or self.stage(draft.stage_text or "")
        return self.stage(draft.stage_text or "")

    def _stage(self, stage_text: str) -> StageView | FieldProblem:
        """The stage a row means; an unknown one is an error of that row, never silently the first stage."""
        stages = self.pipeline.stages
        if not stage_text:
            return next(stage for stage in stages if stage.is_open)
        if (stage := self._stages.get(stage_fold(stage_text)) or find_stage(stage_text, stages)) is not None:
            return stage
        column = next((name for name, field in self.mapping.items() if field == "stage"), "stage")
        known = ", ".join(stage.name for stage in stages)
        return FieldProblem(column, f"“{stage_text}” is no stage of {self.pipeline.name}; known are {known}")


def chosen_stages(stage_map: Mapping[str, str | None], pipeline: PipelineView) -> dict[str, StageView]:
    """The stages that a person chose for texts of the file, by the folded text; those of other pipelines left out."""
    by_id = {str(stage.id): stage for stage in pipeline.stages}
    return {stage_fold(text): by_id[chosen] for text, chosen in stage_map.items() if chosen and chosen in by_id}


def chosen_owners(owner_map: Mapping[str, str | None], owners: Mapping[str, UUID]) -> dict[str, UUID]:
    """The people that a person chose for texts of the file, by the case-folded text; former members left out."""
    return {text.casefold(): owners[chosen] for text, chosen in owner_map.items() if chosen and chosen in owners}


def remembered(find: Callable[[str], Found]) -> Callable[[str], Found]:
    """The same for a text that comes again; a long one is not kept in memory."""
    known = lru_cache(maxsize=16_384)(find)
    return lambda text: known(text) if len(text) <= LONGEST_REMEMBERED else find(text)


def stage_file(actor: Actor, lease: Lease, import_id: UUID) -> None:
    """Fill `import_rows`, batch by batch under the lease; begins anew when an earlier worker did not finish it.

    Raises csv_file.Unreadable, LeaseLost.
    """
    with reading(actor) as session:
        found = session.scalars(select(Import).where(Import.id == import_id)).one()
        target = Target(found, actor, pipeline_views(session), owner_ids_by_text(member_views(session)))
        shape = found.shape
    with unit_of_work(actor) as work:
        work.session.execute(delete(ImportRow).where(ImportRow.import_id == import_id))
    left_out = LeftOutLines()
    with stored_file(actor, import_id) as stream:
        rows = (_staged(row, target) for row in csv_file.rows(stream, target.shape, left_out.add))
        for first in rows:
            with unit_of_work(actor) as work:
                renew(work.session, lease)
                work.session.execute(UNHURRIED)
                _copy(work.session, chain([first], islice(rows, ROWS_PER_BATCH - 1)))
                work.session.execute(KEEP, {"tenant_id": actor.tenant_id, "import_id": import_id})
    with unit_of_work(actor) as work:
        renew(work.session, lease)
        repeated = cast("CursorResult[Any]", work.session.execute(REPEATED, {"import_id": import_id}))
        if repeated.rowcount:
            work.session.execute(REPEATED_INDEX)
            work.session.execute(SETTLE_REPEATED, {"import_id": import_id})
        total = select(func.count()).where(ImportRow.import_id == import_id).scalar_subquery()
        values = {"staged_at": func.now(), "total": total, "shape": shape | {"left_out": left_out.as_json()}}
        work.session.execute(update(Import).where(Import.id == import_id).values(values))


def _copy(session: Session, batch: Iterable[tuple[Any, ...]]) -> None:
    """Into the temporary table, which the server fills while we read on."""
    session.execute(STAGED)
    connection = cast("psycopg.Connection[Any]", session.connection().connection.driver_connection)
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for row in batch:
            copy.write_row(row)


def _staged(row: RawRow, target: Target) -> tuple[Any, ...]:
    """One row of the file as a row of `import_rows`, in the order of COLUMNS."""
    draft = csv_file.normalise(row, target.reading)
    cells = f"[{', '.join(map(_json_text, row.cells))}]"
    if not isinstance(draft, DealDraft):
        return (row.line, cells, _json([_as_json(problem) for problem in draft]), *NOTHING)
    stage = target.stage_of(draft)
    if isinstance(stage, FieldProblem):
        return (row.line, cells, _json([_as_json(stage)]), *NOTHING)
    owner_id = target.owner_id(draft.owner_text)
    return (
        row.line,
        cells,
        None,
        draft.name,
        match_key(draft.name),
        draft.company,
        target.company_key(draft.company) if draft.company else None,
        draft.value_minor,
        draft.currency or target.base_currency,
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
        list(draft.tags) or "{}",
        _json(draft.custom) if draft.custom else "{}",
        _json(_metadata(draft, owner_known=owner_id is not None)),
    )


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


# `json.dumps` would make a new encoder for each cell; a list of texts needs none.
_json = json.JSONEncoder(ensure_ascii=False).encode
_json_text = json.encoder.encode_basestring


def _fingerprint(cells: list[str]) -> str:
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()[:40]
