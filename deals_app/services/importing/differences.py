"""What a row would make of the deal it matches: each column's new value, and whether anything differs.

The import writes it, the check shows it; both ask with the same words. The rows are those of `matching.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from sqlalchemy import text

# Cards that come into a column stand on top, in the order of the file (domain/rank.py: the top is the smallest
# position). The tops are looked up once a stage, each one index entry: a planner that may sort reads the whole column.
TOPS = (
    text("SET LOCAL enable_sort = off"),
    text("""
    CREATE TEMP TABLE tops ON COMMIT DROP AS
    SELECT s.id AS stage_id, s.pipeline_id, s.probability,
           COALESCE((SELECT d.position FROM deals d WHERE d.stage_id = s.id AND d.deleted_at IS NULL
                     ORDER BY d.position LIMIT 1), 0) AS position
    FROM stages s WHERE s.pipeline_id = :pipeline_id OR s.id IN (SELECT stage_id FROM chunk)
    """),
    text("SET LOCAL enable_sort = on"),
)
ON_TOP = "tops.position - 1024 * row_number() OVER (PARTITION BY c.stage_id ORDER BY c.line DESC)"

# What a cell cannot say is no change: which of two customers alike it means, a comma inside a tag, a number in a custom
# field, when a deal of ours was made. So that our own export, imported again, changes nothing.
SAME_COMPANY = """
    CASE WHEN company.customer_id <> d.customer_id AND EXISTS (
        SELECT 1 FROM customers k WHERE k.id = d.customer_id AND k.match_key = c.company_key)
    THEN d.customer_id ELSE company.customer_id END"""
SAME_TAGS = """
    CASE WHEN c.tags <> d.tags AND c.tags = ARRAY(
        SELECT btrim(tag) FROM unnest(string_to_array(replace(array_to_string(d.tags, ','), ';', ','), ','))
            WITH ORDINALITY AS said (tag, nth)
        WHERE btrim(tag) <> '' GROUP BY btrim(tag) ORDER BY min(nth))
    THEN d.tags ELSE c.tags END"""
SAME_CUSTOM = """
    CASE WHEN d.custom_fields @> c.custom_fields THEN d.custom_fields ELSE d.custom_fields || COALESCE(
        (SELECT jsonb_object_agg(said.key, said.value) FROM jsonb_each_text(c.custom_fields) said
         WHERE btrim(d.custom_fields ->> said.key, E' \t\r\n') IS DISTINCT FROM said.value), '{}') END"""
NO_BIRTHDAY = "d.metadata || CASE WHEN c.external_id = d.id::text THEN c.metadata - 'created_on' ELSE c.metadata END"

# Deal column -> (fields of the draft that fill it, its value from the chunk's row). A column that the file does not
# have leaves a matched deal's field alone.
UPDATABLE: dict[str, tuple[str, str]] = {
    "name": ("name", "c.name"),
    "match_key": ("name", "c.match_key"),
    "customer_id": ("company", SAME_COMPANY),
    "value": ("value_minor", "c.value"),
    "assigned_to": ("owner_text", "COALESCE(c.owner_id, d.assigned_to)"),
    "source": ("source", "COALESCE(c.source, d.source)"),
    "tags": ("tags", SAME_TAGS),
    "loss_reason": (
        "loss_reason",
        "CASE WHEN c.status = 'closed_lost' THEN COALESCE(c.loss_reason, d.loss_reason) END",
    ),
    "expected_close_date": (
        "expected_close_on",
        "CASE WHEN c.status = 'open' THEN c.expected_close_date ELSE d.expected_close_date END",
    ),
    "custom_fields": ("", SAME_CUSTOM),
    "metadata": ("", NO_BIRTHDAY),
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


def columns_of(given: AbstractSet[str]) -> Mapping[str, str]:
    """The columns of deals that a file with these fields sets: name -> its value from chunk `c` and deal `d`."""
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
    return columns


def differing(given: AbstractSet[str]) -> str:
    """A query: line, id of the deal and the new value of each column, of the rows that would change their deal."""
    columns = columns_of(given)
    new = ", ".join(columns.values())
    old = ", ".join(f"d.{name}" for name in columns)
    return f"""
        SELECT * FROM (
            SELECT c.line, d.id, {", ".join(f"{value} AS {name}" for name, value in columns.items())},
                   ({new}) IS DISTINCT FROM ({old}) AS differs
            FROM chunk c
            JOIN deals d ON d.id = c.matched_id
            JOIN tops ON tops.stage_id = c.stage_id
            LEFT JOIN company ON company.key = c.company_key
            WHERE c.problems IS NULL AND c.refusal IS NULL) candidates
        WHERE differs
    """  # noqa: S608 (every name stands in the tables above)
