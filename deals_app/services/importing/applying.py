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

# A crash of the server may take the newest transactions with it, each chunk with its cursor, and they are done again.
# The last one of staging and of the import wait for the disk, and with them everything before.
UNHURRIED = text("SET LOCAL synchronous_commit = off")

# Every statement names the lines it is about, as a range of the primary key: a fresh table has no statistics, and
# without them the planner would read the whole import for each chunk.
LINES = "r.import_id = :import_id AND r.line > :after AND r.line <= :last"

LAST_LINE = text("""
    SELECT max(line) FROM (SELECT r.line FROM import_rows r WHERE r.import_id = :import_id AND r.line > :after
                           ORDER BY r.line LIMIT :rows) next_lines
""")

# Companies first: those that are no customers yet become some. A look-up each, never a join, which the planner would
# make a loop over all customers for every row.
COMPANIES = text(f"""
    CREATE TEMP TABLE company ON COMMIT DROP AS
    WITH named AS MATERIALIZED (
        SELECT DISTINCT ON (r.company_key) r.tenant_id, r.company_key AS key, r.company AS name
        FROM import_rows r WHERE {LINES} AND r.company_key IS NOT NULL AND r.problems IS NULL
        ORDER BY r.company_key, r.line
    ), known AS MATERIALIZED (
        SELECT named.*, (SELECT k.id FROM customers k WHERE k.match_key = named.key
                         ORDER BY k.created_at, k.id LIMIT 1) AS known_id FROM named)
    SELECT tenant_id, key, name, known_id IS NULL AS is_new, COALESCE(known_id, new_id()) AS customer_id FROM known
""")  # noqa: S608 (the lines stand above)

NEW_CUSTOMERS = text("""
    INSERT INTO customers (tenant_id, id, name, match_key)
    SELECT tenant_id, customer_id, name, key FROM company WHERE is_new
""")

CHUNK = text(f"""
    CREATE TEMP TABLE chunk ON COMMIT DROP AS
    SELECT r.tenant_id, r.line, r.problems, r.name, r.match_key, r.company_key, r.value, r.currency, r.stage_id,
           r.status, r.probability, r.owner_id, r.expected_close_date, r.actual_close_date, r.ref_system,
           r.external_id, r.source, r.loss_reason, r.tags, r.custom_fields, r.metadata,
           nth_id((SELECT new_id()), r.line) AS fresh_id,
           CASE WHEN r.problems IS NULL THEN (
               SELECT e.deal_id FROM external_refs e
               WHERE e.system = r.ref_system AND e.external_id = r.external_id) END AS matched_id,
           false AS is_matched_by_name, NULL::text AS refusal
    FROM import_rows r WHERE {LINES}
""")  # noqa: S608 (the lines stand above)

ANALYZE = text("ANALYZE chunk, company")
UPDATED = text("CREATE TEMP TABLE updated (id uuid PRIMARY KEY) ON COMMIT DROP")

FOUND = text("""
    SELECT count(matched_id) AS matched, count(*) FILTER (WHERE ref_system = 'row' AND matched_id IS NULL) AS nameless
    FROM chunk
""")

