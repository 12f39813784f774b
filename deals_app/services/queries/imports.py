"""Imports as their page, the command line and the API show them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import NotFound
from deals_app.domain.import_views import ImportView, RejectedRow
from deals_app.integrations.sources import csv_file
from deals_app.models import Import, ImportRow
from deals_app.services.accounts import member_views
from deals_app.services.unit_of_work import reading

RECENT = 10
SHOWN_REJECTED = 50
SAMPLE_ROWS = 3
# Text that a spreadsheet would run as a formula gets an apostrophe, which imports take off again.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def import_view(actor: Actor, import_id: UUID) -> ImportView:
    """The import; raises NotFound."""
    with reading(actor) as session:
        return _view(session, found_import(session, import_id))


def recent_imports(actor: Actor) -> list[ImportView]:
    """The newest imports."""
    with reading(actor) as session:
        rows = session.scalars(select(Import).order_by(Import.created_at.desc(), Import.id.desc()).limit(RECENT)).all()
        names = {str(member.id): member.name for member in member_views(session)}
        return [_view(session, row, names) for row in rows]


def rejected_rows(actor: Actor, import_id: UUID) -> list[RejectedRow]:
    """The first rejected rows with their reasons."""
    with reading(actor) as session:
        rows = session.execute(
            select(ImportRow.line, ImportRow.cells, ImportRow.problems)
            .where(*_rejected(import_id))
            .order_by(ImportRow.line)
            .limit(SHOWN_REJECTED)
        ).all()
    return [
        RejectedRow(line=row.line, cells=tuple(row.cells), reasons=tuple(_reasons(row.problems or []))) for row in rows
    ]


def rejected_csv(actor: Actor, import_id: UUID) -> Iterator[str]:
    """The rejected rows as CSV, line by line: the file's own columns, then `line` and `reason`. Raises NotFound."""
    with reading(actor) as session:
        header = csv_file.FileShape.from_json(found_import(session, import_id).shape).header
        rows = session.execute(
            select(ImportRow.line, ImportRow.cells, ImportRow.problems)
            .where(*_rejected(import_id))
            .order_by(ImportRow.line)
        ).all()
    yield _csv_line([*header, "line", "reason"])
    for row in rows:
        cells = [*row.cells, *([""] * (len(header) - len(row.cells)))][: len(header)]
        yield _csv_line([*map(_disarmed, cells), str(row.line), "; ".join(_reasons(row.problems or []))])


def found_import(session: Session, import_id: UUID) -> Import:
    """The import, inside a transaction; raises NotFound."""
    found = session.scalars(select(Import).where(Import.id == import_id)).one_or_none()
    if found is None:
        message = "There is no such import"
        raise NotFound(message)
    return found


def _view(session: Session, row: Import, names: dict[str, str] | None = None) -> ImportView:
    if names is None:
        names = {str(member.id): member.name for member in member_views(session)}
    kind, _, actor_id = row.actor.partition(":")
    return ImportView(
        id=row.id,
        filename=row.filename,
        size_bytes=row.size_bytes,
        state=row.state,
        problem=row.problem,
        total=row.total,
        processed=row.processed,
        created=row.created,
        updated=row.updated,
        unchanged=row.unchanged,
        failed=row.failed,
        skipped=row.skipped,
        header=tuple(row.shape["header"]),
        mapping=row.mapping,
        system=row.system,
        actor_name=names.get(actor_id, "A former member") if kind == "user" else "Command line or API",
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _rejected(import_id: UUID) -> tuple[ColumnElement[bool], ...]:
    """Both, as the index speaks of the problems only."""
    return ImportRow.import_id == import_id, ImportRow.outcome == "failed", ImportRow.problems.is_not(None)


def _reasons(problems: list[dict[str, str]]) -> list[str]:
    return [
        f"{problem['field']}: {problem['message']}" if problem["field"] else problem["message"] for problem in problems
    ]


def _disarmed(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def _csv_line(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
