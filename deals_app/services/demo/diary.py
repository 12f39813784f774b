"""The diary of one deal of the demo: what happens on which day, and who is there to do it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from deals_app.services.demo.casting import Cast
from deals_app.services.demo.hours import Hours, workday
from deals_app.services.demo.routes import Route
from deals_app.services.demo.steps import Act, Step

# What happens on the same day happens in this order.
MAKING, TAKING, HANDING_OVER, WORKING, MOVING, CLOSING = range(6)


@dataclass(frozen=True, kw_only=True)
class _Entry:
    day: date
    rank: int
    by: str | None
    act: Act
    door: str | None


class Diary:
    """Entries in any order; read in the order of time."""

    def __init__(self, cast: Cast, route: Route, hours: Hours) -> None:
        self._cast, self._made_on, self._hours = cast, route.made_on, hours
        self._entries: list[_Entry] = []
        leave = cast.owner.leave
        self._absent = (date.max, date.max)
        if leave is not None:
            left_on = workday(hours.today - timedelta(days=leave.days_ago))
            self._absent = (left_on, left_on + timedelta(days=leave.days))

    def write(self, day: date, rank: int, act: Act) -> None:
        """Something that the deal's seller does."""
        self.write_for(self.seller(day), day, rank, act)

    def write_for(self, by: str | None, day: date, rank: int, act: Act, *, door: str | None = None) -> None:
        """Something that another person does, or a program."""
        self._entries.append(_Entry(day=day, rank=rank, by=by, act=act, door=door))

    def seller(self, day: date) -> str:
        """Whose deal it is on that day: its owner's, or from the beginning of their leave on their cover's."""
        leave = self._cast.owner.leave
        left_on, back_on = self._absent
        is_covered = leave is not None and left_on <= day and self._made_on < back_on
        return leave.cover if leave is not None and is_covered else self._cast.owner.email

    def handed_over_on(self, until: date) -> date | None:
        """The day on which the deal changes hands, if it does so by `until`."""
        left_on, _ = self._absent
        return left_on if self._made_on < left_on <= until else None

    @property
    def back_on(self) -> date:
        """The day on which the owner is back."""
        return self._absent[1]

    def steps(self, chance: random.Random) -> list[Step]:
        """The entries at their moments; each after the one before, none after the end of the history."""
        entries = sorted(self._entries, key=lambda entry: (entry.day, entry.rank))
        moments = [self._hours.on(entry.day, chance, by_machine=entry.by is None) for entry in entries]
        return [
            Step(at=at, deal=self._cast.name, by=entry.by, act=entry.act, door=entry.door)
            for at, entry in zip(self._hours.in_order(moments, chance), entries, strict=True)
        ]
