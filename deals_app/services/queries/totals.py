"""Sums over deals, by currency and in the base currency. Two currencies are never added raw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Numeric, SQLColumnExpression, case, cast, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from deals_app.domain.money import minor_digits
from deals_app.domain.views import CurrencyPart, Total
from deals_app.models import Deal, FxRate

Rates = dict[str, tuple[Decimal, date]]


@dataclass(frozen=True, kw_only=True)
class Sum:
    """What the database adds up for one currency: rounding happens once, at the end."""

    currency: str
    count: int
    unknown_count: int
    value: int
    weighted: Decimal


def sum_columns() -> tuple[SQLColumnExpression[Any], ...]:
    """The select list behind `Sum`, for a query grouped by `Deal.currency` (and whatever else).

    A won deal weighs its whole value and a lost one nothing, as their probabilities say.
    """
    return (
        Deal.currency,
        func.count().label("count"),
        func.count(case((Deal.value.is_(None), 1))).label("unknown_count"),
        func.coalesce(func.sum(Deal.value), 0).label("value"),
        func.coalesce(func.sum(cast(Deal.value, Numeric) * Deal.probability), 0).label("weighted"),
    )


def as_sum(row: Any) -> Sum:
    """A row of `sum_columns`; percent points become shares here."""
    return Sum(
        currency=row.currency,
        count=row.count,
        unknown_count=row.unknown_count,
        value=int(row.value),
        weighted=Decimal(row.weighted) / 100,
    )


def total_of(sums: Iterable[Sum], *, base_currency: str, rates: Rates) -> Total:
    """Add up; the base value is None as soon as one currency that holds any value has no rate."""
    sums = sorted(sums, key=lambda part: part.currency)
    value = weighted = Decimal(0)
    complete, rate_date = True, None
    for part in sums:
        rate, on_date = rates.get(part.currency, (None, None)) if part.currency != base_currency else (Decimal(1), None)
        if rate is None:
            complete = complete and part.value == 0
            continue
        scale = rate.scaleb(minor_digits(base_currency) - minor_digits(part.currency))
        value, weighted = value + part.value * scale, weighted + part.weighted * scale
        rate_date = min(filter(None, (rate_date, on_date)), default=None)
    return Total(
        count=sum(part.count for part in sums),
        unknown_count=sum(part.unknown_count for part in sums),
        parts=tuple(
            CurrencyPart(currency=p.currency, count=p.count, value=p.value, weighted=_whole(p.weighted)) for p in sums
        ),
        base_currency=base_currency,
        base_value=_whole(value) if complete else None,
        base_weighted=_whole(weighted) if complete else None,
        rate_date=rate_date,
    )


def rates_to(session: Session, base_currency: str) -> Rates:
    """The newest known rate of every currency into the base one, with its date; one statement."""
    rows = session.execute(
        select(FxRate.base, FxRate.rate, FxRate.on_date)
        .where(FxRate.quote == base_currency, FxRate.on_date <= func.current_date())
        .ext(distinct_on(FxRate.base))
        .order_by(FxRate.base, FxRate.on_date.desc())
    )
    return {row.base: (row.rate, row.on_date) for row in rows}


def _whole(amount: Decimal) -> int:
    return int(amount.to_integral_value(rounding=ROUND_HALF_UP))
