"""What is usual for a tenant: the worth of its deals, how often they are touched, and how those like them ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from deals_app.domain.insights import Market, Record
from deals_app.services.queries.totals import Rates, minor_scale, rates_to
from deals_app.services.statements import AnyRow
from deals_app.services.unit_of_work import UnitOfWork

# Who plans what the analysis asks for: it is no sign that anybody cares for the deal.
ANALYST = "system:analysis"

MEDIANS = text("""
    SELECT d.pipeline_id, percentile_disc(0.5) WITHIN GROUP (ORDER BY d.value * s.scale) AS worth
    FROM deals d
    JOIN unnest(CAST(:currencies AS text[]), CAST(:scales AS numeric[])) AS s (currency, scale) USING (currency)
    WHERE d.status = 'open' AND d.deleted_at IS NULL AND d.value > 0 AND NOT d.value_estimated
    GROUP BY d.pipeline_id
""")
# Days between the days on which anybody did anything about the same open deal. Laterally, so that each deal costs its
# own few rows: before it has statistics the planner would go through all the deals for each activity.
GAPS = text("""
    SELECT d.stage_id, percentile_disc(0.5) WITHIN GROUP (ORDER BY g.days) AS days
    FROM deals d CROSS JOIN LATERAL (
        SELECT on_day - lag(on_day) OVER (ORDER BY on_day) AS days FROM (
            SELECT DISTINCT (a.at AT TIME ZONE :time_zone)::date AS on_day FROM activities a
            WHERE a.deal_id = d.id AND a.at > change_time() - interval '180 days' AND a.actor <> :analyst) AS touched
    ) g
    WHERE d.status = 'open' AND d.deleted_at IS NULL AND g.days IS NOT NULL
    GROUP BY d.stage_id HAVING count(*) >= 10
""")
ENDED = text("""
    SELECT pipeline_id, source, lower(competitor) AS competitor,
           count(*) FILTER (WHERE status = 'closed_won') AS won, count(*) AS closed
    FROM deals WHERE status <> 'open' AND deleted_at IS NULL
    GROUP BY GROUPING SETS ((pipeline_id, source), (pipeline_id), (lower(competitor)))
""")


@dataclass(frozen=True, kw_only=True)
class Usual:
    """What a deal is compared with: worths in the base currency's minor units by pipeline, gaps by stage.

    `records` are by (pipeline, source, None), (pipeline, None, None) and (None, None, competitor in lower case).
    """

    base_currency: str
    rates: Rates
    worths: Mapping[UUID, Decimal] = field(default_factory=dict[UUID, Decimal])
    gap_days: Mapping[UUID, int] = field(default_factory=dict[UUID, int])
    records: Mapping[tuple[Any, ...], Record] = field(default_factory=dict[tuple[Any, ...], Record])

    def scale(self, currency: str) -> Decimal | None:
        """From the currency's minor units to those of the base one; None without a rate."""
        if currency == self.base_currency:
            return Decimal(1)
        rate = self.rates.get(currency)
        return None if rate is None else minor_scale(rate[0], currency, self.base_currency)

    def share(self, deal: AnyRow) -> Decimal | None:
        """A deal's value by the median of its pipeline; None where either is unknown."""
        worth, scale = self.worths.get(deal.pipeline_id), self.scale(deal.currency)
        if deal.value is None or worth is None or scale is None:
            return None
        return deal.value * scale / worth

    def market(self, deal: AnyRow) -> Market:
        """How deals like this one ended."""
        return Market(
            competitor=deal.competitor,
            against=self.records.get((None, None, (deal.competitor or "").lower())),
            source=deal.source,
            of_source=self.records.get((deal.pipeline_id, deal.source, None)),
            of_all=self.records.get((deal.pipeline_id, None, None)),
        )


def usual(work: UnitOfWork) -> Usual:
    """Of the transaction's tenant; four statements, whatever is analysed."""
    base_currency = work.actor.base_currency
    known = Usual(base_currency=base_currency, rates=rates_to(work.connection, base_currency))
    scales = {currency: known.scale(currency) for currency in {*known.rates, base_currency}}
    medians = work.session.execute(MEDIANS, {"currencies": list(scales), "scales": list(scales.values())})
    gaps = work.session.execute(GAPS, {"time_zone": work.actor.time_zone, "analyst": ANALYST})
    return Usual(
        base_currency=base_currency,
        rates=known.rates,
        worths={row.pipeline_id: row.worth for row in medians},
        gap_days={row.stage_id: row.days for row in gaps},
        records={
            (row.pipeline_id, row.source, row.competitor): Record(won=row.won, closed=row.closed)
            for row in work.session.execute(ENDED)
        },
    )
