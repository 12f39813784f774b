"""From `import_rows` to deals: a stretch of lines in one transaction, set-based, together with its cursor.

A row matches a deal by its id in the other system; a row without one by what it says (its fingerprint), else by name
and company among the open deals of the pipeline, and only when that is unique on both sides.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

# One import of a tenant at a time applies a chunk: two people with the same file make each deal and customer once.
LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('import:' || current_tenant()::text, 0))")

CHUNK = text("""
    CREATE TEMP TABLE chunk ON COMMIT DROP AS
    SELECT r.*, new_id() AS fresh_id, NULL::uuid AS customer_id, NULL::uuid AS matched_id, NULL::text AS refusal
    FROM import_rows r WHERE r.import_id = :import_id AND r.line > :after ORDER BY r.line LIMIT :rows
""")

NEW_CUSTOMERS = text("""
    INSERT INTO customers (tenant_id, name, match_key)
    SELECT DISTINCT ON (c.company_key) c.tenant_id, c.company, c.company_key FROM chunk c
    WHERE c.company_key IS NOT NULL AND c.problems IS NULL
      AND NOT EXISTS (SELECT 1 FROM customers k WHERE k.match_key = c.company_key)
    ORDER BY c.company_key, c.line
""")

FIND_CUSTOMERS = text("""
    UPDATE chunk c SET customer_id = k.id
    FROM (SELECT DISTINCT ON (match_key) match_key, id FROM customers
          WHERE match_key IN (SELECT company_key FROM chunk) ORDER BY match_key, created_at, id) k
    WHERE k.match_key = c.company_key
""")

MATCH_BY_ID = text("""
    UPDATE chunk c SET matched_id = e.deal_id FROM external_refs e
    WHERE e.system = c.ref_system AND e.external_id = c.external_id AND c.problems IS NULL
""")

ANY_WITHOUT_ID = text("SELECT EXISTS (SELECT 1 FROM chunk WHERE ref_system = 'row' AND matched_id IS NULL)")

MATCH_BY_NAME = text("""
    UPDATE chunk c SET matched_id = m.id
    FROM (SELECT d.match_key, d.customer_id, min(d.id::text)::uuid AS id FROM deals d
          WHERE d.pipeline_id = :pipeline_id AND d.status = 'open' AND d.deleted_at IS NULL
            AND d.match_key IN (SELECT match_key FROM chunk WHERE ref_system = 'row')
          GROUP BY d.match_key, d.customer_id HAVING count(*) = 1) m,
         (SELECT r.match_key, r.company_key FROM import_rows r
          WHERE r.import_id = :import_id AND r.problems IS NULL
            AND r.match_key IN (SELECT match_key FROM chunk WHERE ref_system = 'row')
          GROUP BY r.match_key, r.company_key HAVING count(*) = 1) u
    WHERE c.matched_id IS NULL AND c.ref_system = 'row' AND c.problems IS NULL
      AND m.match_key = c.match_key AND m.customer_id IS NOT DISTINCT FROM c.customer_id
      AND u.match_key = c.match_key AND u.company_key IS NOT DISTINCT FROM c.company_key
      AND NOT EXISTS (SELECT 1 FROM import_rows r WHERE r.import_id = :import_id AND r.deal_id = m.id)
""")

# Held until the chunk is done, so that a drag at the same moment is seen and never overwritten. In the order of ids:
# two that wait for each other would end with an error for one.
HOLD_MATCHED = text("""
    SELECT count(*) FROM (
        SELECT d.id FROM deals d WHERE d.id IN (SELECT matched_id FROM chunk) ORDER BY d.id FOR UPDATE) held
""")

REFUSE = text("""
    UPDATE chunk c SET refusal = CASE
        WHEN d.deleted_at IS NOT NULL THEN 'this deal was deleted; restore it first'
        WHEN d.pipeline_id <> :pipeline_id THEN 'this deal is in the pipeline ' || p.name || '; import its stage there'
        ELSE 'this deal is closed (' || s.name || '); an import does not reopen it' END
    FROM deals d JOIN stages s ON s.id = d.stage_id JOIN pipelines p ON p.id = d.pipeline_id
    WHERE d.id = c.matched_id AND (d.deleted_at IS NOT NULL OR (:moves AND (
        d.pipeline_id <> :pipeline_id OR (d.status <> 'open' AND d.stage_id <> c.stage_id))))
