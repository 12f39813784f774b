"""Imports as their page, the command line and the API show them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import NotFound
from deals_app.domain.import_views import ImportView, Undoing
from deals_app.domain.views import Page
from deals_app.models import Import
from deals_app.services.queries.cursor import cursor_of, read_cursor
from deals_app.services.queries.names import ActorNames
from deals_app.services.unit_of_work import reading

RECENT = 10
ROWS_PER_STRETCH = 50


def import_view(actor: Actor, import_id: UUID) -> ImportView:
    """The import; raises NotFound."""
    with reading(actor) as session:
        return _view(found_import(session, import_id), ActorNames(session))


def recent_imports(actor: Actor) -> list[ImportView]:
    """The newest imports."""
    return list(import_history(actor, limit=RECENT).items)


def import_history(actor: Actor, after: str | None = None, limit: int = ROWS_PER_STRETCH) -> Page[ImportView]:
    """Every import of the tenant, the newest first, by keyset; raises Invalid for a cursor that is none of ours."""
    statement = select(Import).order_by(Import.created_at.desc(), Import.id.desc()).limit(limit + 1)
    if after:
        at, last_id = read_cursor(after, datetime.fromisoformat)
        statement = statement.where(tuple_(Import.created_at, Import.id) < tuple_(at, last_id))
    with reading(actor) as session:
        rows = session.scalars(statement).all()
        names = ActorNames(session)
        items = tuple(_view(row, names) for row in rows[:limit])
    more = len(rows) > limit
    return Page(items=items, next_after=cursor_of(items[-1].created_at.isoformat(), items[-1].id) if more else None)


def found_import(session: Session, import_id: UUID) -> Import:
    """The import, inside a transaction; raises NotFound."""
    found = session.scalars(select(Import).where(Import.id == import_id)).one_or_none()
    if found is None:
        message = "There is no such import"
        raise NotFound(message)
    return found


def _view(row: Import, names: ActorNames) -> ImportView:
    rows_per_second = _rows_per_second(row)
    left = row.total - row.processed
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
        remarks=tuple(row.shape.get("remarks", ())),
        plan=row.plan,
        actor_name=_who(names, row.actor),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        rows_per_second=rows_per_second,
        seconds_left=-(-left // rows_per_second) if rows_per_second and row.state == "running" else None,
        undoing=_undoing(row, names),
    )


def _undoing(row: Import, names: ActorNames) -> Undoing | None:
    if not row.undo:
        return None
    counts = {key: row.undo[key] for key in ("deleted", "restored", "kept", "already")}
    by_name = _who(names, row.undo["by"])
    return Undoing(total=row.created + row.updated, by_name=by_name, at=row.undone_at, **counts)


def _rows_per_second(row: Import) -> int | None:
    """At least 1. A running import is measured since its rows were staged, an ended one over all of its work."""
    if row.started_at is None or not row.processed:
        return None
    if row.finished_at is None:
        seconds = (datetime.now(UTC) - max(row.started_at, row.staged_at or row.started_at)).total_seconds()
    else:
        seconds = (row.finished_at - row.started_at).total_seconds()
    return max(1, int(row.processed / seconds)) if seconds > 0 else None


def _who(names: ActorNames, reference: str) -> str:
    return "Command line" if reference == "system:cli" else names.of(reference)
