"""Rows that would make a deal which may be there already: listed for a person to decide, never merged."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from deals_app.services.importing.matching import LOOK_UP, LOOKED_UP, TOLD_APART, Stretch

# More candidates than this help nobody to decide.
MOST = 3
# Equal to itself, as NULL is not, and so found by its hash.
NOBODY = "'00000000-0000-0000-0000-000000000000'::uuid"

NOTHING_LIKELY = text("CREATE TEMP TABLE likely (line integer, found jsonb) ON COMMIT DROP")

# Open deals of the companies that rows without a deal name.
SAME_VALUE = text(f"""
    CREATE TEMP TABLE same_value ON COMMIT DROP AS
    SELECT * FROM (
        SELECT d.id, d.customer_id, d.match_key, d.value, d.currency,
               row_number() OVER (PARTITION BY d.customer_id, d.value, d.currency ORDER BY d.id) AS nth
        FROM deals d
        WHERE d.pipeline_id = :pipeline_id AND d.status = 'open' AND d.deleted_at IS NULL AND d.value > 0
          AND d.customer_id IN (SELECT y.customer_id FROM company y WHERE NOT y.is_new AND y.key IN (
              SELECT c.company_key FROM chunk c WHERE c.matched_id IS NULL AND c.problems IS NULL))) numbered
    WHERE nth <= {MOST}
""")  # noqa: S608 (a number)

LIKELY = text(f"""
    CREATE TEMP TABLE likely ON COMMIT DROP AS
    WITH alone AS MATERIALIZED (
        SELECT c.line, c.match_key, c.company_key, c.value, c.currency, c.ref_system = 'row' AS is_nameless,
               y.customer_id, COALESCE(y.is_new, false) AS is_new
        FROM chunk c LEFT JOIN company y ON y.key = c.company_key
        WHERE c.matched_id IS NULL AND c.problems IS NULL
    ), every AS (
        SELECT a.line, m.id, 1 AS rank, CASE WHEN m.alike = 1 THEN 'same name and company'
            ELSE 'one of ' || m.alike || ' open deals with this name and company' END AS why
        FROM alone a JOIN namesake m
          ON m.match_key = a.match_key AND m.nth <= {MOST}
         AND COALESCE(m.customer_id, {NOBODY}) = COALESCE(a.customer_id, {NOBODY})
        WHERE NOT a.is_new AND (a.is_nameless OR NOT m.is_told_apart)
      UNION ALL
        SELECT a.line, m.id, 2, CASE WHEN m.customer_id IS NULL THEN 'same name; that deal has no company'
            WHEN a.company_key IS NULL THEN 'same name; this row has no company' ELSE 'same name, another company' END
        FROM alone a JOIN namesake m
          ON m.match_key = a.match_key AND m.customer_id IS DISTINCT FROM a.customer_id AND m.nth_of_name <= {MOST}
        WHERE a.is_nameless OR NOT m.is_told_apart
      UNION ALL
        SELECT a.line, d.id, 3, 'same company and value, another name'
        FROM alone a JOIN same_value d
          ON d.customer_id = a.customer_id AND d.value = a.value AND d.currency = a.currency
        WHERE d.match_key <> a.match_key AND (a.is_nameless OR NOT {TOLD_APART})
    ), numbered AS (
        SELECT *, row_number() OVER (PARTITION BY line ORDER BY rank, id) AS nth FROM every
    )
    SELECT line, jsonb_agg(jsonb_build_object('deal_id', id, 'why', why) ORDER BY nth) AS found
    FROM numbered WHERE nth <= {MOST} GROUP BY line
""")  # noqa: S608 (numbers, and a condition that stands in matching.py)


def find_likely(session: Session, stretch: Stretch) -> None:
    """The table `likely`: a line, and the deals it may be about with the reason."""
    if not stretch.unmatched:
        session.execute(NOTHING_LIKELY)
        return
    for statement in (LOOK_UP, SAME_VALUE, LIKELY, LOOKED_UP):
        session.execute(statement, stretch.values)
