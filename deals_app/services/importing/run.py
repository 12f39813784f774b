"""An import's work, as its job does it: stage the file, then apply it chunk by chunk under a lease.

Killed anywhere, the next worker goes on where the last committed chunk ended.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select, update

from deals_app.domain.actor import Actor, Role
from deals_app.domain.calendar import today_in
from deals_app.integrations.sources import csv_file
from deals_app.integrations.sources.csv_file import FIELDS
from deals_app.models import Import, ImportRow, Tenant
from deals_app.services.importing.applying import apply_chunk
from deals_app.services.importing.matching import Plan
from deals_app.services.importing.staging import stage_file
from deals_app.services.outbox import Lease, finish, renew, take_lease
from deals_app.services.unit_of_work import reading, unit_of_work

ROWS_PER_CHUNK = 5_000
# A file that kills ten workers would kill the eleventh.
MAX_ATTEMPTS = 10


def run_import(tenant_id: str, outbox_id: str) -> None:
    """Bring an import to its end; nothing happens when it is done or another worker is at it."""
    begun = begin(tenant_id, outbox_id, "queued", {"state": "running", "started_at": func.now()})
    if begun is None:
        return
    while _chunk(*begun):
        pass


def begin(tenant_id: str, outbox_id: str, state: str, values: dict[str, Any]) -> tuple[Actor, Lease, Plan] | None:
    """Take the lease, give an import that still is in `state` its `values`, stage its file unless that was done.

    None when there is nothing to do: the work is done, somebody else is at it, or the file cannot be read, which the
    import then says.
    """
    lease = take_lease(UUID(tenant_id), UUID(outbox_id))
    if lease is None:
        return None
    import_id = UUID(lease.payload["import_id"])
    actor = _importer(lease, import_id)
    if lease.attempts_in_vain > MAX_ATTEMPTS:
        _fail(actor, lease, import_id, f"The import was given up after {MAX_ATTEMPTS} attempts")
        return None
    with unit_of_work(actor) as work:
        renew(work.session, lease)
        work.session.execute(update(Import).where(Import.id == import_id, Import.state == state).values(values))
        is_staged = work.session.scalars(select(Import.staged_at).where(Import.id == import_id)).one() is not None
    try:
        if not is_staged:
            stage_file(actor, lease, import_id)
    except csv_file.Unreadable as error:
        _fail(actor, lease, import_id, str(error))
        return None
    return actor, lease, _plan(actor, import_id)


def _importer(lease: Lease, import_id: UUID) -> Actor:
    """Whoever started the import, through its door; what they may was checked when they did."""
    blank = Actor(tenant_id=lease.tenant_id, reference="system:import", role=Role.SYSTEM, door="import")
    with reading(blank) as session:
        reference = session.scalars(select(Import.actor).where(Import.id == import_id)).one()
        tenant = session.scalars(select(Tenant)).one()
        return Actor(
            tenant_id=lease.tenant_id,
            reference=reference,
            role=Role.SYSTEM,
            door="import",
            time_zone=tenant.time_zone,
            base_currency=tenant.base_currency,
        )


def _plan(actor: Actor, import_id: UUID) -> Plan:
    fills = {field.key: field.fills for field in FIELDS}
    left_out = exists().where(ImportRow.import_id == import_id, ImportRow.decision == "skip")
    with reading(actor) as session:
        found = session.scalars(select(Import).where(Import.id == import_id)).one()
        return Plan(
            import_id=import_id,
            pipeline_id=found.pipeline_id,
            today=today_in(actor.time_zone),
            given=frozenset(name for target in found.mapping.values() for name in fills.get(target, ())),
            system=found.system,
            is_checked=found.checked_at is not None,
            leaves_out=found.checked_at is not None and bool(session.scalar(select(left_out))),
        )


def _chunk(actor: Actor, lease: Lease, plan: Plan) -> bool:
    """One chunk in one transaction with its cursor; False when the import has ended."""
    with unit_of_work(actor, cause=plan.import_id) as work:
        renew(work.session, lease, gets_on=True)
        found = work.session.execute(
            select(Import.state, Import.cursor_line).where(Import.id == plan.import_id).with_for_update()
        ).one()
        going = found.state == "running"
        if going and apply_chunk(work.session, plan, after=found.cursor_line, rows=ROWS_PER_CHUNK) is not None:
            return True
        values = {"finished_at": func.now()} | ({"state": "done"} if going else {})
        work.session.execute(update(Import).where(Import.id == plan.import_id).values(values))
        finish(work.session, lease)
        return False


def _fail(actor: Actor, lease: Lease, import_id: UUID, problem: str) -> None:
    with unit_of_work(actor) as work:
        work.session.execute(
            update(Import).where(Import.id == import_id).values(state="failed", problem=problem, finished_at=func.now())
        )
        finish(work.session, lease, error=problem)
