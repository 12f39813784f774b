"""Which stages a deal of the demo goes through, and on which days: told backwards from its end, or from today."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, auto

from deals_app.services.demo.casting import Cast

SKIPS_A_STAGE = 0.12
GOES_BACK, STANDS_BACK = 0.07, 0.06
WAS_REOPENED, STANDS_REOPENED = 0.024, 0.03
ROTS = 0.15
# Deals that somebody brings along often begin further on.
BEGINS_LATER: Mapping[str, float] = {"outbound": 0.18, "referral": 0.25, "partner": 0.1}


class How(Enum):
    """How a deal comes to a stage."""

    MADE = auto()
    MOVED = auto()
    MOVED_BACK = auto()
    REOPENED = auto()


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """At the n-th open stage, on a day."""

    stage: int
    on: date
    how: How


@dataclass(frozen=True, kw_only=True)
class Route:
    """All arrivals in order. `closed_on` is None for an open deal, `first_lost_on` the loss before a reopening."""

    arrivals: tuple[Arrival, ...]
    until: date
    is_won: bool | None = None
    first_lost_on: date | None = None

    @property
    def made_on(self) -> date:
        """The first day."""
        return self.arrivals[0].on

    @property
    def last(self) -> Arrival:
        """Where it stands, or was closed from."""
        return self.arrivals[-1]


Leg = tuple[int, How]


def closed_route(chance: random.Random, cast: Cast, *, closed_on: date, begun: date) -> Route:
    """The way to a won or lost deal that is closed on that day and was made on `begun` or later."""
    is_won = chance.random() < cast.win_probability
    stages = range(len(cast.sale.open_stages))
    last = stages[-1] if is_won else chance.choices(stages, cast.sale.lost_in_stage)[0]
    if is_won and chance.random() < SKIPS_A_STAGE:
        last -= 1
    legs = _legs(chance, cast, last)
    if chance.random() < WAS_REOPENED:
        legs.append((last, How.REOPENED))
    days = [_usual_days(chance, cast, leg) for leg in legs]
    return _route(chance, legs, _fitted(days, (closed_on - begun).days), closed_on, is_won=is_won)


def open_route(chance: random.Random, cast: Cast, *, today: date, begun: date) -> Route:
    """The way to where an open deal stands today."""
    stages = range(len(cast.sale.open_stages))
    (last,) = chance.choices(stages, cast.sale.open_in_stage)
    legs = _legs(chance, cast, last)
    if len(legs) > 1 and last < stages[-1] and chance.random() < STANDS_BACK:
        legs += [(last + 1, How.MOVED), (last, How.MOVED_BACK)]
    elif last > 0 and chance.random() < STANDS_REOPENED:
        legs.append((last, How.REOPENED))
    limit = cast.sale.open_stages[last].rotting_days or 30
    if chance.random() < ROTS:
        stood = limit + 1 + min(round(chance.expovariate(1 / 16)), 90)
    else:
        stood = round((limit - 1) * chance.random() ** 1.25)
    stood = min(stood, (today - begun).days)
    days = [_usual_days(chance, cast, leg) for leg in legs[:-1]]
    return _route(chance, legs, [*_fitted(days, (today - begun).days - stood), stood], today, is_won=None)


def _legs(chance: random.Random, cast: Cast, last: int) -> list[Leg]:
    """From the first stage to the last one, perhaps without one in between, perhaps with a step back and forward."""
    first = 1 if last > 0 and chance.random() < BEGINS_LATER.get(cast.source, 0.0) else 0
    stages = list(range(first, last + 1))
    if len(stages) > 3 and chance.random() < SKIPS_A_STAGE:  # noqa: PLR2004 (there is one to skip)
        stages.pop(chance.randrange(1, len(stages) - 1))
    legs: list[Leg] = [(stage, How.MOVED) for stage in stages]
    legs[0] = (first, How.MADE)
    if len(legs) > 2 and chance.random() < GOES_BACK:  # noqa: PLR2004 (there is a stage to go back to)
        legs[-1:] = [legs[-1], (legs[-2][0], How.MOVED_BACK), legs[-1]]
    return legs


def _usual_days(chance: random.Random, cast: Cast, leg: Leg) -> int:
    stage, how = leg
    again = 1.0 if how in {How.MADE, How.MOVED} else 0.7
    return max(1, round(cast.sale.days_in_stage[stage] * cast.pace * again * chance.lognormvariate(0, 0.5)))


def _fitted(days: Sequence[int], room: int) -> list[int]:
    """The days, shortened where there is less room."""
    total = sum(days)
    return [day * max(0, room) // total for day in days] if total > room else list(days)


def _route(
    chance: random.Random, legs: Sequence[Leg], days: Sequence[int], until: date, *, is_won: bool | None
) -> Route:
    on = until - timedelta(days=sum(days))
    arrivals: list[Arrival] = []
    for (stage, how), stayed in zip(legs, days, strict=True):
        arrivals.append(Arrival(stage=stage, on=on, how=how))
        on += timedelta(days=stayed)
    lost = None
    if arrivals[-1].how is How.REOPENED:
        lost = max(arrivals[-2].on, arrivals[-1].on - timedelta(days=chance.randrange(3, 18)))
    return Route(arrivals=tuple(arrivals), until=until, is_won=is_won, first_lost_on=lost)
