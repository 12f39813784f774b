"""From `import_rows` to deals: a stretch of lines in one transaction, set-based, together with its cursor.

Which deal a row is about says matching.py, what it would change in it differences.py; here it is written.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any, cast

from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.orm import Session

from deals_app.services.importing.differences import ON_TOP, TOPS, columns_of, differing
from deals_app.services.importing.matching import LINES, Plan, next_stretch, refuse

# One import of a tenant at a time applies a chunk: two people with the same file make each deal and customer once.
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('import:' || current_tenant()::text, 0))")

# A crash of the server may take the newest transactions with it, each chunk with its cursor, and they are done again.
# The last one of staging and of the import wait for the disk, and with them everything before.
UNHURRIED = text("SET LOCAL synchronous_commit = off")

NEW_CUSTOMERS = text("""
    INSERT INTO customers (tenant_id, id, name, match_key, import_id)
    SELECT tenant_id, customer_id, name, key, :import_id FROM company WHERE is_new
""")

UPDATED = text("CREATE TEMP TABLE updated (id uuid PRIMARY KEY) ON COMMIT DROP")

# Held until the chunk is done, so that a drag at the same moment is seen and never overwritten. In the order of ids:
# two that wait for each other would end with an error for one.
HOLD_MATCHED = text("""
    SELECT count(*) FROM (
        SELECT d.id FROM deals d WHERE d.id IN (SELECT matched_id FROM chunk) ORDER BY d.id FOR UPDATE) held
""")

INSERT = text(f"""
    INSERT INTO deals (tenant_id, id, customer_id, assigned_to, name, match_key, value, currency, pipeline_id, stage_id,
        status, probability, source, ingested_from, expected_close_date, actual_close_date, loss_reason, tags,
        custom_fields, metadata, position, created_at, stage_entered_at)
    SELECT c.tenant_id, c.fresh_id, company.customer_id, c.owner_id, c.name, c.match_key, c.value, c.currency,
        tops.pipeline_id, c.stage_id, c.status,
        CASE WHEN c.status = 'open' THEN COALESCE(c.probability, tops.probability) ELSE tops.probability END,
        COALESCE(c.source, 'inbound'), 'csv', c.expected_close_date,
        CASE WHEN c.status <> 'open' THEN COALESCE(c.actual_close_date, :today) END, c.loss_reason, c.tags,
        c.custom_fields, c.metadata, {ON_TOP}, (SELECT change_time()), (SELECT change_time())
    FROM chunk c JOIN tops ON tops.stage_id = c.stage_id
    LEFT JOIN company ON company.key = c.company_key
    WHERE c.matched_id IS NULL AND c.problems IS NULL
    ORDER BY c.line
""")  # noqa: S608 (the expression stands above)

# An id that another door has taken meanwhile is an error: the chunk is rolled back, and finds that deal the next time.
REFERENCES = text("""
    INSERT INTO external_refs (tenant_id, system, external_id, deal_id)
    SELECT tenant_id, ref_system, external_id, COALESCE(matched_id, fresh_id) FROM chunk
    WHERE problems IS NULL AND refusal IS NULL AND (matched_id IS NULL OR is_matched_by_name)
""")

# Left out by a person. Only asked of an import of which that is true.
LEAVE_OUT = text(f"""
    UPDATE import_rows r SET outcome = 'skipped', updated_at = now() WHERE {LINES} AND r.decision = 'skip'
""")  # noqa: S608 (the lines stand above)

# What became of each line, and with it the cursor and the counts.
SETTLE = text(f"""
    WITH settled AS (
        UPDATE import_rows r SET
            outcome = CASE WHEN c.problems IS NOT NULL OR c.refusal IS NOT NULL THEN 'failed'
                           WHEN c.matched_id IS NULL THEN 'created'
                           WHEN u.id IS NOT NULL THEN 'updated' ELSE 'unchanged' END,
            deal_id = CASE WHEN c.problems IS NULL THEN COALESCE(c.matched_id, c.fresh_id) END,
            problems = CASE WHEN c.refusal IS NULL THEN c.problems
                            ELSE jsonb_build_array(jsonb_build_object('field', '', 'message', c.refusal)) END,
            made_ref = c.problems IS NULL AND c.refusal IS NULL AND (c.matched_id IS NULL OR c.is_matched_by_name),
            updated_at = now()
        FROM chunk c LEFT JOIN updated u ON u.id = c.matched_id
        WHERE {LINES} AND r.line = c.line
        RETURNING r.outcome
    )
    UPDATE imports i SET cursor_line = :last, processed = i.processed + t.all_rows + :left_out,
        created = i.created + t.created, updated = i.updated + t.updated, unchanged = i.unchanged + t.unchanged,
        failed = i.failed + t.failed, skipped = i.skipped + :left_out
    FROM (SELECT count(*) AS all_rows,
                 count(*) FILTER (WHERE outcome = 'created') AS created,
                 count(*) FILTER (WHERE outcome = 'updated') AS updated,
                 count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged,
                 count(*) FILTER (WHERE outcome = 'failed') AS failed
          FROM settled) t
    WHERE i.id = :import_id
    RETURNING i.processed
""")  # noqa: S608 (the lines stand above)


def apply_chunk(session: Session, plan: Plan, *, after: int, rows: int) -> int | None:
    """Apply the next rows after line `after`, and count them; returns how many of the file are processed in all.

    None when there was none left.
    """
    session.execute(LOCK)
    session.execute(UNHURRIED)
    stretch = next_stretch(session, plan, after=after, rows=rows, reviews=False)
    if stretch is None:
        return None
    for statement in (NEW_CUSTOMERS, *TOPS, UPDATED):
        session.execute(statement, stretch.values)
    if stretch.matched:
        session.execute(HOLD_MATCHED)
        refuse(session, stretch)
        session.execute(_update(plan.given), stretch.values)
    for statement in (INSERT, REFERENCES):
        session.execute(statement, stretch.values)
    left_out = 0
    if plan.leaves_out:
        left_out = cast("CursorResult[Any]", session.execute(LEAVE_OUT, stretch.values)).rowcount
    processed: int = session.execute(SETTLE, {**stretch.values, "left_out": left_out}).scalar_one()
    return processed


def _update(given: AbstractSet[str]) -> TextClause:
    """The update of matched deals: only fields the file has, only rows that differ, each with its next version."""
    sets = ", ".join(f"{name} = n.{name}" for name in columns_of(given))
    return text(f"""
        WITH new AS ({differing(given)}), changed AS (
            UPDATE deals d SET {sets}, version = d.version + 1 FROM new n WHERE d.id = n.id RETURNING d.id)
        INSERT INTO updated SELECT id FROM changed
    """)  # noqa: S608 (every name stands in differences.py)
