"""An import is started once somebody agrees with its mapping, may go back to its columns, and may be stopped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.integrations.sources import csv_file
from deals_app.models import Import, ImportRow
from deals_app.services.audit import record
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

JOB = "deals_app.jobs.imports.run_import"
TOPIC = "import.started"


def start_import(actor: Actor, import_id: UUID, mapping: Mapping[str, str] | None = None) -> None:
    """Queue a draft, with the mapping as it was changed or as it was guessed, or an import that was checked.

    Another mapping than the one that was checked is read anew. Raises Forbidden, NotFound, RuleBroken when it was
    started before, Invalid when no column is the deal's name.
    """
    demand_importer(actor)
    with unit_of_work(actor) as work:
        found = locked_import(work, import_id)
        if found.state not in {"draft", "checked"}:
            message = "This import was started already"
            raise RuleBroken(message, code="IMPORT_STARTED")
        agreed = agreed_mapping(found, mapping)
        if found.state == "checked" and agreed != found.mapping:
            reopen_draft(work, found)
        work.session.execute(update(Import).where(Import.id == import_id).values(state="queued", mapping=agreed))
        work.enqueue(JOB, TOPIC, {"import_id": str(import_id)})
        record(work, "import.started", f"import:{import_id}", {"mapping": agreed})


def change_columns(actor: Actor, import_id: UUID) -> None:
    """Take a checked import back to its columns. Raises Forbidden, NotFound, RuleBroken when it is not checked."""
    demand_importer(actor)
    with unit_of_work(actor) as work:
        found = locked_import(work, import_id)
        if found.state not in {"draft", "checked"}:
            message = f"This import is {found.state}; its columns stay as they are"
            raise RuleBroken(message, code="IMPORT_STARTED")
        reopen_draft(work, found)


def reopen_draft(work: UnitOfWork, found: Import) -> None:
    """A draft again, to be read anew: what was staged and checked speaks of other columns. Held by `locked_import`."""
    work.session.execute(delete(ImportRow).where(ImportRow.import_id == found.id))
    values: dict[str, Any] = {
        "state": "draft",
        "total": 0,
        "staged_at": None,
        "checked_at": None,
        "checked_line": 0,
        "plan": {},
    }
    work.session.execute(update(Import).where(Import.id == found.id).values(values))


def cancel_import(actor: Actor, import_id: UUID) -> None:
    """Stop an import before its next chunk; what is done stays done. Raises Forbidden, NotFound, RuleBroken."""
    demand_importer(actor)
    with unit_of_work(actor) as work:
        found = locked_import(work, import_id)
        if found.state not in {"draft", "checking", "checked", "queued", "running"}:
            message = f"This import is {found.state}; there is nothing left to cancel"
            raise RuleBroken(message, code="IMPORT_FINISHED")
        work.session.execute(update(Import).where(Import.id == import_id).values(state="cancelled"))
        record(work, "import.cancelled", f"import:{import_id}", {})


def agreed_mapping(found: Import, mapping: Mapping[str, str] | None = None) -> dict[str, str]:
    """What each column of the file is taken for; raises Invalid when none is the deal's name."""
    shape = csv_file.FileShape.from_json(found.shape)
    try:
        agreed = csv_file.guess_mapping(shape.header, shape.preset, chosen=mapping or found.mapping)
    except csv_file.MappingProblem as error:
        raise Invalid(FieldProblem("mapping", str(error)), message=str(error)) from error
    if "name" not in agreed.values():
        message = "Say which column holds the deal's name"
        raise Invalid(FieldProblem("mapping", message), message=message)
    return agreed


def demand_importer(actor: Actor) -> None:
    """Raises Forbidden for whoever may not import."""
    if not (actor.manages or actor.role is Role.INGEST):
        message = "Imports are for managers and admins"
        raise Forbidden(message)


def locked_import(work: UnitOfWork, import_id: UUID) -> Import:
    """The import, held until the end of the transaction; raises NotFound."""
    found = work.session.scalars(select(Import).where(Import.id == import_id).with_for_update()).one_or_none()
    if found is None:
        message = "There is no such import"
        raise NotFound(message)
    return found
