"""The figures that ingestion answers with: where a deal stands among the others, and what its pipeline comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import NotFound
from deals_app.domain.money import from_minor
from deals_app.models import Deal, Pipeline, Stage
from deals_app.services.queries.totals import NEWEST, Sum, as_sum, merged, minor_scale, sum_columns, total_of
from deals_app.services.unit_of_work import reading

# Values without a rate into the base currency cannot be compared, and those nobody knows are no values.
STANDING = text("""
    WITH worths AS (
        SELECT d.id, d.value * s.scale AS worth
        FROM deals d
        JOIN unnest(CAST(:currencies AS text[]), CAST(:scales AS numeric[])) AS s (currency, scale) USING (currency)
        WHERE d.pipeline_id = :pipeline_id AND d.status = 'open' AND d.deleted_at IS NULL AND d.value IS NOT NULL
    ), this AS MATERIALIZED (SELECT worth FROM worths WHERE id = :deal_id)
    SELECT count(*) FILTER (WHERE w.worth <= this.worth) * 100.0 / count(*) AS percentile,
           count(*) FILTER (WHERE w.worth > this.worth) + 1 AS value_rank
    FROM worths w CROSS JOIN this HAVING count(*) > 0
""")
# What came in by the door and was made something of; a file's rows are counted by its import.
BY_SOURCE = text("""
    SELECT source, sum(success)::bigint AS success, sum(failure)::bigint AS failure FROM (
        SELECT source, count(*) FILTER (WHERE outcome IN ('created', 'updated', 'unchanged')) AS success,
               count(*) FILTER (WHERE outcome = 'rejected') AS failure
        FROM inbound_items WHERE outcome NOT IN ('received', 'held') GROUP BY source
        UNION ALL
        SELECT 'csv', sum(created + updated + unchanged), sum(failed) FROM imports
        WHERE staged_at IS NOT NULL HAVING count(*) > 0
    ) AS counted GROUP BY source ORDER BY source
""")


@dataclass(frozen=True, kw_only=True)
class CurrencyValue:
    """Open deals of one currency; amounts in major units, with all the currency's decimals."""

    currency: str
    count: int
    total: str
    weighted: str


@dataclass(frozen=True, kw_only=True)
class PipelineValue:
    """What the open deals come to, in major units of the base currency; None where a rate is missing."""

    total: str | None
    weighted: str | None
    currency: str
    by_currency: tuple[CurrencyValue, ...]


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """The figures of one pipeline. `stage_distribution` has every stage by its key, closed ones too.

    `percentile` is the share of the open deals worth no more than the deal, 0 to 100, and `value_rank` 1 for the one
    that is worth most; both None without a deal, and for one that is closed or whose worth cannot be compared.
    """

    percentile: Decimal | None
    value_rank: int | None
    total_active_deals: int
    stage_distribution: Mapping[str, int]
    pipeline_value: PipelineValue


@dataclass(frozen=True, kw_only=True)
class SourceCount:
    """How often something that came in by a source was made a deal of, and how often it could not be."""

    success: int
    failure: int


def metrics(actor: Actor, deal_id: UUID | None = None) -> Metrics:
    """The figures of the deal's pipeline, or of the default one without a deal; raises NotFound.

    An estimated value counts like any other, as in `won_total`: programs see it in the deal itself. One statement, and
    one more for a deal.
    """
    with reading(actor) as session:
        rows = _stages_with_sums(session, actor, deal_id)
        if not rows:
            message = "There is no such deal"
            raise NotFound(message)
        standing = None if deal_id is None else _standing(session, actor, deal_id, rows)
    return Metrics(
        percentile=None if standing is None else _tenths(standing.percentile),
        value_rank=None if standing is None else standing.value_rank,
        total_active_deals=sum(row.count for row in rows if row.status == "open"),
        stage_distribution=_distribution(rows),
        pipeline_value=_value(actor, [row for row in rows if row.status == "open" and row.count]),
    )


def source_counts(actor: Actor) -> dict[str, SourceCount]:
    """Successes and failures of every source by which anything has come in; one statement."""
    with reading(actor) as session:
        return {row.source: SourceCount(success=row.success, failure=row.failure) for row in session.execute(BY_SOURCE)}


def _stages_with_sums(session: Session, actor: Actor, deal_id: UUID | None) -> Sequence[Any]:
    """Every stage of the pipeline with what its live deals come to, a row for each currency; none without the deal."""
    rates = NEWEST.subquery("rates")
    sums = (
        select(Deal.stage_id, *sum_columns(estimated_apart=False))
        .where(Deal.deleted_at.is_(None))
        .group_by(Deal.stage_id, Deal.currency)
        .subquery("sums")
    )
    live = select(Deal.pipeline_id).where(Deal.id == deal_id, Deal.deleted_at.is_(None))
    wanted = Pipeline.is_default if deal_id is None else Pipeline.id == live.scalar_subquery()
    summed = (each for each in sums.c if each.key not in {"stage_id", "count"})
    statement = (
        select(Stage.pipeline_id, Stage.key, Stage.status, *summed)
        .add_columns(func.coalesce(sums.c["count"], 0).label("count"), rates.c.rate, rates.c.on_date)
        .join(Pipeline, Pipeline.id == Stage.pipeline_id)
        .outerjoin(sums, sums.c.stage_id == Stage.id)
        .outerjoin(rates, rates.c.base == sums.c.currency)
        .where(wanted)
        .order_by(Stage.position, sums.c.currency)
    )
    return session.execute(statement, {"base_currency": actor.base_currency}).all()


def _standing(session: Session, actor: Actor, deal_id: UUID, rows: Sequence[Any]) -> Any:
    scales = {row.currency: minor_scale(row.rate, row.currency, actor.base_currency) for row in rows if row.rate}
    scales[actor.base_currency] = Decimal(1)
    return session.execute(
        STANDING,
        {
            "deal_id": deal_id,
            "pipeline_id": rows[0].pipeline_id,
            "currencies": list(scales),
            "scales": list(scales.values()),
        },
    ).one_or_none()


def _distribution(rows: Sequence[Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.key] = counts.get(row.key, 0) + row.count
    return counts


def _value(actor: Actor, rows: Sequence[Any]) -> PipelineValue:
    sums: list[Sum] = merged(as_sum(row) for row in rows)
    rates: dict[str, Any] = {row.currency: (row.rate, row.on_date) for row in rows if row.rate is not None}
    total = total_of(sums, base_currency=actor.base_currency, rates=rates)
    return PipelineValue(
        total=_major(total.base_value, total.base_currency),
        weighted=_major(total.base_weighted, total.base_currency),
        currency=total.base_currency,
        by_currency=tuple(
            CurrencyValue(
                currency=part.currency,
                count=part.count,
                total=f"{from_minor(part.value, part.currency):f}",
                weighted=f"{from_minor(part.weighted, part.currency):f}",
            )
            for part in total.parts
        ),
    )


def _major(value: int | None, currency: str) -> str | None:
    return None if value is None else f"{from_minor(value, currency):f}"


def _tenths(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
