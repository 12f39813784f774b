"""An import is taken back: what it made goes, what it changed returns, what people changed since stays and is listed.

Its chunks are operations of the ledger, and each is undone as an operation is by hand (undoing_deals.py), stretch by
stretch, in one transaction with its cursor. Killed anywhere, the next worker goes on; what is undone already, here or
by hand, is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import Forbidden, RuleBroken
from deals_app.models import Import
from deals_app.services.audit import record
from deals_app.services.importing.applying import LOCK
from deals_app.services.importing.starting import locked_import
from deals_app.services.outbox import Lease, finish, renew, take_lease
from deals_app.services.undoing_deals import DealUndo, undos_of, write_undos
from deals_app.services.unit_of_work import UnitOfWork, reading, unit_of_work

JOB = "deals_app.jobs.imports.undo_import"
TOPIC = "import.undoing"

ROWS_PER_STRETCH = 5_000
MAX_ATTEMPTS = 10
NOTHING_YET = {"line": 0, "restored": 0, "deleted": 0, "kept": 0, "already": 0}

# The next rows, each with the ledger's entry of what this import did to its deal.
NEXT_ROWS = text("""
    SELECT r.line, r.deal_id, e.operation, e.id AS event_id
    FROM (SELECT line, deal_id, outcome FROM import_rows WHERE import_id = :import_id AND line > :after
          ORDER BY line LIMIT :rows) r
    LEFT JOIN LATERAL (
        SELECT operation, id FROM deal_events
        WHERE deal_id = r.deal_id AND cause = :import_id AND undoes IS NULL ORDER BY id LIMIT 1
    ) e ON r.outcome IN ('created', 'updated')
    ORDER BY r.line
""")

# A deal that the import made and that stays keeps the name it has in the other system, so that it is known again.
FORGET_REFERENCES = text("""
    DELETE FROM external_refs e USING import_rows r
    WHERE r.import_id = :import_id AND r.line > :after AND r.line <= :last AND r.made_ref
      AND e.system = r.ref_system AND e.external_id = r.external_id AND e.deal_id = r.deal_id
      AND NOT (r.outcome = 'created'
               AND EXISTS (SELECT 1 FROM deals d WHERE d.id = r.deal_id AND d.deleted_at IS NULL))
""")

LIST_KEPT = text("""
    UPDATE import_rows r SET kept = CAST(k.kept AS jsonb)
    FROM unnest(CAST(:deals AS uuid[]), CAST(:kept AS text[])) AS k (deal_id, kept)
    WHERE r.import_id = :import_id AND r.line > :after AND r.line <= :last
      AND r.deal_id = k.deal_id AND r.outcome IN ('created', 'updated')
""")

# Locked first and looked at after: whoever gives one of them a deal at this moment (customers.py) waits, or is seen.
HOLD_CUSTOMERS = text("""
    SELECT id FROM customers WHERE import_id = :import_id AND deleted_at IS NULL AND id > :after
    ORDER BY id LIMIT :rows FOR UPDATE
""")
DELETE_CUSTOMERS = text("""
    UPDATE customers c SET deleted_at = change_time()
    WHERE c.id = ANY(:ids)
      AND NOT EXISTS (SELECT 1 FROM deals d WHERE d.customer_id = c.id AND d.deleted_at IS NULL)
