"""The demo's exchange rates: one per currency and month, drifting plausibly; the same whenever they are made."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from deals_app.domain.actor import Actor, Role
from deals_app.models import FxRate
from deals_app.services.unit_of_work import unit_of_work

QUOTE = "USD"


@dataclass(frozen=True, kw_only=True)
class Drift:
    """US dollars for one unit: around `middle`, swinging by up to `swing` of it; `digits` decimals are quoted."""

    middle: float
    swing: float
    phase: float
    digits: int


DRIFTS = {
    "EUR": Drift(middle=1.12, swing=0.05, phase=0.4, digits=4),
    "GBP": Drift(middle=1.31, swing=0.04, phase=1.9, digits=4),
    "JPY": Drift(middle=0.00672, swing=0.06, phase=3.1, digits=6),
}


def rate_on(currency: str, day: date) -> Decimal:
    """What one unit buys on a day: two slow waves, so that it depends on the day alone."""
    if currency == QUOTE:
        return Decimal(1)
    drift = DRIFTS[currency]
    months = day.toordinal() / 30.44
    wave = math.sin(months / 3.1 + drift.phase) * 0.7 + math.sin(months / 0.9 + drift.phase * 2) * 0.3
    return Decimal(f"{drift.middle * (1 + drift.swing * wave):.{drift.digits}f}")


def months_until(today: date, months: int) -> Iterator[date]:
    """The first day of this month and of the `months` before it, oldest first."""
    for back in range(months, -1, -1):
        year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
        yield date(year, month + 1, 1)


def write_rates(today: date, months: int) -> None:
    """Store a rate for every month; known ones stay. Exchange rates are of all tenants, so the owner writes them."""
    nobody = Actor(tenant_id=UUID(int=0), reference="system:demo", role=Role.SYSTEM, door="demo")
    rows = [
        {"base": currency, "quote": QUOTE, "on_date": day, "rate": rate_on(currency, day), "source": "demo"}
        for day in months_until(today, months)
        for currency in DRIFTS
    ]
    with unit_of_work(nobody, as_owner=True) as work:
        work.session.execute(insert(FxRate).values(rows).on_conflict_do_nothing())
