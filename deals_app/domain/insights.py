"""What a person should know about a deal: at most three sentences, each with what it rests on. Rules, no guesses.

They name days and not how many have passed, and round shares, so that a deal about which nothing has changed keeps its
sentences from one day to the next. A language model may write them later, in the same shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from deals_app.domain.health import HIGH_CHURN_RISK, OPEN, WON, DealFacts, day_text

# Deals closed before a share of them says something.
ENOUGH_AGAINST_COMPETITOR, ENOUGH_OF_A_SOURCE = 3, 10
# Shares are given to the nearest of these, and are worth a sentence when they differ by as much.
ROUND_TO, WORTH_SAYING = 5, 10
LIKELY_TO_CLOSE, CLOSES_WITHIN_DAYS = 50, 14
OFTEN_PUT_OFF = 2


@dataclass(frozen=True, kw_only=True)
class Record:
    """How the tenant's own deals of a kind ended."""

    won: int
    closed: int

    @property
    def percent_won(self) -> int:
        """Rounded, as the sentences give it."""
        return int((Decimal(100 * self.won) / self.closed / ROUND_TO).to_integral_value()) * ROUND_TO


@dataclass(frozen=True, kw_only=True)
class Market:
    """Who competes for a deal and how such deals ended: against that competitor, from that source, and all of them."""

    competitor: str | None = None
    against: Record | None = None
    source: str = ""
    of_source: Record | None = None
    of_all: Record | None = None


@dataclass(frozen=True, kw_only=True)
class Insight:
    """A sentence and its kind: risk, opportunity, next_action or market."""

    kind: str
    text: str


def insights_of(facts: DealFacts, market: Market) -> tuple[Insight, ...]:
    """A risk or an opportunity, what to do next, and what is known of the competition; one at least, three at most."""
    if facts.status != OPEN:
        return (_closed(facts),)
    found = (_risk(facts) or _opportunity(facts), _next_action(facts), _market(market))
    return tuple(insight for insight in found if insight is not None)


def _closed(facts: DealFacts) -> Insight:
    on = f" on {day_text(facts.closed_on)}" if facts.closed_on else ""
    if facts.status == WON:
        return Insight(kind="next_action", text=f"Won{on}. Hand it over, and ask who else could use it.")
    return Insight(kind="next_action", text=f"Lost{on}. Ask for the reason and note it, so that the next one is won.")


def _risk(facts: DealFacts) -> Insight | None:
    """The gravest first."""
    text = None
    if facts.days_overdue and facts.expected_close_on:
        text = f"It should have closed on {day_text(facts.expected_close_on)} and is still in {facts.stage_name}."
    elif facts.days_quiet > facts.usual_quiet_days:
        usual = f"; deals in {facts.stage_name} are usually touched every {facts.usual_gap_days} days"
        text = f"No activity since {day_text(facts.touched_on)}{usual if facts.usual_gap_days else ''}."
    elif facts.days_in_stage > facts.usual_days_in_stage:
        usual = f"; {facts.rotting_days} days are usual" if facts.rotting_days else ""
        text = f"In {facts.stage_name} since {day_text(facts.entered_on)}{usual}."
    elif facts.times_put_off >= OFTEN_PUT_OFF:
        text = f"The expected close date was put off {facts.times_put_off} times."
    elif facts.steps_back:
        text = f"It went back to an earlier stage and is in {facts.stage_name} again."
    elif facts.churn_risk is not None and facts.churn_risk >= HIGH_CHURN_RISK:
        text = f"Its customer is likely to leave: the churn risk is {100 * facts.churn_risk:.0f}%."
    return None if text is None else Insight(kind="risk", text=text)


def _opportunity(facts: DealFacts) -> Insight | None:
    text = None
    days_left = None if facts.expected_close_on is None else (facts.expected_close_on - facts.today).days
    if facts.probability >= LIKELY_TO_CLOSE and days_left is not None and days_left <= CLOSES_WITHIN_DAYS:
        text = f"It is {facts.probability:.0f}% likely and expected to close on {day_text(facts.expected_close_on)}."  # type: ignore[arg-type] (days are left)
    elif facts.steps_forward and facts.days_in_stage * 2 <= facts.usual_days_in_stage:
        text = f"It came forward to {facts.stage_name} on {day_text(facts.entered_on)}: it is moving."
    elif facts.has_value and not facts.is_estimate and facts.value_share is not None and facts.value_share >= 2:  # noqa: PLR2004 (twice)
        text = "It is worth at least twice as much as most open deals of its pipeline."
    return None if text is None else Insight(kind="opportunity", text=text)


def _next_action(facts: DealFacts) -> Insight:
    """The first thing that is missing; where nothing is, the step that is planned."""
    if not facts.has_owner:
        text = "Give the deal an owner: nobody is looking after it."
    elif facts.next_step_on is not None and facts.next_step_on < facts.today:
        text = f"Do the next step or plan it anew: it was due on {day_text(facts.next_step_on)}."
    elif facts.days_overdue:
        text = "Ask the customer when they mean to decide, and set the expected close date to that."
    elif facts.next_step_on is None:
        text = f"Plan the next step: nothing is planned in {facts.stage_name}."
    elif not facts.has_value or facts.is_estimate:
        text = "Find out what the deal is worth: " + (
            "its value is a guess." if facts.is_estimate else "no value is known."
        )
    elif facts.expected_close_on is None:
        text = "Agree on a date with the customer: no expected close date is set."
    else:
        text = f"Go on with the step that is due on {day_text(facts.next_step_on)}."
    return Insight(kind="next_action", text=text)


def _market(market: Market) -> Insight | None:
    against = market.against
    if market.competitor and against is not None and against.closed >= ENOUGH_AGAINST_COMPETITOR:
        text = f"Against {market.competitor} {against.won} of {against.closed} deals were won."
        return Insight(kind="market", text=text)
    if market.competitor:
        return Insight(kind="market", text=f"{market.competitor} competes for it; there is no record against them yet.")
    of_source, of_all = market.of_source, market.of_all
    if of_source is None or of_all is None or of_source.closed < ENOUGH_OF_A_SOURCE:
        return None
    if abs(of_source.percent_won - of_all.percent_won) < WORTH_SAYING:
        return None
    shares = f"about {of_source.percent_won}% are won, of all in this pipeline about {of_all.percent_won}%"
    return Insight(kind="market", text=f"Of {market.source} deals {shares}.")
