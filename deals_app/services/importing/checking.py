"""What an import would do, written beside each row before any of it happens: verdict, changes, likely duplicates.

The same matching and the same differences as the import itself, chunk by chunk under a lease with its own cursor.
Nothing of deals, customers and their ids in other systems is written.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import TextClause, func, select, text, update
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import RuleBroken
from deals_app.models import Import
from deals_app.services.audit import record
from deals_app.services.importing.applying import UNHURRIED
from deals_app.services.importing.differences import TOPS, columns_of, differing
from deals_app.services.importing.likely import find_likely
from deals_app.services.importing.matching import LINES, Plan, next_stretch, refuse
from deals_app.services.importing.run import begin
from deals_app.services.importing.starting import agreed_mapping, demand_importer, locked_import
from deals_app.services.outbox import Lease, finish, renew
from deals_app.services.unit_of_work import unit_of_work

JOB = "deals_app.jobs.imports.check_import"
TOPIC = "import.check"
ROWS_PER_CHUNK = 5_000

# What a person sees of a column that would change: name -> what the deal has, what the file says. The others follow
# from these (the key of a name, the status of a stage).
AS_SHOWN: dict[str, tuple[str, str, str]] = {
    "name": ("name", "d.name", "n.name"),
    "customer_id": (
        "company",
        "(SELECT k.name FROM customers k WHERE k.id = d.customer_id)",
        (
            "COALESCE((SELECT k.name FROM customers k WHERE k.id = n.customer_id),"
            " (SELECT y.name FROM company y WHERE y.customer_id = n.customer_id))"
        ),
    ),
    "stage_id": (
        "stage",
        "(SELECT s.name FROM stages s WHERE s.id = d.stage_id)",
        "(SELECT s.name FROM stages s WHERE s.id = n.stage_id)",
    ),
    "assigned_to": ("owner", "d.assigned_to", "n.assigned_to"),
    "expected_close_date": ("expected_close_date", "d.expected_close_date", "n.expected_close_date"),
    "actual_close_date": ("actual_close_date", "d.actual_close_date", "n.actual_close_date"),
    "probability": ("probability", "trim_scale(d.probability)", "trim_scale(n.probability)"),
    "source": ("source", "d.source", "n.source"),
    "tags": ("tags", "d.tags", "n.tags"),
    "loss_reason": ("loss_reason", "d.loss_reason", "n.loss_reason"),
}
OPEN_ENDED = ("custom_fields", "metadata")

NO_DIFFERENCES = text("CREATE TEMP TABLE change (line integer, changes jsonb) ON COMMIT DROP")

# What was found of each line, and with it the cursor and the counts.
SETTLE = text(f"""
    WITH judged AS (
        UPDATE import_rows r SET
            verdict = CASE WHEN c.problems IS NOT NULL OR c.refusal IS NOT NULL THEN 'reject'
                           WHEN c.matched_id IS NULL THEN 'create'
                           WHEN x.line IS NOT NULL THEN 'update' ELSE 'unchanged' END,
            deal_id = c.matched_id, changes = x.changes,
            review = NULLIF(CASE WHEN c.twin IS NULL THEN '[]' ELSE jsonb_build_array(c.twin) END
                            || COALESCE(l.found, '[]'), '[]'),
            problems = CASE WHEN c.refusal IS NULL THEN c.problems
                            ELSE jsonb_build_array(jsonb_build_object('field', '', 'message', c.refusal)) END,
            updated_at = now()
        FROM chunk c LEFT JOIN change x ON x.line = c.line LEFT JOIN likely l ON l.line = c.line
        WHERE {LINES} AND r.line = c.line
        RETURNING r.verdict, r.review
    )
    UPDATE imports i SET checked_line = :last, plan = i.plan || jsonb_build_object(
        'create', COALESCE((i.plan ->> 'create')::integer, 0) + t.creates,
        'update', COALESCE((i.plan ->> 'update')::integer, 0) + t.updates,
        'unchanged', COALESCE((i.plan ->> 'unchanged')::integer, 0) + t.unchanged,
        'reject', COALESCE((i.plan ->> 'reject')::integer, 0) + t.rejects,
        'review', COALESCE((i.plan ->> 'review')::integer, 0) + t.reviews)
    FROM (SELECT count(*) FILTER (WHERE verdict = 'create') AS creates,
                 count(*) FILTER (WHERE verdict = 'update') AS updates,
                 count(*) FILTER (WHERE verdict = 'unchanged') AS unchanged,
                 count(*) FILTER (WHERE verdict = 'reject') AS rejects,
                 count(*) FILTER (WHERE verdict = 'create' AND review IS NOT NULL) AS reviews
          FROM judged) t
    WHERE i.id = :import_id
