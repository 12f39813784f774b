"""Everything that happens to a demo company's deals, step by step, planned before anything is written.

Nothing here reads a clock or a database: the same company and moment always give the same steps.
"""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

from deals_app.services.demo import expectations
from deals_app.services.demo.casting import Casting, joined
from deals_app.services.demo.company import Company
from deals_app.services.demo.customers import Customer, make_customers
from deals_app.services.demo.diary import Diary
from deals_app.services.demo.hours import Hours, workday
from deals_app.services.demo.lives import Life
from deals_app.services.demo.routes import closed_route, open_route
from deals_app.services.demo.steps import Step
from deals_app.services.demo.talks import Talks
from deals_app.services.demo.wording import RIVALS, Script

SEED = 20_261_121
DAYS_PER_MONTH = 30.44
# A team that starts with an empty board closes little in its first weeks, and grows.
RAMP_DAYS, GROWTH = 75, 0.35
QUARTER_ENDS, SUMMER, YEAR_END = (3, 6, 9, 12), 8, 20


def story_of(company: Company, *, until: datetime, time_zone: str, scale: float = 1.0) -> list[Step]:
    """All that happened to a company up to a moment, in the order of time; `scale` takes a share of its deals."""
    chance = random.Random(f"{SEED} {company.slug}")  # noqa: S311 (the same demo every time)
    customers = make_customers(chance, company.countries)
    teller = _Teller(company, customers, Hours(time_zone=time_zone, until=until), chance)
    steps = [step for closed_on in teller.closing_days(scale) for step in teller.deal(closed_on)]
    steps += [step for _ in range(round(company.open_deals * scale)) for step in teller.deal(None)]
    return sorted(steps, key=lambda step: step.at)


class _Teller:
    """Plans deals one after the other."""

    def __init__(self, company: Company, customers: list[Customer], hours: Hours, chance: random.Random) -> None:
        self._company, self._hours, self._chance = company, hours, chance
        self._casting = Casting(company, customers, hours.today)
        self._start = workday(hours.today - timedelta(days=round(company.months * DAYS_PER_MONTH)))

    def closing_days(self, scale: float) -> list[date]:
        """When the closed deals were closed: on workdays, more at the end of a quarter, fewer in summer."""
        span = (self._hours.newest_workday - self._start).days + 1
        days = [self._start + timedelta(days=number) for number in range(2, span)]
        weights = [_busyness(day, (day - self._start).days / span, (day - self._start).days) for day in days]
        return self._chance.choices(days, weights, k=round(self._company.closed_deals * scale))

    def deal(self, closed_on: date | None) -> list[Step]:
        """The steps of a deal that is closed on that day, or open."""
        chance, today = self._chance, self._hours.today
        cast = self._casting.cast(chance, begun=(closed_on or today) - timedelta(days=35))
        begun = max(self._start, joined(cast.owner, today))
        if closed_on is None:
            route = open_route(chance, cast, today=today, begun=begun)
            expected = expectations.of_open(chance, route)
        else:
            route = closed_route(chance, cast, closed_on=closed_on, begun=min(begun, closed_on))
            expected = expectations.of_closed(chance, route)
        contact, other, _ = cast.customer.contacts
        script = Script(chance, {"contact": contact, "other": other, "rival": chance.choice(RIVALS)})
        diary = Diary(cast, route, self._hours)
        life = Life(
            company=self._company,
            cast=cast,
            route=route,
            expected=expected,
            diary=diary,
            script=script,
            chance=chance,
        )
        if life.live():
            Talks(route=route, diary=diary, script=script, chance=chance, today=today).talk()
        return diary.steps(chance)


def _busyness(day: date, progress: float, days_in: int) -> float:
    if workday(day) != day:
        return 0.0
    busy = (1 + GROWTH * progress) * min(1.0, 0.04 + days_in / RAMP_DAYS)
    if day.month in QUARTER_ENDS and day.day > YEAR_END:
        busy *= 0.5 if day.month == QUARTER_ENDS[-1] and day.day > YEAR_END + 3 else 1.7
    return busy * (0.65 if day.month == SUMMER else 1.0)
