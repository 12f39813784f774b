"""What is said about a deal: something always, never more than three sentences, with what it rests on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from deals_app.domain.health import DealFacts
from deals_app.domain.insights import Market, Record, insights_of
from tests.domain.test_health import facts

TODAY = date(2026, 11, 21)
QUIET = DealFacts(
    today=TODAY, stage_name="Proposal", entered_on=date(2026, 11, 10), touched_on=date(2026, 11, 20), rotting_days=21,
    value_share=Decimal(1), probability=Decimal(40), expected_close_on=date(2027, 2, 1),
    next_step_on=date(2026, 11, 25),
)  # fmt: skip
ALONE = Market()


def said(of: DealFacts, market: Market = ALONE) -> dict[str, str]:
    return {insight.kind: insight.text for insight in insights_of(of, market)}


@given(of=facts)
def test_something_is_always_said_in_at_most_three_plain_sentences(of: DealFacts) -> None:
    found = insights_of(of, Market(competitor="Globex", against=Record(won=1, closed=4)))
    assert 1 <= len(found) <= 3
    kinds = [insight.kind for insight in found]
    assert "next_action" in kinds
    assert len(set(kinds)) == len(kinds)
    assert not {"risk", "opportunity"} <= set(kinds)
    assert all(insight.text.endswith(".") and "!" not in insight.text for insight in found)


RISKS: list[tuple[dict[str, Any], str]] = [
    ({"expected_close_on": date(2026, 11, 3)}, "It should have closed on 3 Nov 2026 and is still in Proposal."),
    (
        {"touched_on": date(2026, 10, 29), "usual_gap_days": 9},
        "No activity since 29 Oct 2026; deals in Proposal are usually touched every 9 days.",
    ),
    ({"touched_on": date(2026, 10, 29)}, "No activity since 29 Oct 2026."),
    ({"entered_on": date(2026, 10, 1)}, "In Proposal since 1 Oct 2026; 21 days are usual."),
    ({"times_put_off": 3}, "The expected close date was put off 3 times."),
    ({"steps_back": 1}, "It went back to an earlier stage and is in Proposal again."),
    ({"churn_risk": Decimal("0.82")}, "Its customer is likely to leave: the churn risk is 82%."),
]


@pytest.mark.parametrize(("facts_of_risk", "text"), RISKS)
def test_a_risk_names_its_evidence(facts_of_risk: dict[str, Any], text: str) -> None:
    assert said(replace(QUIET, **facts_of_risk))["risk"] == text


OPPORTUNITIES: list[tuple[dict[str, Any], str]] = [
    (
        {"probability": Decimal(75), "expected_close_on": date(2026, 12, 1)},
        "It is 75% likely and expected to close on 1 Dec 2026.",
    ),
    (
        {"steps_forward": 1, "entered_on": date(2026, 11, 19)},
        "It came forward to Proposal on 19 Nov 2026: it is moving.",
    ),
    ({"value_share": Decimal(2)}, "It is worth at least twice as much as most open deals of its pipeline."),
]


@pytest.mark.parametrize(("facts_of_chance", "text"), OPPORTUNITIES)
def test_an_opportunity_names_its_evidence(facts_of_chance: dict[str, Any], text: str) -> None:
    assert said(replace(QUIET, **facts_of_chance))["opportunity"] == text


ACTIONS: list[tuple[dict[str, Any], str]] = [
    ({}, "Go on with the step that is due on 25 Nov 2026."),
    ({"has_owner": False}, "Give the deal an owner"),
    ({"next_step_on": date(2026, 11, 20)}, "Do the next step or plan it anew: it was due on 20 Nov 2026."),
    ({"expected_close_on": date(2026, 11, 20)}, "Ask the customer when they mean to decide"),
    ({"next_step_on": None}, "Plan the next step: nothing is planned in Proposal."),
    ({"is_estimate": True}, "Find out what the deal is worth: its value is a guess."),
    ({"has_value": False}, "Find out what the deal is worth: no value is known."),
    ({"expected_close_on": None}, "Agree on a date with the customer"),
    ({"status": "closed_won", "closed_on": date(2026, 11, 20)}, "Won on 20 Nov 2026."),
    ({"status": "closed_lost", "closed_on": date(2026, 11, 20)}, "Lost on 20 Nov 2026."),
]


@pytest.mark.parametrize(("missing", "text"), ACTIONS)
def test_the_next_action_is_what_is_missing(missing: dict[str, Any], text: str) -> None:
    assert said(replace(QUIET, **missing))["next_action"].startswith(text)


def test_the_competition_is_judged_by_the_own_record() -> None:
    known = Market(competitor="Globex", against=Record(won=2, closed=7))
    assert said(QUIET, known)["market"] == "Against Globex 2 of 7 deals were won."
    too_few = Market(competitor="Globex", against=Record(won=0, closed=1))
    assert said(QUIET, too_few)["market"] == "Globex competes for it; there is no record against them yet."


def test_a_source_is_worth_a_sentence_when_it_differs() -> None:
    better = Market(source="referral", of_source=Record(won=13, closed=30), of_all=Record(won=30, closed=120))
    assert said(QUIET, better)["market"] == "Of referral deals about 45% are won, of all in this pipeline about 25%."
    assert "market" not in said(QUIET, replace(better, of_source=Record(won=8, closed=30)))
    assert "market" not in said(QUIET, replace(better, of_source=Record(won=5, closed=5)))


def test_a_day_alone_changes_no_sentence() -> None:
    forgotten = replace(QUIET, touched_on=date(2026, 9, 1), expected_close_on=None)
    assert insights_of(forgotten, ALONE) == insights_of(replace(forgotten, today=TODAY + timedelta(days=1)), ALONE)