""")

# Cards that come into a column stand on top, in the order of the file (domain/rank.py: the top is the smallest
# position). The tops are looked up once a stage: asked for row by row they took most of the import's time.
TOPS = """tops AS MATERIALIZED (
    SELECT s.id AS stage_id, COALESCE((SELECT d.position FROM deals d WHERE d.stage_id = s.id AND d.deleted_at IS NULL
                                       ORDER BY d.position LIMIT 1), 0) AS position
    FROM stages s WHERE s.pipeline_id = :pipeline_id)"""
ON_TOP = (
    "tops.position - 1024 * (count(*) OVER (PARTITION BY c.stage_id)"
    " - row_number() OVER (PARTITION BY c.stage_id ORDER BY c.line) + 1)"
)
INSERT = text(f"""
    WITH {TOPS}
    INSERT INTO deals (tenant_id, id, customer_id, assigned_to, name, match_key, value, currency, pipeline_id, stage_id,
        status, probability, source, ingested_from, expected_close_date, actual_close_date, loss_reason, tags,
        custom_fields, metadata, position)
    SELECT c.tenant_id, c.fresh_id, c.customer_id, c.owner_id, c.name, c.match_key, c.value, c.currency, :pipeline_id,
        c.stage_id, c.status,
        CASE WHEN c.status = 'open' THEN COALESCE(c.probability, s.probability) ELSE s.probability END,
        COALESCE(c.source, 'inbound'), 'csv', c.expected_close_date,
        CASE WHEN c.status <> 'open' THEN COALESCE(c.actual_close_date, :today) END, c.loss_reason, c.tags,
        c.custom_fields, c.metadata, {ON_TOP}
    FROM chunk c JOIN stages s ON s.id = c.stage_id JOIN tops ON tops.stage_id = c.stage_id
    WHERE c.matched_id IS NULL AND c.problems IS NULL
""")  # noqa: S608 (both parts stand above)

REFERENCES = text("""
    INSERT INTO external_refs (tenant_id, system, external_id, deal_id)
    SELECT tenant_id, ref_system, external_id, COALESCE(matched_id, fresh_id) FROM chunk
    WHERE problems IS NULL AND refusal IS NULL
    ON CONFLICT DO NOTHING
""")

OUTCOMES = text("""
    UPDATE import_rows r SET
        outcome = CASE WHEN c.problems IS NOT NULL OR c.refusal IS NOT NULL THEN 'failed'
                       WHEN c.matched_id IS NULL THEN 'created'
                       WHEN u.id IS NOT NULL THEN 'updated' ELSE 'unchanged' END,
        deal_id = CASE WHEN c.problems IS NULL THEN COALESCE(c.matched_id, c.fresh_id) END,
        problems = CASE WHEN c.refusal IS NULL THEN c.problems
                        ELSE jsonb_build_array(jsonb_build_object('field', '', 'message', c.refusal)) END
    FROM chunk c LEFT JOIN updated u ON u.id = c.matched_id
    WHERE r.import_id = :import_id AND r.line = c.line
""")

ADVANCE = text("""
    UPDATE imports i SET cursor_line = t.last_line, processed = i.processed + t.all_rows,
        created = i.created + t.created, updated = i.updated + t.updated, unchanged = i.unchanged + t.unchanged,
        failed = i.failed + t.failed
    FROM (SELECT max(r.line) AS last_line, count(*) AS all_rows,
                 count(*) FILTER (WHERE r.outcome = 'created') AS created,
                 count(*) FILTER (WHERE r.outcome = 'updated') AS updated,
                 count(*) FILTER (WHERE r.outcome = 'unchanged') AS unchanged,
                 count(*) FILTER (WHERE r.outcome = 'failed') AS failed
          FROM import_rows r JOIN chunk c ON c.line = r.line WHERE r.import_id = :import_id) t
    WHERE i.id = :import_id AND t.last_line IS NOT NULL
    RETURNING i.processed
