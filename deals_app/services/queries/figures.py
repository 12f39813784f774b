"""Figures over a pipeline: counts and sums per stage, win rate, and open deals by the month they should close."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Label, SQLColumnExpression, cast, func, select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.views import Analytics, MonthForecast, PipelineView, Total
from deals_app.models import Deal
from deals_app.services.pipelines import chosen_pipeline
from deals_app.services.queries.totals import Rates, Sum, as_sum, merged, rates_to, sum_columns, total_of
from deals_app.services.unit_of_work import reading


def analytics(actor: Actor, pipeline: str | None = None) -> Analytics:
    """Where the deals of a pipeline stand and how many are won; raises NotFound for the pipeline.

    Win rate = won / (won + lost), in percent, over all live closed deals; None before the first is closed.
    """
    with reading(actor) as session:
        chosen = chosen_pipeline(session, pipeline)
        by_status_and_stage = _sums(session, chosen.id, (Deal.stage_id, Deal.status))
        rates = rates_to(session, actor.base_currency)
        days = session.scalar(
            select(func.avg(Deal.actual_close_date - cast(Deal.created_at, Date))).where(
                Deal.pipeline_id == chosen.id,
                Deal.status == "closed_won",
                Deal.deleted_at.is_(None),
                Deal.actual_close_date >= cast(Deal.created_at, Date),
            )
        )
        reasons = session.execute(
            select(Deal.loss_reason, func.count())
            .where(Deal.pipeline_id == chosen.id, Deal.loss_reason.is_not(None), Deal.deleted_at.is_(None))
            .group_by(Deal.loss_reason)
            .order_by(func.count().desc(), Deal.loss_reason)
            .limit(8)
        ).all()

    def total(status: str | None = None, stage_id: UUID | None = None) -> Total:
        sums = [
            found
            for (stage, state), parts in by_status_and_stage.items()
            if (status is None or state == status) and (stage_id is None or stage == stage_id)
            for found in parts
        ]
        return total_of(merged(sums), base_currency=actor.base_currency, rates=rates)

    won, lost = total("closed_won"), total("closed_lost")
    closed = won.count + lost.count
    return Analytics(
        pipeline=chosen,
        by_stage=tuple((stage, total(stage_id=stage.id)) for stage in chosen.stages),
        won=won,
        lost=lost,
        win_rate_percent=_tenths(Decimal(won.count * 100) / closed) if closed else None,
        average_days_to_win=_tenths(Decimal(days)) if days is not None else None,
        loss_reasons=tuple((str(row[0]), row[1]) for row in reasons),
    )


def forecast(actor: Actor, pipeline: str | None = None) -> tuple[PipelineView, list[MonthForecast]]:
    """Open deals by the month of their expected close date, those without a date last; estimated values left out."""
    with reading(actor) as session:
        chosen = chosen_pipeline(session, pipeline)
        month = cast(func.date_trunc("month", Deal.expected_close_date), Date)
        sums = _sums(session, chosen.id, (month,), Deal.status == "open", Deal.value_estimated.is_(False))
        rates: Rates = rates_to(session, actor.base_currency)
    months: list[date | None] = sorted(key[0] for key in sums if key[0] is not None)
    if (None,) in sums:
        months.append(None)
    return chosen, [
        MonthForecast(month=first, total=total_of(sums[(first,)], base_currency=actor.base_currency, rates=rates))
        for first in months
    ]


def stage_counts(actor: Actor, pipeline: str | None = None) -> dict[str, int]:
    """Live deals per stage key, every stage of the pipeline named; raises NotFound."""
    with reading(actor) as session:
        chosen = chosen_pipeline(session, pipeline)
        rows = session.execute(
            select(Deal.stage_id, func.count())
            .where(Deal.pipeline_id == chosen.id, Deal.deleted_at.is_(None))
            .group_by(Deal.stage_id)
        ).all()
    counts = {row[0]: row[1] for row in rows}
    return {stage.key: counts.get(stage.id, 0) for stage in chosen.stages}


def won_total(actor: Actor, pipeline: str | None = None) -> Total:
    """What the won deals of a pipeline come to, for programs: an estimate that was never corrected counts as won.

    Raises NotFound.
    """
    with reading(actor) as session:
        chosen = chosen_pipeline(session, pipeline)
        sums = _sums(session, chosen.id, (), Deal.status == "closed_won", estimated_apart=False)
        rates = rates_to(session, actor.base_currency)
    return total_of(sums.get((), []), base_currency=actor.base_currency, rates=rates)


def _sums(
    session: Session,
    pipeline_id: UUID,
    keys: tuple[SQLColumnExpression[Any], ...],
    *conditions: ColumnElement[bool],
    estimated_apart: bool = True,
) -> dict[tuple[Any, ...], list[Sum]]:
    """Sums of live deals of a pipeline by the keys and currency."""
    labelled: list[Label[Any]] = [key.label(f"key_{number}") for number, key in enumerate(keys)]
    rows = session.execute(
        select(*labelled, *sum_columns(estimated_apart=estimated_apart))
        .where(Deal.pipeline_id == pipeline_id, Deal.deleted_at.is_(None), *conditions)
        .group_by(*keys, Deal.currency)
    ).all()
    found: dict[tuple[Any, ...], list[Sum]] = {}
    for row in rows:
        found.setdefault(tuple(row[: len(keys)]), []).append(as_sum(row))
    return found


def _tenths(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
