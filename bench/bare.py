"""The physical limit: a bare Flask route doing one statement through the same driver, server and worker class."""

from __future__ import annotations

import os
from typing import Any

import psycopg
from flask import Flask
from psycopg.rows import dict_row

app = Flask(__name__)
CONNINFO = os.environ["BARE_CONNINFO"]
idle: list[psycopg.Connection[Any]] = []


@app.get("/readyz")
def ready() -> str:
    """The smallest answer."""
    return "ok"


@app.put("/bare/<int:row>")
def update(row: int) -> str:
    """One UPDATE, one COMMIT."""
    connection = idle.pop() if idle else psycopg.connect(CONNINFO)
    connection.execute("UPDATE bare SET n = n + 1 WHERE id = %s", [row])
    connection.commit()
    idle.append(connection)
    return "{}"


@app.get("/bare/board")
def board() -> str:
    """The board's aggregates and cards by plain SQL, as the least HTML that shows them."""
    connection = idle.pop() if idle else psycopg.connect(CONNINFO)
    totals = connection.execute(
        "SELECT stage_id, currency, count(*), sum(value), sum(value * probability) FROM deals"
        " WHERE deleted_at IS NULL GROUP BY stage_id, currency"
    ).fetchall()
    with connection.cursor(row_factory=dict_row) as cursor:
        cards = cursor.execute(
            "SELECT c.* FROM stages s"
            " CROSS JOIN LATERAL (SELECT d.id, d.name, d.value, d.currency, d.stage_id FROM deals d"
            " WHERE d.stage_id = s.id AND d.deleted_at IS NULL ORDER BY d.position, d.id LIMIT 25) c"
        ).fetchall()
    connection.commit()
    idle.append(connection)
    heads = "".join(f"<h2>{row[0]} {row[1]} {row[2]} {row[3]} {row[4]}</h2>" for row in totals)
    return heads + "".join(f"<li id='{c['id']}'>{c['name']} {c['value']} {c['currency']}</li>" for c in cards)
