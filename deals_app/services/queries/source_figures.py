"""How often a source came to what, lately."""

from __future__ import annotations

from sqlalchemy import text

from deals_app.domain.actor import Actor
from deals_app.domain.calendar import midnight_in
from deals_app.domain.inbox_views import SourceFigures
from deals_app.services.ingestion import Door
from deals_app.services.unit_of_work import reading

OF_ITEMS = text("""
    SELECT outcome, count(*) FILTER (WHERE created_at >= :midnight) AS today, count(*) AS days_30
    FROM inbound_items WHERE source = :source AND created_at >= now() - interval '30 days' AND outcome <> 'received'
    GROUP BY outcome
""")
OF_FILES = text("""
    SELECT outcome, coalesce(sum(number) FILTER (WHERE i.created_at >= :midnight), 0)::bigint AS today,
           sum(number)::bigint AS days_30
    FROM imports i, LATERAL (VALUES
        ('created', created), ('updated', updated), ('unchanged', unchanged), ('rejected', failed)
    ) AS each (outcome, number)
    WHERE i.created_at >= now() - interval '30 days' AND staged_at IS NOT NULL AND started_at IS NOT NULL
    GROUP BY outcome
""")


def source_figures(actor: Actor, door: Door) -> SourceFigures:
    """Of one source; an item counts for what has become of it, on the day on which it came. One statement."""
    values = {"midnight": midnight_in(actor.time_zone, actor.today)}
    statement, values = (OF_FILES, values) if door.is_upload else (OF_ITEMS, values | {"source": door.key})
    with reading(actor) as session:
        rows = session.execute(statement, values).all()
    return SourceFigures(
        today={row.outcome: row.today for row in rows}, days_30={row.outcome: row.days_30 for row in rows}
    )
