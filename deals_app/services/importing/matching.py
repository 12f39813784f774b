"""Which deal a row of a file is about, and whether it may change it: asked by the check and by the import alike.

A row matches a deal by its id in the other system; a row without one by what it says (its fingerprint), else by name
and company among the open deals of the pipeline, and only when that is unique on both sides. All of it happens for a
stretch of lines at once, in temporary tables that end with the transaction; nothing is written to deals here.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, text
from sqlalchemy.orm import Session

# Every statement names the lines it is about, as a range of the primary key: a fresh table has no statistics, and
# without them the planner would read the whole import for each chunk.
LINES = "r.import_id = :import_id AND r.line > :after AND r.line <= :last"

LAST_LINE = text("""
    SELECT max(line) FROM (SELECT r.line FROM import_rows r WHERE r.import_id = :import_id AND r.line > :after
                           ORDER BY r.line LIMIT :rows) next_lines
""")

# Rows that no id tells apart and that have the same name and company: none of them is matched by name. Asked once, for
# the file as a whole; by way of a table with an index, as staging.py says why.
TWINS = text("""
    CREATE TEMP TABLE twin ON COMMIT DROP AS
    SELECT line, CASE WHEN line = first_line THEN next_line ELSE first_line END AS other FROM (
        SELECT line, ref_system, min(line) OVER same AS first_line, lead(line) OVER (same ORDER BY line) AS next_line
        FROM import_rows WHERE import_id = :import_id AND problems IS NULL AND EXISTS (
            SELECT 1 FROM import_rows r WHERE r.import_id = :import_id AND r.ref_system = 'row')
        WINDOW same AS (PARTITION BY match_key, company_key)) numbered
    WHERE ref_system = 'row' AND (line > first_line OR next_line IS NOT NULL)
""")
TWINS_INDEX = text("ALTER TABLE twin ADD PRIMARY KEY (line)")
NOTE_TWINS = text("""
    UPDATE import_rows r SET review = jsonb_build_array(jsonb_build_object(
        'line', twin.other, 'why', 'same name and company'))
    FROM twin WHERE r.import_id = :import_id AND r.line = twin.line
""")

# What a check refused may have become right since; its deal tells it from what the file itself has wrong.
FAULTS = "CASE WHEN r.deal_id IS NULL THEN r.problems END"

# Companies first: those that are no customers yet are named. A look-up each, never a join, which the planner would
# make a loop over all customers for every row.
COMPANIES = text(f"""
    CREATE TEMP TABLE company ON COMMIT DROP AS
    WITH named AS MATERIALIZED (
        SELECT DISTINCT ON (r.company_key) r.tenant_id, r.company_key AS key, r.company AS name
        FROM import_rows r WHERE {LINES} AND r.company_key IS NOT NULL AND {FAULTS} IS NULL AND r.decision IS NULL
        ORDER BY r.company_key, r.line
    ), known AS MATERIALIZED (
        SELECT named.*, (SELECT k.id FROM customers k WHERE k.match_key = named.key AND k.deleted_at IS NULL
                         ORDER BY k.created_at, k.id LIMIT 1) AS known_id FROM named)
    SELECT tenant_id, key, name, known_id IS NULL AS is_new, COALESCE(known_id, new_id()) AS customer_id FROM known
""")  # noqa: S608 (the lines stand above)

# What our own exports name their deals by: an id of ours needs no reference. The ids of others are hardly ever UUIDs.
OUR_ID = "CASE WHEN r.external_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN r.external_id::uuid END"

CHUNK = text(f"""
    CREATE TEMP TABLE chunk ON COMMIT DROP AS
    SELECT r.tenant_id, r.line, {FAULTS} AS problems, r.name, r.match_key, r.company_key, r.value, r.currency,
           r.stage_id, r.status, r.probability, r.owner_id, r.expected_close_date, r.actual_close_date, r.ref_system,
           r.external_id, r.source, r.loss_reason, r.tags, r.custom_fields, r.metadata,
           CASE WHEN r.review -> 0 ? 'line' THEN r.review -> 0 END AS twin,
           nth_id((SELECT new_id()), r.line) AS fresh_id,
           CASE WHEN {FAULTS} IS NULL THEN COALESCE(
               (SELECT e.deal_id FROM external_refs e
                WHERE e.system = r.ref_system AND e.external_id = r.external_id),
               (SELECT d.id FROM deals d WHERE d.id = {OUR_ID})) END AS matched_id,
           false AS is_matched_by_name, NULL::text AS refusal
    FROM import_rows r WHERE {LINES} AND r.decision IS NULL
""")  # noqa: S608 (the lines stand above)

ANALYZE = text("ANALYZE chunk, company")

FOUND = text("""
    SELECT count(matched_id) AS matched, count(*) FILTER (WHERE matched_id IS NULL AND problems IS NULL) AS unmatched,
           count(*) FILTER (WHERE matched_id IS NULL AND problems IS NULL AND ref_system = 'row') AS nameless
    FROM chunk
""")

# While the planner takes the deals for a handful (a table that was filled a minute ago has no statistics yet) it would
# read them all for every name; so it reads them once. Once it knows how many there are, it may choose.
LOOK_UP = text("""
    SELECT set_config('enable_nestloop', CASE WHEN reltuples < 10000 THEN 'off' ELSE 'on' END, true)
    FROM pg_class WHERE oid = 'deals'::regclass