""")


def take_back_import(actor: Actor, import_id: UUID) -> None:
    """Queue the undoing of an import that has ended and changed something; only for managers and admins.

    Raises Forbidden, NotFound, RuleBroken: IMPORT_RUNNING (stop it first), IMPORT_UNDONE (it is, or is about to be),
    NOTHING_TO_UNDO.
    """
    if not actor.manages:
        message = "Only managers and admins take imports back"
        raise Forbidden(message)
    with unit_of_work(actor) as work:
        found = locked_import(work, import_id)
        _demand_undoable(found)
        begun = NOTHING_YET | found.undo | {"by": actor.reference}
        work.session.execute(
            update(Import).where(Import.id == import_id).values(state="undoing", undo=begun, problem=None)
        )
        work.enqueue(JOB, TOPIC, {"import_id": str(import_id), "actor": actor.reference})
        record(work, "import.undo_started", f"import:{import_id}", {})


def undo_import(tenant_id: str, outbox_id: str) -> None:
    """Bring the undoing to its end; nothing happens when it is done or another worker is at it."""
    lease = take_lease(UUID(tenant_id), UUID(outbox_id))
    if lease is None:
        return
    import_id = UUID(lease.payload["import_id"])
    actor = Actor(tenant_id=lease.tenant_id, reference=lease.payload["actor"], role=Role.SYSTEM, door="import")
    if lease.attempts_in_vain > MAX_ATTEMPTS:
        problem = f"Taking it back was given up after {MAX_ATTEMPTS} attempts; it can be tried again"
        _end(actor, lease, import_id, state="done", problem=problem)
        return
    while (stretch := _next_stretch(actor, import_id)) is not None:
        _take_back(actor, lease, stretch)
    last_id: UUID | None = UUID(int=0)
    while last_id is not None:
        last_id = _delete_customers(actor, lease, import_id, after=last_id)
    _end(actor, lease, import_id, state="undone")


def _demand_undoable(found: Import) -> None:
    """Raises RuleBroken, saying why not."""
    if found.state in {"undoing", "undone"}:
        message = "This import is undone already" if found.state == "undone" else "This import is being undone"
        raise RuleBroken(message, code="IMPORT_UNDONE")
    if found.state in {"queued", "running"}:
        message = "This import is still running; stop it first"
        raise RuleBroken(message, code="IMPORT_RUNNING")
    if found.state not in {"done", "failed", "cancelled"} or found.created + found.updated == 0:
        message = "This import has changed nothing, so there is nothing to undo"
        raise RuleBroken(message, code="NOTHING_TO_UNDO")


@dataclass(frozen=True, kw_only=True)
class _Stretch:
    """Lines of an import whose deals were written by one operation, or by none."""

    import_id: UUID
    after: int
    last: int
    operation: UUID | None
    first_event: UUID | None
    deal_ids: tuple[UUID, ...]


def _next_stretch(actor: Actor, import_id: UUID) -> _Stretch | None:
    with reading(actor) as session:
        after = session.scalars(select(Import.undo["line"].as_integer()).where(Import.id == import_id)).one()
        values = {"import_id": import_id, "after": after, "rows": ROWS_PER_STRETCH}
        rows = session.execute(NEXT_ROWS, values).all()
    if not rows:
        return None
    operation = next((row.operation for row in rows if row.operation is not None), None)
    stretch = list(takewhile(lambda row: row.operation in (None, operation), rows))
    written = [row for row in stretch if row.operation is not None]
    return _Stretch(
        import_id=import_id,
        after=after,
        last=stretch[-1].line,
        operation=operation,
        first_event=min((row.event_id for row in written), default=None),
        deal_ids=tuple(row.deal_id for row in written),
    )


def _take_back(actor: Actor, lease: Lease, stretch: _Stretch) -> None:
    """One stretch in one transaction with its cursor and counts."""
    with unit_of_work(actor, cause=stretch.import_id, undoes=stretch.operation) as work:
        renew(work.session, lease, gets_on=True)
        work.session.execute(LOCK)
        counts = dict.fromkeys(("restored", "deleted", "kept", "already"), 0)
        lines = {"import_id": stretch.import_id, "after": stretch.after, "last": stretch.last}
        if stretch.operation is not None and stretch.first_event is not None:
            undos = undos_of(work.session, stretch.operation, stretch.deal_ids, since=stretch.first_event)
            write_undos(work.session, undos)
            counts |= _counted(undos, len(stretch.deal_ids))
            _list_kept(work, [undo for undo in undos if _is_kept(undo)], lines)
        work.session.execute(FORGET_REFERENCES, lines)
        before = work.session.scalars(select(Import.undo).where(Import.id == stretch.import_id)).one()
        now = before | {"line": stretch.last} | {key: before[key] + count for key, count in counts.items()}
        work.session.execute(update(Import).where(Import.id == stretch.import_id).values(undo=now))


def _counted(undos: Sequence[DealUndo], deals: int) -> dict[str, int]:
    """The deals by what became of them; each counts once."""
    kept = sum(_is_kept(undo) for undo in undos)
    deleted = sum(undo.back.deletes for undo in undos)
    restored = sum(bool(undo.back.restored) and not _is_kept(undo) for undo in undos)
    return {"restored": restored, "deleted": deleted, "kept": kept, "already": deals - kept - deleted - restored}


def _is_kept(undo: DealUndo) -> bool:
    """Whether something stays; a deal the import made, and somebody deleted since, is gone as it should be."""
    return bool(undo.back.kept) and not (undo.makes_deal and "deleted_at" in undo.back.kept)


def _list_kept(work: UnitOfWork, undos: Sequence[DealUndo], lines: dict[str, Any]) -> None:
    if not undos:
        return
    told = [
        json.dumps(
            [{"field": kept.field, "actor": kept.actor, "at": kept.at.isoformat()} for kept in undo.outcome().kept]
        )
        for undo in undos
    ]
    work.session.execute(LIST_KEPT, lines | {"deals": [undo.state["id"] for undo in undos], "kept": told})


def _delete_customers(actor: Actor, lease: Lease, import_id: UUID, *, after: UUID) -> UUID | None:
    """Those that the import made and no live deal needs, a stretch of them; the last id looked at, None at the end."""
    with unit_of_work(actor, cause=import_id) as work:
        renew(work.session, lease)
        work.session.execute(LOCK)
        values = {"import_id": import_id, "after": after, "rows": ROWS_PER_STRETCH}
        ids = work.session.scalars(HOLD_CUSTOMERS, values).all()
        work.session.execute(DELETE_CUSTOMERS, {"ids": list(ids)})
        return ids[-1] if ids else None


def _end(actor: Actor, lease: Lease, import_id: UUID, *, state: str, problem: str | None = None) -> None:
    with unit_of_work(actor) as work:
        values = {"state": state, "problem": problem} | ({} if problem else {"undone_at": func.now()})
        counts = work.session.scalars(
            update(Import).where(Import.id == import_id).values(values).returning(Import.undo)
        ).one()
        record(work, f"import.{'undone' if problem is None else 'undo_given_up'}", f"import:{import_id}", counts)
        finish(work.session, lease, error=problem)