""")  # noqa: S608 (the lines stand above)


def check_import(actor: Actor, import_id: UUID) -> None:
    """Queue the check of a draft.

    Raises Forbidden, NotFound, RuleBroken when it was checked or started before, Invalid when no column is the
    deal's name.
    """
    demand_importer(actor)
    with unit_of_work(actor) as work:
        draft = locked_import(work, import_id)
        if draft.state != "draft":
            message = "This import was checked or started already"
            raise RuleBroken(message, code="IMPORT_STARTED")
        values = {"state": "checking", "mapping": agreed_mapping(draft), "plan": {}, "checked_line": 0}
        work.session.execute(update(Import).where(Import.id == import_id).values(values))
        work.enqueue(JOB, TOPIC, {"import_id": str(import_id)})
        record(work, "import.check", f"import:{import_id}", {})


def run_check(tenant_id: str, outbox_id: str) -> None:
    """Bring a check to its end; nothing happens when it is done or another worker is at it."""
    began = {"plan": func.jsonb_build_object("began_at", datetime.now(UTC).isoformat()).op("||")(Import.plan)}
    begun = begin(tenant_id, outbox_id, "checking", began)
    if begun is None:
        return
    while _chunk(*begun):
        pass


def _chunk(actor: Actor, lease: Lease, plan: Plan) -> bool:
    """One chunk in one transaction with its cursor; False when the check has ended."""
    with unit_of_work(actor) as work:
        renew(work.session, lease, gets_on=True)
        found = work.session.execute(
            select(Import.state, Import.checked_line).where(Import.id == plan.import_id).with_for_update()
        ).one()
        going = found.state == "checking"
        if going and judge_chunk(work.session, plan, after=found.checked_line, rows=ROWS_PER_CHUNK):
            return True
        counted = {"plan": Import.plan.op("-")("began_at")}
        ended = {"state": "checked", "checked_at": func.now()} if going else {"finished_at": func.now()}
        work.session.execute(update(Import).where(Import.id == plan.import_id).values(counted | ended))
        finish(work.session, lease)
        return False


def judge_chunk(session: Session, plan: Plan, *, after: int, rows: int) -> bool:
    """Judge the next rows after line `after`, and count them; False when there was none left."""
    session.execute(UNHURRIED)
    stretch = next_stretch(session, plan, after=after, rows=rows, reviews=True)
    if stretch is None:
        return False
    for statement in TOPS:
        session.execute(statement, stretch.values)
    if stretch.matched:
        refuse(session, stretch)
    session.execute(_changes(plan) if stretch.matched else NO_DIFFERENCES, stretch.values)
    find_likely(session, stretch)
    session.execute(SETTLE, stretch.values)
    return True


def _changes(plan: Plan) -> TextClause:
    """Of each row that would change its deal: field -> [what the deal has, what the file says]."""
    columns = columns_of(plan.given)
    shown = [_one(*AS_SHOWN[name], f"n.{name} IS DISTINCT FROM d.{name}") for name in columns if name in AS_SHOWN]
    if "currency" in columns:
        value = "n.value" if "value" in columns else "d.value"
        old = "jsonb_build_object('value', d.value, 'currency', d.currency)"
        new = f"jsonb_build_object('value', {value}, 'currency', n.currency)"
        shown.append(_one("value", old, new, f"({value}, n.currency) IS DISTINCT FROM (d.value, d.currency)"))
    shown += [_each_of(name) for name in OPEN_ENDED]
    return text(f"""
        CREATE TEMP TABLE change ON COMMIT DROP AS
        SELECT n.line, {" || ".join(shown)} AS changes
        FROM ({differing(plan.given)}) n JOIN deals d ON d.id = n.id
    """)  # noqa: S608 (every name stands in the tables above and in differences.py)


def _one(field: str, old: str, new: str, differs: str) -> str:
    return f"CASE WHEN {differs} THEN jsonb_build_object('{field}', jsonb_build_array({old}, {new})) ELSE '{{}}' END"


def _each_of(column: str) -> str:
    """A column that holds many fields: each that differs, as `custom_fields.region`."""
    return f"""CASE WHEN n.{column} IS DISTINCT FROM d.{column} THEN (
        SELECT COALESCE(jsonb_object_agg('{column}.' || e.key, jsonb_build_array(d.{column} -> e.key, e.value)), '{{}}')
        FROM jsonb_each(n.{column}) e WHERE e.value IS DISTINCT FROM d.{column} -> e.key) ELSE '{{}}' END"""  # noqa: S608 (the names stand above)