MATCH_BY_NAME = text("""
    UPDATE chunk c SET matched_id = m.id, is_matched_by_name = true
    FROM (SELECT d.match_key, d.customer_id, min(d.id::text)::uuid AS id FROM deals d
          WHERE d.pipeline_id = :pipeline_id AND d.status = 'open' AND d.deleted_at IS NULL
            AND d.match_key IN (SELECT match_key FROM chunk WHERE ref_system = 'row')
          GROUP BY d.match_key, d.customer_id HAVING count(*) = 1) m,
         (SELECT r.match_key, r.company_key FROM import_rows r
          WHERE r.import_id = :import_id AND r.problems IS NULL
            AND r.match_key IN (SELECT match_key FROM chunk WHERE ref_system = 'row')
          GROUP BY r.match_key, r.company_key HAVING count(*) = 1) u
    WHERE c.matched_id IS NULL AND c.ref_system = 'row' AND c.problems IS NULL
      AND m.match_key = c.match_key
      AND m.customer_id IS NOT DISTINCT FROM (SELECT customer_id FROM company WHERE key = c.company_key)
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
# position). The tops are looked up once a stage, each one index entry: a planner that may sort reads the whole column.
TOPS = (
    text("SET LOCAL enable_sort = off"),
    text("""
    CREATE TEMP TABLE tops ON COMMIT DROP AS
    SELECT s.id AS stage_id, s.probability,
           COALESCE((SELECT d.position FROM deals d WHERE d.stage_id = s.id AND d.deleted_at IS NULL
                     ORDER BY d.position LIMIT 1), 0) AS position
    FROM stages s WHERE s.pipeline_id = :pipeline_id
    """),
    text("SET LOCAL enable_sort = on"),
)
ON_TOP = "tops.position - 1024 * row_number() OVER (PARTITION BY c.stage_id ORDER BY c.line DESC)"
INSERT = text(f"""
    INSERT INTO deals (tenant_id, id, customer_id, assigned_to, name, match_key, value, currency, pipeline_id, stage_id,
        status, probability, source, ingested_from, expected_close_date, actual_close_date, loss_reason, tags,
        custom_fields, metadata, position, created_at, stage_entered_at)
    SELECT c.tenant_id, c.fresh_id, company.customer_id, c.owner_id, c.name, c.match_key, c.value, c.currency,
        :pipeline_id, c.stage_id, c.status,
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
            updated_at = now()
        FROM chunk c LEFT JOIN updated u ON u.id = c.matched_id
        WHERE {LINES} AND r.line = c.line
        RETURNING r.outcome
    )
    UPDATE imports i SET cursor_line = :last, processed = i.processed + t.all_rows,
        created = i.created + t.created, updated = i.updated + t.updated, unchanged = i.unchanged + t.unchanged,
        failed = i.failed + t.failed
    FROM (SELECT count(*) AS all_rows,
                 count(*) FILTER (WHERE outcome = 'created') AS created,
                 count(*) FILTER (WHERE outcome = 'updated') AS updated,
                 count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged,
                 count(*) FILTER (WHERE outcome = 'failed') AS failed
          FROM settled) t
    WHERE i.id = :import_id
    RETURNING i.processed
""")  # noqa: S608 (the lines stand above)

# Deal column -> (fields of the draft that fill it, its value from the chunk's row). A column that the file does not
# have leaves a matched deal's field alone.
UPDATABLE: dict[str, tuple[str, str]] = {
    "name": ("name", "c.name"),
    "match_key": ("name", "c.match_key"),
    "customer_id": ("company", "company.customer_id"),
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
PROBABILITY = "CASE WHEN c.status = 'open' THEN COALESCE(c.probability, {otherwise}) ELSE tops.probability END"


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
    session.execute(LOCK)
    last = session.scalar(LAST_LINE, {"import_id": plan.import_id, "after": after, "rows": rows})
    if last is None:
        return None
    values = {
        "import_id": plan.import_id,
        "pipeline_id": plan.pipeline_id,
        "today": plan.today,
        "moves": "stage_text" in plan.given,
        "after": after,
        "last": last,
    }
    for statement in (UNHURRIED, COMPANIES, NEW_CUSTOMERS, CHUNK, *TOPS, UPDATED):
        session.execute(statement, values)
    found = session.execute(FOUND).one()
    if found.matched or found.nameless:
        session.execute(ANALYZE)
        if found.nameless:
            session.execute(MATCH_BY_NAME, values)
        for statement in (HOLD_MATCHED, REFUSE, _update(plan.given)):
            session.execute(statement, values)
    for statement in (INSERT, REFERENCES):
        session.execute(statement, values)
    processed: int = session.execute(SETTLE, values).scalar_one()
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
        otherwise = f"CASE WHEN {MOVED} THEN tops.probability ELSE d.probability END"
        columns["probability"] = PROBABILITY.format(otherwise=otherwise)
    elif "probability" in given:
        columns["probability"] = (
            "CASE WHEN d.status = 'open' THEN COALESCE(c.probability, d.probability) ELSE d.probability END"
        )
    new = ", ".join(columns.values())
    old = ", ".join(f"d.{name}" for name in columns)
    sets = ", ".join(f"{name} = n.{name}" for name in columns)
    return text(f"""
        WITH new AS (
            SELECT * FROM (
                SELECT d.id, {", ".join(f"{value} AS {name}" for name, value in columns.items())},
                       ({new}) IS DISTINCT FROM ({old}) AS differs
                FROM chunk c
                JOIN deals d ON d.id = c.matched_id
                JOIN tops ON tops.stage_id = c.stage_id
                LEFT JOIN company ON company.key = c.company_key
                WHERE c.problems IS NULL AND c.refusal IS NULL) candidates
            WHERE differs
        ), changed AS (
            UPDATE deals d SET {sets}, version = d.version + 1 FROM new n WHERE d.id = n.id RETURNING d.id)
        INSERT INTO updated SELECT id FROM changed
    """)  # noqa: S608 (every name stands in the tables above)
