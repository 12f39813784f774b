"""The physical limit: bare Flask routes with plain SQL through the same driver, server and worker class.

No sessions, no keys, no limits, no row security, no ledger: only the work that nobody can leave out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
from flask import Flask, render_template
from psycopg.rows import DictRow, dict_row

app = Flask(__name__)
CONNINFO = os.environ["BARE_CONNINFO"]
CARDS = 25

idle: list[psycopg.Connection[DictRow]] = []

STAGES = """
    SELECT s.id, s.key, s.name, s.status, s.position, s.probability, s.rotting_days
    FROM stages s JOIN pipelines p ON p.tenant_id = s.tenant_id AND p.id = s.pipeline_id
    WHERE s.tenant_id = %(tenant_id)s AND p.is_default ORDER BY s.position
"""
SHOWN = "d.deleted_at IS NULL AND (d.actual_close_date IS NULL OR d.actual_close_date >= current_date - 30)"
# A look per stage: asked for all of them at once, PostgreSQL reads the whole table.
SUMS = f"""
    SELECT s.id AS stage_id, sums.* FROM stages s CROSS JOIN LATERAL (
    SELECT d.currency, count(*) AS count, count(*) FILTER (WHERE d.value IS NULL) AS unknown_count,
           coalesce(sum(d.value) FILTER (WHERE NOT d.value_estimated), 0)::bigint AS value,
           coalesce(sum(d.value * d.probability) FILTER (WHERE NOT d.value_estimated), 0) / 100 AS weighted,
           count(*) FILTER (WHERE d.value_estimated) AS estimated_count,
           coalesce(sum(d.value) FILTER (WHERE d.value_estimated), 0)::bigint AS estimated
    FROM {{deals}} d WHERE d.tenant_id = s.tenant_id AND d.pipeline_id = s.pipeline_id AND d.stage_id = s.id AND {SHOWN}
    GROUP BY d.currency) sums
    WHERE s.tenant_id = %(tenant_id)s AND {{which}} ORDER BY sums.currency
"""
TOTALS = SUMS.format(
    deals="deals",
    which="s.pipeline_id = (SELECT id FROM pipelines WHERE tenant_id = %(tenant_id)s AND is_default)",
)
TOUCHED_TOTALS = SUMS.format(deals="bare_deals", which="s.id = ANY(%(stages)s)")
# What a move comes to: one row with the columns, checks and indexes of a deal, without keys to others and triggers.
MOVE = """
    UPDATE bare_deals SET stage_id = %(stage)s, stage_entered_at = now(), updated_at = now(), version = version + 1,
        position = (SELECT min(position) FROM bare_deals WHERE tenant_id = %(tenant_id)s AND stage_id = %(stage)s
                    AND deleted_at IS NULL) - 1024
    WHERE tenant_id = %(tenant_id)s AND id = %(deal)s
"""
ONE_CARD = """
    SELECT c.*, k.name AS customer_name, u.name AS owner_name, n.step, n.step_due_on
    FROM bare_deals c
    LEFT JOIN customers k ON k.tenant_id = c.tenant_id AND k.id = c.customer_id
    LEFT JOIN users u ON u.id = c.assigned_to
    LEFT JOIN LATERAL (
        SELECT left(a.body, 120) AS step, a.due_on AS step_due_on FROM activities a
        WHERE a.tenant_id = c.tenant_id AND a.deal_id = c.id AND a.due_on IS NOT NULL AND a.done_at IS NULL
        ORDER BY a.due_on, a.id LIMIT 1) n ON true
    WHERE c.tenant_id = %(tenant_id)s AND c.id = %(deal)s