""")
LOOKED_UP = text("SET LOCAL enable_nestloop = on")

# Open deals with the name of a row that has no deal yet. `is_told_apart`: the other system knows it by an id of its
# own, so it is not what a new id means.
TOLD_APART = "EXISTS (SELECT 1 FROM external_refs e WHERE e.deal_id = d.id AND e.system = :system)"
NAMESAKES = text(f"""
    CREATE TEMP TABLE namesake ON COMMIT DROP AS
    SELECT d.*, count(*) OVER same AS alike, row_number() OVER (same ORDER BY d.id) AS nth,
           row_number() OVER (PARTITION BY d.match_key ORDER BY d.is_told_apart, d.id) AS nth_of_name
    FROM (SELECT d.match_key, d.customer_id, d.id, :reviews AND {TOLD_APART} AS is_told_apart FROM deals d
          WHERE d.pipeline_id = :pipeline_id AND d.status = 'open' AND d.deleted_at IS NULL AND d.match_key IN (
              SELECT c.match_key FROM chunk c
              WHERE c.matched_id IS NULL AND c.problems IS NULL AND (:reviews OR c.ref_system = 'row'))) d
    WINDOW same AS (PARTITION BY d.match_key, d.customer_id)
""")  # noqa: S608 (the condition stands above)

# A deal that another row is about already is not taken a second time.
MATCH_BY_NAME = text("""
    UPDATE chunk c SET matched_id = m.id, is_matched_by_name = true
    FROM namesake m
    WHERE m.alike = 1 AND c.matched_id IS NULL AND c.ref_system = 'row' AND c.problems IS NULL AND c.twin IS NULL
      AND m.match_key = c.match_key
      AND m.customer_id IS NOT DISTINCT FROM (SELECT customer_id FROM company WHERE key = c.company_key)
      AND NOT EXISTS (SELECT 1 FROM chunk o WHERE o.matched_id = m.id)
      AND NOT EXISTS (SELECT 1 FROM import_rows r
                      WHERE r.import_id = :import_id AND r.line <= :after AND r.deal_id = m.id)
""")

REFUSE = text("""
    UPDATE chunk c SET refusal = CASE
        WHEN d.deleted_at IS NOT NULL THEN 'this deal was deleted; restore it first'
        WHEN d.pipeline_id <> n.pipeline_id THEN 'this deal is in the pipeline ' || p.name || '; import its stage there'
        ELSE 'this deal is closed (' || s.name || '); an import does not reopen it' END
    FROM deals d JOIN stages s ON s.id = d.stage_id JOIN pipelines p ON p.id = d.pipeline_id, stages n
    WHERE d.id = c.matched_id AND n.id = c.stage_id AND (d.deleted_at IS NOT NULL OR (:moves AND (
        d.pipeline_id <> n.pipeline_id OR (d.status <> 'open' AND d.stage_id <> c.stage_id))))
""")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is the same for every chunk of an import.

    `given` are the draft fields its columns fill, `system` says whose ids they are; `is_checked` when a check has been
    over its rows, `leaves_out` when a person left rows out.
    """

    import_id: UUID
    pipeline_id: UUID
    today: date
    given: AbstractSet[str]
    system: str
    is_checked: bool = False
    leaves_out: bool = False


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """The lines that are worked on, and how many of their rows have a deal; `values` are every statement's."""

    values: Mapping[str, Any]
    matched: int
    unmatched: int


def next_stretch(session: Session, plan: Plan, *, after: int, rows: int, reviews: bool) -> Stretch | None:
    """The next rows after line `after` in the table `chunk`, each with its deal if it has one; None at the end.

    `reviews` keeps the open deals with the same name as a row without a deal in `namesake`.
    """
    last = session.scalar(LAST_LINE, {"import_id": plan.import_id, "after": after, "rows": rows})
    if last is None:
        return None
    values = {
        "import_id": plan.import_id,
        "pipeline_id": plan.pipeline_id,
        "system": plan.system,
        "today": plan.today,
        "moves": "stage_text" in plan.given,
        "reviews": reviews,
        "after": after,
        "last": last,
    }
    if after == 0 and not plan.is_checked:
        _note_twins(session, plan.import_id)
    for statement in (COMPANIES, CHUNK):
        session.execute(statement, values)
    found = session.execute(FOUND).one()
    if found.matched or found.nameless or (reviews and found.unmatched):
        session.execute(ANALYZE)
    if found.nameless or (reviews and found.unmatched):
        session.execute(LOOK_UP)
        namesakes = cast("CursorResult[Any]", session.execute(NAMESAKES, values)).rowcount
        session.execute(LOOKED_UP)
        if namesakes and found.nameless:
            session.execute(MATCH_BY_NAME, values)
            found = session.execute(FOUND).one()
    return Stretch(values=values, matched=found.matched, unmatched=found.unmatched)


def refuse(session: Session, stretch: Stretch) -> None:
    """Say of each matched row why its deal may not be changed, if it may not."""
    session.execute(REFUSE, stretch.values)


def _note_twins(session: Session, import_id: UUID) -> None:
    found = cast("CursorResult[Any]", session.execute(TWINS, {"import_id": import_id}))
    if found.rowcount:
        session.execute(TWINS_INDEX)
        session.execute(NOTE_TWINS, {"import_id": import_id})