""")

# Deal column -> (fields of the draft that fill it, its value from the chunk's row). A column that the file does not
# have leaves a matched deal's field alone.
UPDATABLE: dict[str, tuple[str, str]] = {
    "name": ("name", "c.name"),
    "match_key": ("name", "c.match_key"),
    "customer_id": ("company", "c.customer_id"),
    "value": ("value_minor", "c.value"),
    "assigned_to": ("owner_text", "COALESCE(c.owner_id, d.assigned_to)"),
    "source": ("source", "COALESCE(c.source, d.source)"),
    "tags": ("tags", "c.tags"),
    "loss_reason": (
        "loss_reason",
        "CASE WHEN c.status = 'closed_lost' THEN COALESCE(c.loss_reason, d.loss_reason) END",
    ),
    "expected_close_date": (
        "expected_close_on",
        "CASE WHEN c.status = 'open' THEN c.expected_close_date ELSE d.expected_close_date END",
    ),
    "custom_fields": ("", "d.custom_fields || c.custom_fields"),
    "metadata": ("", "d.metadata || c.metadata"),
}
# A change of stage by import obeys the same rules as `stage_transition.py`, for many deals in one statement.
MOVED = "d.stage_id <> c.stage_id"
ON_MOVE = {
    "stage_id": "c.stage_id",
    "status": "c.status",
    "stage_entered_at": f"CASE WHEN {MOVED} THEN now() ELSE d.stage_entered_at END",
    "position": f"CASE WHEN {MOVED} THEN {ON_TOP} ELSE d.position END",
}
PROBABILITY = "CASE WHEN c.status = 'open' THEN COALESCE(c.probability, {otherwise}) ELSE s.probability END"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is the same for every chunk of an import. `given` are the draft fields its columns fill."""

    import_id: UUID
    pipeline_id: UUID
    today: date
    given: AbstractSet[str]


def apply_chunk(session: Session, plan: Plan, *, after: int, rows: int) -> int | None:
    """Apply the next rows after line `after`, and count them; returns how many of the file are processed in all.

    None when there was none left.
    """
    values = {"import_id": plan.import_id, "pipeline_id": plan.pipeline_id, "today": plan.today}
    session.execute(LOCK)
    session.execute(CHUNK, {"import_id": plan.import_id, "after": after, "rows": rows})
    session.execute(text("ANALYZE chunk"))
    session.execute(NEW_CUSTOMERS)
    session.execute(FIND_CUSTOMERS)
    session.execute(MATCH_BY_ID)
    if session.scalar(ANY_WITHOUT_ID):
        session.execute(MATCH_BY_NAME, values)
    session.execute(HOLD_MATCHED)
    session.execute(REFUSE, {"moves": "stage_text" in plan.given, "pipeline_id": plan.pipeline_id})
    session.execute(text("CREATE TEMP TABLE updated (id uuid PRIMARY KEY) ON COMMIT DROP"))
    session.execute(_update(plan.given), values)
    session.execute(INSERT, values)
    session.execute(REFERENCES)
    session.execute(OUTCOMES, values)
    processed: int | None = session.execute(ADVANCE, values).scalar_one_or_none()
    return processed


def _update(given: AbstractSet[str]) -> TextClause:
    """The update of matched deals: only fields the file has, only rows that differ, each with its next version."""
    columns = {name: value for name, (field, value) in UPDATABLE.items() if not field or field in given}
    if "value_minor" in given or "currency" in given:
        columns["currency"] = "c.currency"
    if "stage_text" in given:
        columns |= ON_MOVE
        columns["actual_close_date"] = (
            f"CASE WHEN c.status = 'open' THEN NULL WHEN {MOVED} THEN COALESCE(c.actual_close_date, :today)"
            " ELSE COALESCE(c.actual_close_date, d.actual_close_date) END"
        )
        otherwise = f"CASE WHEN {MOVED} THEN s.probability ELSE d.probability END"
        columns["probability"] = PROBABILITY.format(otherwise=otherwise)
    elif "probability" in given:
        columns["probability"] = (
            "CASE WHEN d.status = 'open' THEN COALESCE(c.probability, d.probability) ELSE d.probability END"
        )
    new = ", ".join(columns.values())
    old = ", ".join(f"d.{name}" for name in columns)
    sets = ", ".join(f"{name} = n.{name}" for name in columns)
    return text(f"""
        WITH {TOPS}, new AS (
            SELECT * FROM (
                SELECT d.id, {", ".join(f"{value} AS {name}" for name, value in columns.items())},
                       ({new}) IS DISTINCT FROM ({old}) AS differs
                FROM chunk c
                JOIN deals d ON d.id = c.matched_id
                JOIN stages s ON s.id = c.stage_id
                JOIN tops ON tops.stage_id = c.stage_id
                WHERE c.problems IS NULL AND c.refusal IS NULL) candidates
            WHERE differs
        ), changed AS (
            UPDATE deals d SET {sets}, version = d.version + 1 FROM new n WHERE d.id = n.id RETURNING d.id)
        INSERT INTO updated SELECT id FROM changed
    """)  # noqa: S608 (every name stands in the tables above)
