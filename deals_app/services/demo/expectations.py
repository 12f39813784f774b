"""When a deal of the demo is expected to close: what was said first, and how it slipped."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from deals_app.services.demo.hours import workday
from deals_app.services.demo.routes import Route

SLIPS_OF_CLOSED, SLIPS_OF_OPEN = (68, 20, 8, 4), (52, 27, 13, 8)
OVERDUE_WHEN_OLD, OVERDUE = 0.38, 0.17
# Too young for a date to have passed.
YOUNG_DAYS, OLD_DAYS = 18, 32
# From so many days on until so many, an open deal in its n-th stage is expected to close.
AHEAD = ((28, 110), (18, 90), (8, 55), (1, 32))


@dataclass(frozen=True, kw_only=True)
class Expectations:
    """The first expected date, and the days on which it was put off, each with the new date."""

    first: date
    slips: tuple[tuple[date, date], ...]

    def as_of(self, day: date) -> date:
        """What was said on that day."""
        return next((new for told, new in reversed(self.slips) if told <= day), self.first)


def of_closed(chance: random.Random, route: Route) -> Expectations:
    """Closed a little before or after what was last said; some were overdue for weeks."""
    off = round(chance.gauss(3, 5)) if chance.random() > OVERDUE else -chance.randrange(6, 22)
    return _told_backwards(chance, route, route.until + timedelta(days=off), SLIPS_OF_CLOSED)


def of_open(chance: random.Random, route: Route) -> Expectations:
    """In the weeks to come, or overdue."""
    age, stood = (route.until - route.made_on).days, (route.until - route.last.on).days
    overdue = 0.0 if age < YOUNG_DAYS else OVERDUE_WHEN_OLD if stood > OLD_DAYS else OVERDUE
    if chance.random() < overdue:
        final = route.until - timedelta(days=1 + min(round(chance.expovariate(1 / 9)), age - 8))
    else:
        ahead = chance.randint(*AHEAD[min(route.last.stage, len(AHEAD) - 1)])
        final = workday(route.until + timedelta(days=ahead))
    return _told_backwards(chance, route, final, SLIPS_OF_OPEN)


def _told_backwards(chance: random.Random, route: Route, final: date, slips: Sequence[int]) -> Expectations:
    (wanted,) = chance.choices(range(len(slips)), slips)
    first, found, latest = final, list[tuple[date, date]](), route.until
    for _ in range(wanted):
        before = workday(first - timedelta(days=chance.randrange(12, 45)))
        told = min(before + timedelta(days=chance.randrange(-5, 4)), latest - timedelta(days=chance.randrange(7, 24)))
        if told <= route.made_on + timedelta(days=1) or before <= route.made_on + timedelta(days=6):
            break
        found.insert(0, (told, first))
        first, latest = before, told
    return Expectations(first=max(first, route.made_on + timedelta(days=3)), slips=tuple(found))
