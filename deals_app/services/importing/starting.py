"""An import is started once somebody agrees with its mapping, and may be stopped."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select, update

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.integrations.sources import csv_file
from deals_app.models import Import
from deals_app.services.audit import record
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

JOB = "deals_app.jobs.imports.run_import"
TOPIC = "import.started"


def start_import(actor: Actor, import_id: UUID, mapping: Mapping[str, str] | None = None) -> None:
    """Queue a draft, with the mapping as it was changed or as it was guessed.

    Raises Forbidden, NotFound, RuleBroken when it was started before, Invalid when no column is the deal's name.
    """
    demand_importer(actor)
    with unit_of_work(actor) as work:
        draft = locked_import(work, import_id)
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
    demand_importer(actor)
    with unit_of_work(actor) as work:
        found = locked_import(work, import_id)
        if found.state not in {"draft", "queued", "running"}:
            message = f"This import is {found.state}; there is nothing left to cancel"
            raise RuleBroken(message, code="IMPORT_FINISHED")
        work.session.execute(update(Import).where(Import.id == import_id).values(state="cancelled"))
        record(work, "import.cancelled", f"import:{import_id}", {})


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
