"""The four factors: they add up, stay in their range, and what is worse for a deal never makes it healthier."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals_app.domain.health import MOST_POINTS, NO_VALUE_POINTS, DealFacts, health_of, risk_level_of

TODAY, LONG_AGO = date(2026, 11, 21), date(2025, 1, 1)
NEW = DealFacts(today=TODAY, stage_name="Lead", entered_on=TODAY, touched_on=TODAY, probability=Decimal(10))

days_ago = st.integers(0, 1000).map(lambda days: TODAY - timedelta(days=days))
any_day = st.integers(-400, 400).map(lambda days: TODAY + timedelta(days=days))
facts = st.builds(
    DealFacts,
    today=st.just(TODAY),
    stage_name=st.sampled_from(["Lead", "Proposal"]),
    entered_on=days_ago,
    touched_on=days_ago,
    rotting_days=st.none() | st.integers(1, 90),
    usual_gap_days=st.none() | st.integers(1, 60),
    touches_lately=st.integers(0, 20),
    next_step_on=st.none() | any_day,
    has_value=st.booleans(),
    is_estimate=st.booleans(),
    value_share=st.none() | st.decimals(0, 1000, places=4),
    probability=st.decimals(0, 100, places=2),
    expected_close_on=st.none() | any_day,
    times_put_off=st.integers(0, 9),
    steps_forward=st.integers(0, 9),
    steps_back=st.integers(0, 9),
    has_owner=st.booleans(),
    churn_risk=st.none() | st.decimals(0, 1, places=4),
)


def points(of: DealFacts) -> dict[str, int]:
    return {factor.name: factor.points for factor in health_of(of).factors}


@given(facts)
def test_the_factors_add_up_and_each_has_its_reason(of: DealFacts) -> None:
    health = health_of(of)
    assert [factor.name for factor in health.factors] == ["velocity", "engagement", "value", "risk"]
    assert all(0 <= factor.points <= MOST_POINTS and factor.reason for factor in health.factors)
    assert health.score == sum(factor.points for factor in health.factors)
    assert 0 <= health.score <= 100
    assert health.risk_level == risk_level_of(health.score)


# What is worse for a deal, by how much, and which factor mainly hears of it.
WORSE: list[tuple[str, Any]] = [
    ("velocity", lambda of, by: {"entered_on": of.entered_on - timedelta(days=by)}),
    ("engagement", lambda of, by: {"touched_on": of.touched_on - timedelta(days=by)}),
    ("engagement", lambda of, by: {"touches_lately": max(of.touches_lately - by, 0)}),
    ("engagement", lambda _, __: {"next_step_on": None}),
    ("value", lambda of, by: {"probability": max(of.probability - by, Decimal(0))}),
    ("value", lambda of, by: {"value_share": of.value_share and of.value_share / (by + 1)}),
    ("value", lambda _, __: {"is_estimate": True}),
    ("value", lambda _, __: {"has_value": False}),
    ("risk", lambda of, by: {"times_put_off": of.times_put_off + by}),
    ("risk", lambda of, by: {"steps_back": of.steps_back + by}),
    ("risk", lambda of, by: {"expected_close_on": of.expected_close_on and of.expected_close_on - timedelta(days=by)}),
    ("risk", lambda _, __: {"has_owner": False}),
    ("risk", lambda of, by: {"touched_on": of.touched_on - timedelta(days=by)}),
    ("risk", lambda _, __: {"churn_risk": Decimal(1)}),
]


@pytest.mark.parametrize(("name", "worse"), WORSE)
@given(of=facts, by=st.integers(0, 60))
def test_what_is_worse_never_makes_a_deal_healthier(name: str, worse: Any, of: DealFacts, by: int) -> None:
    then, now = points(of), points(replace(of, **worse(of, by)))
    assert all(now[key] <= then[key] for key in now), name


def test_a_deal_that_neither_moves_nor_is_talked_about_is_a_high_risk() -> None:
    day = TODAY - timedelta(days=45)
    stalled = replace(NEW, entered_on=day, touched_on=day, expected_close_on=TODAY + timedelta(days=60))
    assert health_of(stalled).risk_level == "high"
    assert health_of(replace(stalled, touched_on=TODAY)).risk_level == "medium"


STARTS = [
    {},
    {"probability": Decimal(50)},
    {"has_value": False, "has_owner": False},
    {"is_estimate": True},
    {"expected_close_on": TODAY + timedelta(days=30), "value_share": Decimal(3)},
    {"probability": Decimal(75), "expected_close_on": TODAY + timedelta(days=30)},
]


@pytest.mark.parametrize("start", STARTS)
def test_a_new_deal_is_neither_in_danger_nor_all_well(start: dict[str, Any]) -> None:
    assert 60 <= health_of(replace(NEW, **start)).score <= 82


@pytest.mark.parametrize(
    ("score", "level"), [(0, "high"), (39, "high"), (40, "medium"), (69, "medium"), (70, "low"), (100, "low")]
)
def test_levels_begin_where_the_document_says(score: int, level: str) -> None:
    assert risk_level_of(score) == level


def test_the_best_and_the_worst_are_reached() -> None:
    best = replace(
        NEW, steps_forward=1, touches_lately=5, next_step_on=TODAY, value_share=Decimal(2), probability=Decimal(90),
        expected_close_on=TODAY,
    )  # fmt: skip
    worst = replace(
        NEW, entered_on=LONG_AGO, touched_on=LONG_AGO, has_value=False, expected_close_on=LONG_AGO,
        times_put_off=5, steps_back=5, has_owner=False,
    )  # fmt: skip
    assert health_of(best).score == 100
    assert health_of(worst).score == NO_VALUE_POINTS


@pytest.mark.parametrize(("status", "score"), [("closed_won", 100), ("closed_lost", 0)])
@given(of=facts)
def test_a_closed_deal_is_what_it_came_to(status: str, score: int, of: DealFacts) -> None:
    assert health_of(replace(of, status=status)).score == score
