"""The story of the demo company, as planned: believable at any moment it may be told, and always the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from deals_app.domain.money import from_minor
from deals_app.domain.stages import StageStatus
from deals_app.services.demo.company import NORTHBEAM, RENEWALS, SALES, SMALL_HARBOUR
from deals_app.services.demo.plans import story_of
from deals_app.services.demo.rates import DRIFTS, months_until, rate_on
from deals_app.services.demo.steps import Edit, Finish, Lose, Make, Move, Note, Plan, Reopen, Step, Win

# A weekday afternoon, a Saturday, a Monday before anybody works, a new year, a leap day, the end of a summer.
MOMENTS = (
    datetime(2026, 11, 18, 15, 30, tzinfo=UTC),
    datetime(2026, 11, 21, 12, tzinfo=UTC),
    datetime(2026, 7, 6, 0, 4, tzinfo=UTC),
    datetime(2027, 1, 1, 9, 1, tzinfo=UTC),
    datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 8, 31, 8, 59, tzinfo=UTC),
)
STAGES = {sale.pipeline: [stage.key for stage in sale.open_stages] for sale in NORTHBEAM.sales}
ASKING = {
    sale.pipeline
    for sale in NORTHBEAM.sales
    for stage in sale.stages
    if stage.status is StageStatus.CLOSED_LOST and "loss_reason" in stage.required_fields
}


class Deal:
    """One deal's steps, and what they come to."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps
        first = steps[0].act
        assert isinstance(first, Make)
        self.make = first
        self.acts = [step.act for step in steps]
        self.expected, self.owner, self.stage, self.entered = first.expected, first.owner, first.stage, steps[0].at
        self.is_open, self.slips, self.steps_back = True, 0, 0
        for step in steps:
            self._follow(step)

    def _follow(self, step: Step) -> None:
        act = step.act
        facts = act.facts if isinstance(act, Edit) else act.answers if isinstance(act, Move) else None
        if facts is not None:
            self.slips += bool(self.expected and facts.expected and facts.expected > self.expected)
            self.expected, self.owner = facts.expected or self.expected, facts.owner or self.owner
        if isinstance(act, Move):
            assert self.is_open
            stages = STAGES[self.make.pipeline]
            self.steps_back += stages.index(act.stage) < stages.index(self.stage)
            self.stage, self.entered = act.stage, step.at
        elif isinstance(act, Win | Lose):
            assert self.is_open
            self.is_open = False
        elif isinstance(act, Reopen):
            assert not self.is_open
            self.is_open, self.entered = True, step.at

    @property
    def is_won(self) -> bool:
        return isinstance([act for act in self.acts if isinstance(act, Win | Lose)][-1], Win)


def told(until: datetime, scale: float = 1.0) -> list[Deal]:
    by_deal: dict[str, list[Step]] = {}
    for step in story_of(NORTHBEAM, until=until, time_zone="UTC", scale=scale):
        by_deal.setdefault(step.deal, []).append(step)
    return [Deal(steps) for steps in by_deal.values()]


@pytest.fixture(scope="module", params=MOMENTS, ids=str)
def until(request: pytest.FixtureRequest) -> datetime:
    return request.param


@pytest.fixture(scope="module")
def deals(until: datetime) -> list[Deal]:
    return told(until)


@pytest.fixture(scope="module")
def still_open(deals: list[Deal]) -> list[Deal]:
    return [deal for deal in deals if deal.is_open]


@pytest.fixture(scope="module")
def closed(deals: list[Deal]) -> list[Deal]:
    return [deal for deal in deals if not deal.is_open]


def share(hits: Iterator[bool] | list[bool], of: int) -> float:
    return sum(hits) / of


def test_there_are_as_many_as_promised(still_open: list[Deal], closed: list[Deal]) -> None:
    assert (len(still_open), len(closed)) == (350, 1500)
    for deals in (still_open, closed):
        assert {deal.make.pipeline for deal in deals} == {"Sales Pipeline", "Partner Deals", "Renewals"}
        assert {deal.make.currency for deal in deals} == {"USD", "EUR", "GBP", "JPY"}
        assert {deal.make.ingested_from for deal in deals} == {
            "manual", "web_form", "csv", "email", "api", "hubspot", "salesforce",
        }  # fmt: skip
        assert {deal.owner for deal in deals} - {None} == {rep.email for rep in NORTHBEAM.reps}
    assert len(NORTHBEAM.reps) == 8


def test_time_only_goes_on_and_ends_before_now(deals: list[Deal], until: datetime) -> None:
    for deal in deals:
        assert all(earlier.at < later.at for earlier, later in pairwise(deal.steps))
        assert deal.steps[-1].at < until
    start = min(deal.steps[0].at for deal in deals)
    assert timedelta(days=410) < until - start < timedelta(days=430)


def test_people_work_on_weekdays_in_the_daytime(deals: list[Deal], until: datetime) -> None:
    by_people = [step for deal in deals for step in deal.steps if step.by]
    odd = [step for step in by_people if step.at.weekday() > 4 or not 7 <= step.at.hour < 21]
    assert len(odd) < len(by_people) / 150
    assert max(step.at for step in by_people) > until - timedelta(days=4)


def test_people_work_by_the_clock_of_their_company() -> None:
    for time_zone in ("Asia/Tokyo", "America/Los_Angeles"):
        steps = story_of(NORTHBEAM, until=MOMENTS[0], time_zone=time_zone, scale=0.1)
        hours = [step.at.astimezone(ZoneInfo(time_zone)).hour for step in steps if step.by]
        assert sum(7 <= hour < 21 for hour in hours) > 0.99 * len(hours)


