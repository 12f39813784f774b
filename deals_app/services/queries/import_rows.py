"""Rows of an import that people should look at: those it rejected, and those whose deals an undo left as they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from deals_app.domain.actor import Actor
from deals_app.domain.formulas import disarmed
from deals_app.domain.import_views import KeptDeal, RejectedRow
from deals_app.integrations.csv_columns import REASONS, without_reasons
from deals_app.integrations.sources.csv_file import FileShape
from deals_app.models import Deal, ImportRow
from deals_app.services.queries.imports import found_import
from deals_app.services.queries.names import ActorNames
from deals_app.services.queries.timeline import LABELS
from deals_app.services.unit_of_work import reading

Conditions = tuple[ColumnElement[bool], ...]

SHOWN = 50
ROWS_PER_READ = 500
# Spreadsheets take a CSV file for one of their own code page unless it begins with this.
BYTE_ORDER_MARK = "\ufeff"


def rejected_rows(actor: Actor, import_id: UUID) -> list[RejectedRow]:
    """The first rejected rows with their reasons."""
    return _read(actor, _rejected(import_id), after=0, limit=SHOWN)


def rejected_csv(actor: Actor, import_id: UUID, *, as_uploaded: bool = False) -> Iterator[str]:
    """The rejected rows in the columns they came in, to be corrected and imported again; raises NotFound at once.

    Behind them stand `line` and `reason`, which an import leaves out. With `as_uploaded` it has the file's own
    delimiter and, as spreadsheets need it, the mark of UTF-8 (which holds every text); without it is plain CSV for
    programs. Read in stretches: neither memory nor a transaction grows with it.
    """
    with reading(actor) as session:
        found = found_import(session, import_id)
        shape = FileShape.from_json(found.shape)
        rejected = _rejected(import_id, is_planned=found.state in {"checking", "checked"})
        widest = session.scalar(select(func.max(func.jsonb_array_length(ImportRow.cells))).where(*rejected))
    header = without_reasons(shape.header)
    if header == shape.header:
        # A row with more cells than the header has names keeps them all; reasons that came in with a file are renewed.
        header = (*header, *[""] * ((widest or 0) - len(header)))
    if as_uploaded:
        return chain([BYTE_ORDER_MARK], _lines(actor, rejected, header, shape.delimiter or ","))
    return _lines(actor, rejected, header, ",")


def kept_deals(actor: Actor, import_id: UUID) -> list[KeptDeal]:
    """The first deals on which an undo left something, and who had changed it when; one entry a deal and change."""
    with reading(actor) as session:
        rows = session.execute(
            select(ImportRow.line, ImportRow.deal_id, ImportRow.kept, Deal.name, Deal.deleted_at)
            .join(Deal, Deal.id == ImportRow.deal_id)
            .where(ImportRow.import_id == import_id, ImportRow.kept.is_not(None))
            .order_by(ImportRow.line)
            .limit(SHOWN)
        ).all()
        names = ActorNames(session)
    return [
        KeptDeal(
            line=row.line,
            deal_id=row.deal_id,
            name=row.name,
            is_there=row.deleted_at is None,
            fields=_labels([each["field"] for each in changes]),
            actor_name=names.of(actor_reference),
            at=datetime.fromisoformat(at),
        )
        for row in rows
        for (at, actor_reference), changes in groupby(sorted(row.kept, key=_by_change), key=_by_change)
    ]


def _by_change(kept: dict[str, str]) -> tuple[str, str]:
    return kept["at"], kept["actor"]


def _labels(fields: Sequence[str]) -> tuple[str, ...]:
    """What people call them; what only follows from another field is not said."""
    labels = LABELS | {"deleted_at": "Deleted"}
    return tuple(label for field, label in labels.items() if field in fields) or ("Place",)


def _lines(actor: Actor, rejected: Conditions, header: Sequence[str], delimiter: str) -> Iterator[str]:
    yield _csv_lines([[*header, *REASONS]], delimiter)
    after = 0
    while rows := _read(actor, rejected, after=after, limit=ROWS_PER_READ):
        yield _csv_lines(([*_fitted(row.cells, len(header)), *_why(row)] for row in rows), delimiter)
        after = rows[-1].line


def _fitted(cells: Sequence[str], width: int) -> Sequence[str]:
    return [*cells, *[""] * (width - len(cells))][:width]


def _why(row: RejectedRow) -> tuple[str, str]:
    """Under the names of REASONS."""
    return str(row.line), "; ".join(row.reasons)


def _read(actor: Actor, rejected: Conditions, *, after: int, limit: int) -> list[RejectedRow]:
    with reading(actor) as session:
        rows = session.execute(
            select(ImportRow.line, ImportRow.cells, ImportRow.problems)
            .where(*rejected, ImportRow.line > after)
            .order_by(ImportRow.line)
            .limit(limit)
        ).all()
    return [
        RejectedRow(line=row.line, cells=tuple(row.cells), reasons=tuple(_reasons(row.problems or []))) for row in rows
    ]


def _rejected(import_id: UUID, *, is_planned: bool = False) -> Conditions:
    """What was rejected, or will be as a check says; and its problems, as the index speaks of those only."""
    said = ImportRow.verdict == "reject" if is_planned else ImportRow.outcome == "failed"
    return ImportRow.import_id == import_id, said, ImportRow.problems.is_not(None)


def _reasons(problems: list[dict[str, Any]]) -> list[str]:
    return [
        f"{problem['field']}: {problem['message']}" if problem["field"] else problem["message"] for problem in problems
    ]


def _csv_lines(rows: Iterable[Sequence[str]], delimiter: str) -> str:
    lines = io.StringIO(newline="")
    csv.writer(lines, delimiter=delimiter).writerows([*map(disarmed, row)] for row in rows)
    return lines.getvalue()
