"""What a board or a list of deals is narrowed to, and how it is sorted: one meaning for board, list and bulk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Numeric,
    SQLColumnExpression,
    and_,
    case,
    cast,
    func,
    or_,
    select,
    tuple_,
)

from deals_app.domain.calendar import SOON_DAYS
from deals_app.domain.money import MAX_MINOR, minor_digits
from deals_app.models import Customer, Deal, Stage
from deals_app.services.queries.cursor import read_cursor
from deals_app.services.queries.totals import Rates

CLOSED_DAYS = 30
FIRST_DAY, LAST_DAY = date(1, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True, kw_only=True)
class DealFilter:
    """None and empty mean everything. Values are minor units of the base currency, compared at the newest rates.

    `close` is one of CLOSE_CHOICES; `closed_days` leaves out deals closed longer ago, where None shows them all.
    """

    q: str = ""
    stage: str = ""
    status: str = ""
    pipeline: UUID | None = None
    owner: UUID | None = None
    unassigned: bool = False
    close: str = ""
    value_from: int | None = None
    value_to: int | None = None
    tag: str = ""
    source: str = ""
    closed_days: int | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the days of closed columns is left out."""
        return self != DealFilter(closed_days=self.closed_days, pipeline=self.pipeline)


CLOSE_CHOICES = {"overdue": "Overdue", "week": "Within a week", "month": "Within 30 days", "none": "No close date"}


def conditions(wanted: DealFilter, *, today: date, base_currency: str, rates: Rates) -> list[ColumnElement[bool]]:
    """The live deals that a filter lets through, as conditions on `Deal` alone, so that sums and lists agree."""
    found: list[ColumnElement[bool]] = [Deal.deleted_at.is_(None)]
    for column, value in (
        (Deal.pipeline_id, wanted.pipeline),
        (Deal.status, wanted.status or None),
        (Deal.assigned_to, None if wanted.unassigned else wanted.owner),
        (Deal.ingested_from, wanted.source or None),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.unassigned:
        found.append(Deal.assigned_to.is_(None))
    if wanted.stage:
        found.append(Deal.stage_id.in_(select(Stage.id).where(Stage.key == wanted.stage)))
    if wanted.tag:
        found.append(Deal.tags.contains([wanted.tag]))
    if text := wanted.q.strip():
        named = select(Customer.id).where(Customer.name.icontains(text, autoescape=True))
        found.append(or_(Deal.name.icontains(text, autoescape=True), Deal.customer_id.in_(named)))
    if wanted.closed_days is not None:
        since = today - timedelta(days=wanted.closed_days)
        found.append(or_(Deal.actual_close_date.is_(None), Deal.actual_close_date >= since))
    return [*found, *_closing(wanted.close, today), *_worth(wanted, base_currency, rates)]


def base_value(base_currency: str, rates: Rates) -> SQLColumnExpression[Any]:
    """A deal's value in the base currency's minor units; null where there is none or no rate to it."""
    whens = [(Deal.currency == base_currency, cast(Deal.value, Numeric))]
    whens += [
        (Deal.currency == currency, Deal.value * rate.scaleb(minor_digits(base_currency) - minor_digits(currency)))
        for currency, (rate, _) in sorted(rates.items())
    ]
    return case(*whens)


@dataclass(frozen=True, kw_only=True)
class Sort:
    """An order of deals: its key never null, what comes without a value stands last; the id settles ties."""

    key: SQLColumnExpression[Any]
    parse: Callable[[str], Any]
    descending: bool = False
    tie: SQLColumnExpression[Any] = field(default_factory=lambda: Deal.id)

    def order(self) -> tuple[ColumnElement[Any], ...]:
        """For ORDER BY."""
        return (self.key.desc(), self.tie.desc()) if self.descending else (self.key.asc(), self.tie.asc())

    def after(self, cursor: str) -> ColumnElement[bool]:
        """What stands behind the row with this cursor; raises Invalid for a cursor that is none of this order."""
        place = tuple_(*read_cursor(cursor, self.parse))
        return tuple_(self.key, self.tie) < place if self.descending else tuple_(self.key, self.tie) > place


# How people ask for an order, and the one that "best first" means there.
SORTS = {
    "created": "Newest first",
    "name": "Name",
    "value": "Value",
    "close": "Close date",
    "age": "Days in stage",
    "updated": "Last changed",
}
DESCENDS_FIRST = frozenset({"created", "value", "updated"})


def sort_of(name: str, *, descending: bool, base_currency: str, rates: Rates) -> Sort:
    """The order of this name: one of SORTS or `position`, a board's own; the newest first for any other."""
    if name == "position":
        return Sort(key=Deal.position, parse=Decimal)
    last = LAST_DAY if not descending else FIRST_DAY
    if name == "name":
        return Sort(key=func.lower(Deal.name), parse=str, descending=descending)
    if name == "close":
        key = func.coalesce(Deal.actual_close_date, Deal.expected_close_date, last)
        return Sort(key=key, parse=date.fromisoformat, descending=descending)
    if name == "value":
        nothing = -1 if descending else MAX_MINOR * 1000
        key = func.coalesce(base_value(base_currency, rates), cast(nothing, Numeric))
        return Sort(key=key, parse=Decimal, descending=descending)
    column = {"age": Deal.stage_entered_at, "updated": Deal.updated_at}.get(name, Deal.created_at)
    return Sort(key=column, parse=datetime.fromisoformat, descending=descending)


def _closing(close: str, today: date) -> list[ColumnElement[bool]]:
    expected, is_open = Deal.expected_close_date, Deal.status == "open"
    spans = {
        "overdue": expected < today,
        "week": and_(expected >= today, expected <= today + timedelta(days=SOON_DAYS)),
        "month": and_(expected >= today, expected <= today + timedelta(days=30)),
        "none": expected.is_(None),
    }
    return [is_open, spans[close]] if close in spans else []


def _worth(wanted: DealFilter, base_currency: str, rates: Rates) -> list[ColumnElement[bool]]:
    if wanted.value_from is None and wanted.value_to is None:
        return []
    worth = base_value(base_currency, rates)
    found: list[ColumnElement[bool]] = []
    if wanted.value_from is not None:
        found.append(worth >= cast(wanted.value_from, BigInteger))
    if wanted.value_to is not None:
        found.append(worth <= cast(wanted.value_to, BigInteger))
    return found
