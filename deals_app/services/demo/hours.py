"""When people work: weekdays, mornings and afternoons, and never later than the moment a history ends."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SATURDAY = 5
# Before this hour a day has seen nothing yet: what is newest happened the day before.
FIRST_HOUR = 9
MORNING, AFTERNOON, ANY_HOUR = (8.3, 12.2, 10.2), (13.0, 18.3, 15.1), (0.2, 23.8, 13.5)
MORNINGS = 0.55


@dataclass(frozen=True, kw_only=True)
class Hours:
    """The working hours of a company whose history ends at `until`."""

    time_zone: str
    until: datetime

    @property
    def today(self) -> date:
        """The day on which the history ends."""
        return self.until.astimezone(ZoneInfo(self.time_zone)).date()

    @property
    def newest_workday(self) -> date:
        """The last day on which people had time to do something."""
        moment = self.until.astimezone(ZoneInfo(self.time_zone)) - timedelta(hours=FIRST_HOUR)
        return workday(moment.date(), forward=False)

    def on(self, day: date, chance: random.Random, *, by_machine: bool = False) -> datetime:
        """A moment of that day, or of the workday after it; by a machine at any hour of any day."""
        if by_machine:
            low, high, peak = ANY_HOUR
        else:
            day = min(workday(day), self.newest_workday)
            low, high, peak = MORNING if chance.random() < MORNINGS else AFTERNOON
        seconds = int(chance.triangular(low, high, peak) * 3600)
        midnight = datetime.combine(day, time(), tzinfo=ZoneInfo(self.time_zone))
        return (midnight + timedelta(seconds=seconds)).astimezone(UTC)

    def in_order(self, moments: Sequence[datetime], chance: random.Random) -> list[datetime]:
        """The moments made to follow each other by minutes at least, none after the end of the history."""
        ordered: list[datetime] = []
        for moment in moments:
            earliest = ordered[-1] + timedelta(seconds=chance.randrange(150, 2400)) if ordered else moment
            ordered.append(max(moment, earliest))
        latest = self.until
        for number in range(len(ordered) - 1, -1, -1):
            latest -= timedelta(seconds=chance.randrange(30, 400))
            latest = ordered[number] = min(ordered[number], latest)
        return ordered


def workday(day: date, *, forward: bool = True) -> date:
    """The day itself, or the nearest one after (or before) it that is no Saturday or Sunday."""
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1 if forward else -1)
    return day
