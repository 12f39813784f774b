"""What a person decides about rows of a checked import before it starts."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, update

from deals_app.domain.actor import Actor
from deals_app.domain.errors import NotFound, RuleBroken
from deals_app.models import Import, ImportRow
from deals_app.services.importing.starting import demand_importer, locked_import
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work


def leave_out(actor: Actor, import_id: UUID, line: int, *, is_out: bool) -> None:
    """Want nothing of a row, or want it after all.

    Raises Forbidden, NotFound where no row of that line would do anything, RuleBroken unless the import is checked.
    """
    demand_importer(actor)
    with unit_of_work(actor) as work:
        _demand_checked(work, import_id)
        rows = work.session.execute(
            update(ImportRow)
            .where(ImportRow.import_id == import_id, ImportRow.line == line)
            .where(ImportRow.verdict.in_(("create", "update")))
            .values(decision="skip" if is_out else None)
        )
        if cast("CursorResult[Any]", rows).rowcount == 0:
            message = f"Line {line} would not make or change a deal"
            raise NotFound(message)


def leave_out_duplicates(actor: Actor, import_id: UUID, *, is_out: bool) -> int:
    """The same for all likely duplicates; returns how many. Raises Forbidden, NotFound, RuleBroken."""
    demand_importer(actor)
    with unit_of_work(actor) as work:
        _demand_checked(work, import_id)
        rows = work.session.execute(
            update(ImportRow)
            .where(ImportRow.import_id == import_id, ImportRow.verdict == "create", ImportRow.review.is_not(None))
            .values(decision="skip" if is_out else None)
        )
        return cast("CursorResult[Any]", rows).rowcount


def _demand_checked(work: UnitOfWork, import_id: UUID) -> Import:
    found = locked_import(work, import_id)
    if found.state != "checked":
        message = f"This import is {found.state}; rows are left out between its check and its start"
        raise RuleBroken(message, code="IMPORT_STARTED")
    return found
