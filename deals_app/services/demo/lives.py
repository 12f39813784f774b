"""The life of one deal of the demo: who makes, moves, edits and closes it, and when. What is talked is `talks.py`."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from deals_app.domain.stages import StageStatus
from deals_app.services.demo import wording
from deals_app.services.demo.casting import BY_PROGRAM, WITHOUT_AMOUNT, Cast, quoted
from deals_app.services.demo.company import Company
from deals_app.services.demo.diary import CLOSING, HANDING_OVER, MAKING, MOVING, TAKING, WORKING, Diary
from deals_app.services.demo.expectations import Expectations
from deals_app.services.demo.routes import Arrival, How, Route
from deals_app.services.demo.steps import Edit, Facts, Lose, Make, Move, Note, Reopen, Take, Win

# The offer is made in this open stage, and bargained over in the next.
OFFER, BARGAIN = 2, 3
# What a form's or a mail's deal is taken to be worth, up to which size of the customer, in US dollars.
ESTIMATES = ((0.9, 5_000), (1.9, 15_000), (99.0, 40_000))
ESTIMATED, UNKNOWN, GUESSED, UNDATED = 0.75, 0.11, 0.5, 0.35
FILES = frozenset({"csv"})
# Most deals that a program brought have an owner at once; of those that have only just come in, fewer.
UNOWNED, STILL_UNOWNED, ASSIGNED, FRESH_DAYS = 0.3, 0.5, 0.4, 9
NOTED, BARGAINED, OTHER_VALUE, EXPLAINED, NO_REASON = 0.42, 0.35, 0.14, 0.1, 0.06


@dataclass
class Life:
    """Writes one deal's life into its diary."""

    company: Company
    cast: Cast
    route: Route
    expected: Expectations
    diary: Diary
    script: wording.Script
    chance: random.Random
    value: int | None = None
    is_estimate: bool = False
    is_offered: bool = False
    dated_on: date | None = None

    def live(self) -> bool:
        """From the first day to the last; whether anybody has ever owned the deal."""
        if not self._begin():
            return False
        for arrival in self.route.arrivals[1:]:
            self._arrive(arrival)
        for told, put_off_to in self.expected.slips:
            self._slip(told, put_off_to)
        if self.route.is_won is not None:
            self._close(is_won=self.route.is_won)
        return True

    def _begin(self) -> bool:
        """Typed by its owner, imported by a manager, or brought by a program and then taken by somebody."""
        cast, made_on, first = self.cast, self.route.made_on, self.route.arrivals[0].stage
        by_program = cast.ingested_from in BY_PROGRAM
        is_unowned = by_program and self._happens(STILL_UNOWNED if self._is_fresh else UNOWNED)
        self._set_first_facts(first)
        make = Make(
            pipeline=cast.sale.pipeline,
            customer=cast.customer,
            currency=cast.currency,
            stage=cast.sale.open_stages[first].key,
            value=self.value,
            is_estimate=self.is_estimate,
            expected=self.expected.first if self.dated_on else None,
            owner=None if is_unowned else self.diary.seller(made_on),
            source=cast.source,
            ingested_from=cast.ingested_from,
            tags=cast.tags,
        )
        if by_program:
            self.diary.write_for(None, made_on, MAKING, make, door="api")
        elif cast.ingested_from in FILES:
            self.diary.write_for(self._manager(), made_on, MAKING, make, door="import")
        else:
            self.diary.write(made_on, MAKING, make)
        if is_unowned and self._is_fresh:
            return False
        if is_unowned:
            self._find_owner()
        if handed_over_on := self.diary.handed_over_on(self.route.until):
            self._hand_over(handed_over_on)
        return True

    def _set_first_facts(self, stage: int) -> None:
        """When it is expected and what it is said to be worth; a form's or a mail's worth is an estimate."""
        if stage > 0 or not self._happens(UNDATED):
            self.dated_on = self.route.made_on
        if self.cast.ingested_from in WITHOUT_AMOUNT and self._happens(ESTIMATED):
            dollars = next(amount for size, amount in ESTIMATES if self.cast.customer.size < size)
            self.value, self.is_estimate = quoted(dollars, self.cast.currency), True
        elif not self._happens(UNKNOWN):
            self.value = self.cast.price(self.chance.uniform(0.75, 1.3) if self._happens(GUESSED) else 1)

    @property
    def _is_fresh(self) -> bool:
        """Open, and nobody has touched it yet."""
        route = self.route
        return route.is_won is None and len(route.arrivals) == 1 and (route.until - route.made_on).days < FRESH_DAYS

    def _find_owner(self) -> None:
        """Somebody takes the deal, or is given it."""
        route = self.route
        next_day = route.arrivals[1].on if len(route.arrivals) > 1 else route.until
        day = min(route.made_on + timedelta(days=self.chance.choice((0, 0, 1))), next_day)
        if self._happens(ASSIGNED):
            facts = Facts(owner=self.diary.seller(day))
            self.diary.write_for(self._manager(), day, TAKING, Edit(facts=facts))
        else:
            self.diary.write(day, TAKING, Take())

    def _hand_over(self, day: date) -> None:
        manager, cover = self._manager(), self.diary.seller(day)
        leaver, name = self.cast.owner.first_name, self.company.person(cover).first_name
        until = f"{self.diary.back_on.day} {self.diary.back_on:%B}"
        note = wording.ON_LEAVE.format(leaver=leaver, cover=name, until=until)
        self.diary.write_for(manager, day, HANDING_OVER, Edit(facts=Facts(owner=cover)))
        self.diary.write_for(manager, day, HANDING_OVER, Note(body=note))

    def _arrive(self, arrival: Arrival) -> None:
        stage = self.cast.sale.open_stages[arrival.stage]
        if arrival.how is How.REOPENED:
            self._lose(self.route.first_lost_on or arrival.on, MOVING)
            reason = self.script.say(wording.REOPENED)
            self.diary.write_for(self._manager(), arrival.on, MOVING, Reopen(reason=reason))
        elif arrival.how is How.MOVED_BACK:
            note = self.script.say(wording.WENT_BACK)
            self.diary.write(arrival.on, MOVING, Move(stage=stage.key, note=note))
        else:
            note = self.script.say(self.cast.sale.notes_on_moving[arrival.stage]) if self._happens(NOTED) else None
            self.diary.write(arrival.on, MOVING, Move(stage=stage.key, note=note, answers=self._answers(arrival)))

    def _answers(self, arrival: Arrival) -> Facts | None:
        """What is known by then and was not before: a date, the offer's value, what was bargained off."""
        expected = None if self.dated_on else self.expected.as_of(arrival.on)
        self.dated_on = self.dated_on or arrival.on
        value = None
        if arrival.stage == BARGAIN and self._happens(BARGAINED):
            value = self.cast.price(1 - self.chance.uniform(0.03, 0.12))
        elif arrival.stage >= OFFER and not self.is_offered:
            value = self.cast.price()
        self.is_offered = self.is_offered or arrival.stage >= OFFER
        if value == self.value and not self.is_estimate:
            value = None
        if value is not None:
            self.value, self.is_estimate = value, False
        return Facts(expected=expected, value=value) if expected or value else None

    def _slip(self, told: date, put_off_to: date) -> None:
        """Put off, in so far as a date had been said; a deal that is lost for the moment has to be open again first."""
        if self.dated_on is None or told <= self.dated_on:
            return
        if self.route.first_lost_on and self.route.first_lost_on <= told <= self.route.last.on:
            told = self.route.last.on + timedelta(days=1)
        if told < self.route.until:
            self.diary.write(told, WORKING, Edit(facts=Facts(expected=put_off_to)))
            if self._happens(EXPLAINED):
                self.diary.write(told, WORKING, Note(body=self.script.say(wording.SLIPPED)))

    def _close(self, *, is_won: bool) -> None:
        if not is_won:
            self._lose(self.route.until, CLOSING)
            return
        note = self.script.say(wording.WON) if self._happens(NOTED) else None
        value = self.cast.price(self.chance.uniform(0.93, 1.12)) if self._happens(OTHER_VALUE) else None
        if self.value is None or self.is_estimate:
            value = self.cast.price()
        self.diary.write(self.route.until, CLOSING, Win(value=value, note=note))

    def _lose(self, day: date, rank: int) -> None:
        loss = wording.loss_at(self.chance, self.cast.sale.losses, self.route.last.stage)
        lost = next(stage for stage in self.cast.sale.stages if stage.status is StageStatus.CLOSED_LOST)
        is_unsaid = not lost.required_fields and self._happens(NO_REASON)
        rival = self.chance.choice(wording.RIVALS) if self._happens(loss.rivals) else None
        note = self.script.say(loss.notes) if self._happens(NOTED) else None
        said = Lose() if is_unsaid else Lose(reason=loss.reason, competitor=rival, note=note)
        self.diary.write(day, rank, said)

    def _manager(self) -> str:
        return self.chance.choice(self.company.managers).email

    def _happens(self, share: float) -> bool:
        return self.chance.random() < share