"""
FIRST_CARDS = f"""
    SELECT c.*, k.name AS customer_name, u.name AS owner_name, n.step, n.step_due_on
    FROM stages s
    JOIN pipelines p ON p.tenant_id = s.tenant_id AND p.id = s.pipeline_id AND p.is_default
    CROSS JOIN LATERAL (
        SELECT d.id, d.name, d.customer_id, d.value, d.currency, d.value_estimated, d.assigned_to,
               d.expected_close_date, d.actual_close_date, d.stage_id, d.status, d.stage_entered_at, d.ingested_from,
               d.tags, d.position, d.version
        FROM deals d WHERE d.tenant_id = s.tenant_id AND d.stage_id = s.id AND {SHOWN}
        ORDER BY d.position, d.id LIMIT %(cards)s) c
    LEFT JOIN customers k ON k.tenant_id = s.tenant_id AND k.id = c.customer_id
    LEFT JOIN users u ON u.id = c.assigned_to
    LEFT JOIN LATERAL (
        SELECT left(a.body, 120) AS step, a.due_on AS step_due_on FROM activities a
        WHERE a.tenant_id = s.tenant_id AND a.deal_id = c.id AND a.due_on IS NOT NULL AND a.done_at IS NULL
        ORDER BY a.due_on, a.id LIMIT 1) n ON true
    WHERE s.tenant_id = %(tenant_id)s
    ORDER BY s.position, c.position, c.id
"""


@app.put("/bare/<int:row>")
def count_up(row: int) -> str:
    """Any UPDATE at all, and its COMMIT: two integers and a primary key."""
    with connected() as connection:
        connection.execute("UPDATE bare_counts SET n = n + 1 WHERE id = %s", [row])
        connection.commit()
    return "{}"


@app.get("/readyz")
def ready() -> str:
    """The smallest answer."""
    with connected() as connection:
        connection.execute("SELECT 1")
        connection.commit()
    return "ok"


@app.put("/bare/<uuid:tenant_id>/<uuid:deal>/<uuid:stage>")
def move(tenant_id: Any, deal: Any, stage: Any) -> str:
    """One UPDATE, one COMMIT."""
    with connected() as connection:
        connection.execute(MOVE, {"tenant_id": tenant_id, "deal": deal, "stage": stage})
        connection.commit()
    return "{}"


@app.post("/bare/<uuid:tenant_id>/<uuid:deal>/<uuid:stage>/from/<uuid:before>")
def drop(tenant_id: Any, deal: Any, stage: Any, before: Any) -> str:
    """The same, and what the board has to show: the card, and the sums of the two columns."""
    values = {"tenant_id": tenant_id, "deal": deal, "stage": stage, "stages": [stage, before]}
    with connected() as connection:
        connection.execute(MOVE, values)
        stages = connection.execute(STAGES, values).fetchall()
        sums = connection.execute(TOUCHED_TOTALS, values).fetchall()
        cards = connection.execute(ONE_CARD, values).fetchall()
        connection.commit()
    return shown(stages, [each for each in stages if each["id"] in values["stages"]], sums, cards)


@app.get("/bare/board/<uuid:tenant_id>")
def board(tenant_id: Any) -> str:
    """The default pipeline's columns, their exact sums over all deals, and the first cards of each."""
    values = {"tenant_id": tenant_id, "cards": CARDS + 1}
    with connected() as connection:
        stages = connection.execute(STAGES, values).fetchall()
        sums = connection.execute(TOTALS, values).fetchall()
        cards = connection.execute(FIRST_CARDS, values).fetchall()
        connection.commit()
    return shown(stages, stages, sums, cards)


def shown(stages: list[DictRow], touched: list[DictRow], sums: list[DictRow], cards: list[DictRow]) -> str:
    """Columns with their sums and cards."""
    columns: dict[Any, dict[str, Any]] = {stage["id"]: {"stage": stage, "parts": [], "cards": []} for stage in touched}
    for part in sums:
        columns[part["stage_id"]]["parts"].append(part)
    for card in cards:
        columns[card["stage_id"]]["cards"].append(card)
    today = datetime.now(UTC)
    return render_template("board.html", stages=stages, columns=list(columns.values()), most=CARDS, today=today)


@contextmanager
def connected() -> Iterator[psycopg.Connection[DictRow]]:
    """A connection for one request; there are as many as there are requests at once."""
    connection = idle.pop() if idle else psycopg.Connection[DictRow].connect(CONNINFO, row_factory=dict_row)
    yield connection
    idle.append(connection)


@app.template_filter()
def money(minor: int) -> str:
    """All deals of the bench are in dollars."""
    whole, cents = divmod(int(minor), 100)
    return f"${whole:,}.{cents:02}" if cents else f"${whole:,}"
