"""What is said about a deal of the demo between its moves: notes, meetings that were had, and what is next."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from deals_app.services.demo.diary import WORKING, Diary
from deals_app.services.demo.hours import workday
from deals_app.services.demo.routes import Route
from deals_app.services.demo.steps import Finish, Note, Plan
from deals_app.services.demo.wording import NEXT, NOTES, Script

# Shares of deals. Of what is long over, less is worth telling.
HAD_STEPS_OPEN, HAD_STEPS_RECENT, HAD_STEPS_OLD = 0.55, 0.28, 0.05
NOTED_OPEN, NOTED_RECENT, NOTED_OLD = 0.34, 0.12, 0.03
HAS_NEXT, HAS_NEXT_WHEN_QUIET = 0.77, 0.52
NEXT_OVERDUE, NEXT_TODAY, NEXT_OVERDUE_WHEN_QUIET = 0.07, 0.13, 0.35
RECENT_DAYS, QUIET_DAYS = 75, 24


@dataclass(frozen=True, kw_only=True)
class Talks:
    """Writes what is said about one deal into its diary."""

    route: Route
    diary: Diary
    script: Script
    chance: random.Random
    today: date

    def talk(self) -> None:
        """Some of everything."""
        is_open = self.route.is_won is None
        is_recent = (self.today - self.route.until).days < RECENT_DAYS
        if self._happens(HAD_STEPS_OPEN if is_open else HAD_STEPS_RECENT if is_recent else HAD_STEPS_OLD):
            self._had_a_step()
        if self._happens(NOTED_OPEN if is_open else NOTED_RECENT if is_recent else NOTED_OLD):
            self.diary.write(self._some_day(), WORKING, Note(body=self.script.say(NOTES)))
        if is_open:
            self._plan_next()

    def _had_a_step(self) -> None:
        planned = self._some_day()
        due = workday(planned + timedelta(days=self.chance.randrange(1, 8)))
        done = due + timedelta(days=self.chance.choice((-1, 0, 0, 0, 1, 3)))
        kind, body = self._step()
        if planned <= done < self.route.until:
            self.diary.write(planned, WORKING, Plan(kind=kind, body=body, due_on=due))
            self.diary.write(done, WORKING, Finish(body=body))

    def _plan_next(self) -> None:
        is_quiet = (self.today - self.route.last.on).days > QUIET_DAYS
        if not self._happens(HAS_NEXT_WHEN_QUIET if is_quiet else HAS_NEXT):
            return
        earliest = max(self.route.made_on + timedelta(days=1), self.today - timedelta(days=12))
        planned = min(self.today, earliest + timedelta(days=self.chance.randrange(12)))
        overdue = NEXT_OVERDUE_WHEN_QUIET if is_quiet else NEXT_OVERDUE
        when = self.chance.random()
        if when < overdue and earliest < self.today:
            planned = earliest
            due = workday(self.today - timedelta(days=self.chance.randrange(1, 7)), forward=False)
        elif when < overdue + NEXT_TODAY:
            due = self.today
        else:
            due = workday(self.today + timedelta(days=min(self.chance.randrange(1, 15), self.chance.randrange(1, 15))))
        kind, body = self._step()
        self.diary.write(planned, WORKING, Plan(kind=kind, body=body, due_on=max(due, planned)))

    def _step(self) -> tuple[str, str]:
        kind = self.chance.choice(tuple(NEXT))
        return kind, self.script.say(NEXT[kind])

    def _some_day(self) -> date:
        """Between the first day and the last."""
        days = (self.route.until - self.route.made_on).days
        return self.route.made_on + timedelta(days=self.chance.randint(min(1, days), max(min(1, days), days - 1)))

    def _happens(self, share: float) -> bool:
        return self.chance.random() < share
