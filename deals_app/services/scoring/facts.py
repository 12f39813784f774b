"""What is known of many deals at once, for their health; one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text

from deals_app.domain.actor import Actor
from deals_app.domain.calendar import today_in
from deals_app.domain.health import DealFacts
from deals_app.services.scoring.usual import ANALYST, Usual
from deals_app.services.statements import AnyRow
from deals_app.services.unit_of_work import UnitOfWork

# A change that was undone did not happen. What the analysis planned itself counts once somebody has done it. Laterally,
# so that each deal costs its own few rows, whatever the planner knows of the tables.
FACTS = text("""
    SELECT d.id, d.version, d.status, d.health_score, d.risk_level, d.insights, d.assigned_to, d.value, d.currency,
           d.value_estimated, d.probability, d.expected_close_date, d.actual_close_date, d.stage_entered_at,
           d.competitor, d.source, d.pipeline_id, d.stage_id, s.name AS stage_name, s.rotting_days, c.churn_risk,
           greatest(d.created_at, d.stage_entered_at, t.last_at) AS touched_at, t.next_step_on, t.lately, t.is_warned,
           h.put_off, h.forward, h.back
    FROM deals d
    JOIN stages s ON s.id = d.stage_id
    LEFT JOIN customers c ON c.id = d.customer_id
    CROSS JOIN LATERAL (
        SELECT max(greatest(a.at, a.done_at)) FILTER (WHERE o.is_sign) AS last_at,
               count(*) FILTER (WHERE o.is_sign AND greatest(a.at, a.done_at) > change_time() - interval '30 days')
                   AS lately,
               min(a.due_on) FILTER (WHERE o.is_sign AND a.done_at IS NULL) AS next_step_on,
               coalesce(bool_or(NOT o.is_sign), false) AS is_warned
        FROM activities a CROSS JOIN LATERAL (SELECT a.actor <> :analyst OR a.done_at IS NOT NULL AS is_sign) o
        WHERE a.deal_id = d.id
    ) t
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE e.after ->> 'expected_close_date' > e.before ->> 'expected_close_date')
                   AS put_off,
               count(*) FILTER (WHERE came.position > went.position) AS forward,
               count(*) FILTER (WHERE came.position < went.position) AS back
        FROM deal_events e
        LEFT JOIN stages came ON came.id = (e.after ->> 'stage_id')::uuid AND came.status = 'open'
        LEFT JOIN stages went ON went.id = (e.before ->> 'stage_id')::uuid AND went.status = 'open'
                             AND went.pipeline_id = came.pipeline_id
        WHERE e.deal_id = d.id AND e.kind IN ('moved', 'updated')
          AND NOT EXISTS (SELECT FROM deal_events u WHERE u.deal_id = d.id AND u.undoes = e.operation)
    ) h
    WHERE d.id = ANY(:ids) AND d.deleted_at IS NULL
    ORDER BY d.id
""")


def rows_of(work: UnitOfWork, deal_ids: Sequence[UUID]) -> Sequence[AnyRow]:
    """The live ones of these deals with all that `facts_of` reads, by id."""
    return work.session.execute(FACTS, {"ids": list(deal_ids), "analyst": ANALYST}).all()


def facts_of(actor: Actor, deal: AnyRow, usual: Usual) -> DealFacts:
    """A row of `rows_of` as the domain knows it: moments become days of the tenant's zone."""

    def day(at: datetime) -> date:
        return today_in(actor.time_zone, at)

    return DealFacts(
        today=actor.today,
        status=deal.status,
        stage_name=deal.stage_name,
        entered_on=day(deal.stage_entered_at),
        touched_on=day(deal.touched_at),
        rotting_days=deal.rotting_days,
        usual_gap_days=usual.gap_days.get(deal.stage_id),
        touches_lately=deal.lately,
        next_step_on=deal.next_step_on,
        has_value=deal.value is not None,
        is_estimate=deal.value_estimated,
        value_share=usual.share(deal),
        probability=deal.probability,
        expected_close_on=deal.expected_close_date,
        closed_on=deal.actual_close_date,
        times_put_off=deal.put_off,
        steps_forward=deal.forward,
        steps_back=deal.back,
        has_owner=deal.assigned_to is not None,
        churn_risk=deal.churn_risk,
    )