def test_what_goes_wrong_in_sales_goes_wrong_here(deals: list[Deal]) -> None:
    assert sum(deal.slips for deal in deals) > 250
    assert sum(deal.slips > 1 for deal in deals) > 30
    assert sum(deal.steps_back for deal in deals) > 40
    assert sum(isinstance(act, Reopen) for deal in deals for act in deal.acts) > 20
    assert any(deal.is_open and any(isinstance(act, Reopen) for act in deal.acts) for deal in deals)
    handed_over = [
        deal for deal in deals if any(isinstance(act, Note) and act.body.endswith("takes over.") for act in deal.acts)
    ]
    assert len(handed_over) > 15
    assert all(deal.owner != deal.make.owner for deal in handed_over if deal.make.owner)


def test_what_is_won_and_why_it_is_lost(closed: list[Deal]) -> None:
    assert 0.24 < share([deal.is_won for deal in closed], len(closed)) < 0.31
    by_rep = {rep.email: [deal.is_won for deal in closed if deal.owner == rep.email] for rep in NORTHBEAM.reps}
    rates = {email: share(won, len(won)) for email, won in by_rep.items() if len(won) > 60}
    assert max(rates.values()) > min(rates.values()) + 0.05
    losses = [(deal, act) for deal in closed for act in deal.acts if isinstance(act, Lose)]
    assert all(act.reason for deal, act in losses if deal.make.pipeline in ASKING)
    reasons = Counter(act.reason for _, act in losses if act.reason)
    assert len(reasons) >= 7
    assert sum(reasons.values()) > 0.9 * len(losses)
    assert len({act.competitor for _, act in losses} - {None}) == 5


def test_the_board_is_alive_and_not_all_red(still_open: list[Deal], until: datetime) -> None:
    today = until.date()
    limits = {(sale.pipeline, stage.key): stage.rotting_days or 99 for sale in NORTHBEAM.sales for stage in sale.stages}
    overdue = [deal.expected is not None and deal.expected < today for deal in still_open]
    rotting = [(today - deal.entered.date()).days >= limits[deal.make.pipeline, deal.stage] for deal in still_open]
    assert 0.05 < share(overdue, 350) < 0.18
    assert 0.09 < share(rotting, 350) < 0.20
    assert 0.03 < share([deal.expected is None for deal in still_open], 350) < 0.20
    assert 3 <= sum(deal.owner is None and len(deal.steps) == 1 for deal in still_open) <= 40
    assert 0.02 < share([deal.make.value is None for deal in still_open], 350) < 0.20
    assert 0.10 < share([deal.make.is_estimate for deal in still_open], 350) < 0.40
    assert set(Counter((deal.make.pipeline, deal.stage) for deal in still_open)) == {
        (pipeline, stage) for pipeline, stages in STAGES.items() for stage in stages
    }


def test_two_thirds_of_the_open_deals_have_a_next_step(still_open: list[Deal], until: datetime) -> None:
    due = [next_step(deal) for deal in still_open]
    planned = [day for day in due if day is not None]
    today = until.date()
    assert 0.55 < len(planned) / 350 < 0.75
    assert share([day < today for day in planned], len(planned)) < 0.25
    assert any(day == today for day in planned)
    assert any(today < day <= today + timedelta(days=7) for day in planned)


def next_step(deal: Deal) -> date | None:
    """When the earliest step is due that is planned and not done."""
    done = {act.body for act in deal.acts if isinstance(act, Finish)}
    return min((act.due_on for act in deal.acts if isinstance(act, Plan) and act.body not in done), default=None)


def test_values_fit_their_currency(deals: list[Deal]) -> None:
    values = {
        currency: sorted(deal.make.value for deal in deals if deal.make.currency == currency and deal.make.value)
        for currency in ("USD", "JPY")
    }
    assert all(value % 1000 == 0 for value in values["JPY"])
    for currency, found in values.items():
        middle = from_minor(found[len(found) // 2], currency) * rate_on(currency, date(2026, 6, 1))
        assert 5_000 < middle < 60_000


def test_the_same_day_is_told_the_same_way_twice(until: datetime) -> None:
    assert story_of(NORTHBEAM, until=until, time_zone="UTC", scale=0.1) == story_of(
        NORTHBEAM, until=until, time_zone="UTC", scale=0.1
    )


def test_hours_later_the_same_deals_stand_where_they_stood() -> None:
    morning, evening = (told(datetime(2026, 11, 18, hour, tzinfo=UTC), scale=0.2) for hour in (9, 20))
    assert [(deal.make, deal.stage, deal.expected) for deal in morning] == [
        (deal.make, deal.stage, deal.expected) for deal in evening
    ]


def test_the_second_company_is_small() -> None:
    steps = story_of(SMALL_HARBOUR, until=MOMENTS[0], time_zone="UTC")
    assert sum(isinstance(step.act, Make) for step in steps) == 5
    assert {step.by for step in steps} <= {None, "admin@demo-two.example", "sam@demo-two.example"}


def test_every_currency_has_a_rate_for_every_month() -> None:
    months = list(months_until(date(2026, 2, 28), 14))
    assert (len(months), months[0], months[-1]) == (15, date(2024, 12, 1), date(2026, 2, 1))
    for currency in DRIFTS:
        rates = [rate_on(currency, month) for month in months]
        assert all(abs(after / before - 1) < 0.05 for before, after in pairwise(rates))
        assert len(set(rates)) > 12


def test_pipelines_ask_where_a_manager_would() -> None:
    assert all(not stage.required_fields for stage in SALES.stages)
    asked = {stage.key: stage.required_fields for stage in RENEWALS.stages if stage.required_fields}
    assert asked == {"negotiation": ("value", "expected_close_date"), "churned": ("loss_reason",)}
