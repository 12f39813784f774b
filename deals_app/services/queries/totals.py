"""Sums over deals, by currency and in the base currency. Two currencies are never added raw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Connection, Numeric, SQLColumnExpression, bindparam, case, cast, false, func, not_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from deals_app.domain.money import minor_digits
from deals_app.domain.views import CurrencyPart, Total
from deals_app.models import Deal, FxRate
from deals_app.services.statements import AnySelect
from deals_app.services.straight import Straight

Rates = dict[str, tuple[Decimal, date]]

_newest: AnySelect = (
    select(FxRate.base, FxRate.rate, FxRate.on_date)
    .where(FxRate.quote == bindparam("base_currency"), FxRate.on_date <= func.current_date())
    .ext(distinct_on(FxRate.base))
    .order_by(FxRate.base, FxRate.on_date.desc())
)
NEWEST_RATES = Straight(_newest)


@dataclass(frozen=True, kw_only=True)
class Sum:
    """What the database adds up for one currency: rounding happens once, at the end.

    `value` and `weighted` leave out estimated values, which `estimated` sums.
    """

    currency: str
    count: int
    unknown_count: int
    value: int
    weighted: Decimal
    estimated_count: int = 0
    estimated: int = 0


def sum_columns(*, estimated_apart: bool = True) -> tuple[SQLColumnExpression[Any], ...]:
    """The select list behind `Sum`, for a query grouped by `Deal.currency` (and whatever else).

    A won deal weighs its whole value and a lost one nothing, as their probabilities say. `estimated_apart=False` takes
    an estimate for a value like any other.
    """
    is_estimated = Deal.value_estimated if estimated_apart else false()
    firm = case((not_(is_estimated), Deal.value))
    estimated = case((is_estimated, Deal.value))
    return (
        Deal.currency,
        func.count().label("count"),
        func.count(case((Deal.value.is_(None), 1))).label("unknown_count"),
        func.coalesce(func.sum(firm), 0).label("value"),
        func.coalesce(func.sum(cast(firm, Numeric) * Deal.probability), 0).label("weighted"),
        func.count(estimated).label("estimated_count"),
        func.coalesce(func.sum(estimated), 0).label("estimated"),
    )


def as_sum(row: Any) -> Sum:
    """A row of `sum_columns`; percent points become shares here."""
    return Sum(
        currency=row.currency,
        count=row.count,
        unknown_count=row.unknown_count,
        value=int(row.value),
        weighted=Decimal(row.weighted) / 100,
        estimated_count=row.estimated_count,
        estimated=int(row.estimated),
    )


def merged(sums: Iterable[Sum]) -> list[Sum]:
    """Sums of several groups, one per currency."""
    found: dict[str, Sum] = {}
    for part in sums:
        had = found.get(part.currency)
        found[part.currency] = part if had is None else _together(had, part)
    return list(found.values())


def total_of(sums: Iterable[Sum], *, base_currency: str, rates: Rates) -> Total:
    """Add up sums of different currencies; a base value is None as soon as a currency that holds any has no rate."""
    sums = sorted(sums, key=lambda part: part.currency)
    value = weighted = estimated = Decimal(0)
    has_value = has_estimated = True
    rate_date: date | None = None
    for part in sums:
        rate, on_date = rates.get(part.currency, (None, None)) if part.currency != base_currency else (Decimal(1), None)
        if rate is None:
            has_value, has_estimated = has_value and part.value == 0, has_estimated and part.estimated == 0
            continue
        scale = rate.scaleb(minor_digits(base_currency) - minor_digits(part.currency))
        value, weighted = value + part.value * scale, weighted + part.weighted * scale
        estimated += part.estimated * scale
        rate_date = min(filter(None, (rate_date, on_date)), default=None)
    return Total(
        count=sum(part.count for part in sums),
        unknown_count=sum(part.unknown_count for part in sums),
        estimated_count=sum(part.estimated_count for part in sums),
        parts=tuple(_part(part) for part in sums),
        base_currency=base_currency,
        base_value=_whole(value) if has_value else None,
        base_weighted=_whole(weighted) if has_value else None,
        base_estimated=_whole(estimated) if has_estimated else None,
        rate_date=rate_date,
    )


def rates_to(through: Connection | Session, base_currency: str) -> Rates:
    """The newest known rate of every currency into the base one, with its date; one statement."""
    rows = NEWEST_RATES.rows(through, base_currency=base_currency)
    return {row.base: (row.rate, row.on_date) for row in rows}


def _together(one: Sum, other: Sum) -> Sum:
    return Sum(
        currency=one.currency,
        count=one.count + other.count,
        unknown_count=one.unknown_count + other.unknown_count,
        value=one.value + other.value,
        weighted=one.weighted + other.weighted,
        estimated_count=one.estimated_count + other.estimated_count,
        estimated=one.estimated + other.estimated,
    )


def _part(of: Sum) -> CurrencyPart:
    return CurrencyPart(
        currency=of.currency,
        count=of.count,
        value=of.value,
        weighted=_whole(of.weighted),
        estimated_count=of.estimated_count,
        estimated_value=of.estimated,
    )


def _whole(amount: Decimal) -> int:
    return int(amount.to_integral_value(rounding=ROUND_HALF_UP))
