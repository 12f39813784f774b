"""How a deal is doing: four factors that add up to its health score, each with its reason. Rules, no guesses.

The factors are those of mission/deal-ingestion.txt ("Health Score Calculation"): velocity, engagement, value and risk.
A model that learns may take the place of `health_of` later, behind the same shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

MOST_POINTS = 25
# Scores below the first are a high risk, below the second a medium one.
HIGH_RISK_BELOW, HEALTHY_FROM = 40, 70
# Where a stage says nothing of its own.
USUAL_DAYS_IN_STAGE, USUAL_DAYS_BETWEEN_TOUCHES = 21, 14
# A team that talks every day is not in danger after two days of silence.
LEAST_QUIET_DAYS = 7
# A customer this likely to leave puts its open deals at risk.
HIGH_CHURN_RISK = Decimal("0.7")
OPEN, WON = "open", "closed_won"

# Up to how many times the usual, and the points for it.
VELOCITY = ((Decimal("0.5"), 20), (Decimal(1), 17), (Decimal("1.5"), 10), (Decimal(2), 5))
QUIET = ((Decimal(1), 15), (Decimal(2), 9), (Decimal(3), 4))
ADVANCED_POINTS = 5
PLANNED_POINTS, BUSY_POINTS, BUSY_FROM = 6, 4, 3
# From which probability, and the points for it.
LIKELY = ((75, 21), (50, 18), (20, 15), (0, 12))
LARGE, SMALL, SIZE_POINTS = Decimal(1), Decimal("0.25"), 4
NO_VALUE_POINTS, MOST_OF_AN_ESTIMATE = 8, 12
OVERDUE_POINTS, LONG_OVERDUE_POINTS, LONG_OVERDUE_DAYS = 10, 16, 30
STALLED_POINTS, STALLED_TIMES = 8, 2
PUT_OFF_POINTS, BACK_POINTS, CHURN_POINTS, UNDATED_POINTS, UNOWNED_POINTS = 4, 4, 6, 3, 3
MOST_COUNTED = 2


@dataclass(frozen=True, kw_only=True)
class DealFacts:
    """What is known of a deal on a day, in the days of its tenant's zone.

    `touched_on` is the last day anybody did something about it; `value_share` its value by the median of the open deals
    of its pipeline, both in the base currency, None where the value or a rate is missing. `usual_gap_days` is how often
    deals in its stage are touched.
    """

    today: date
    status: str = OPEN
    stage_name: str
    entered_on: date
    touched_on: date
    rotting_days: int | None = None
    usual_gap_days: int | None = None
    touches_lately: int = 0
    next_step_on: date | None = None
    has_value: bool = True
    is_estimate: bool = False
    value_share: Decimal | None = None
    probability: Decimal
    expected_close_on: date | None = None
    closed_on: date | None = None
    times_put_off: int = 0
    steps_forward: int = 0
    steps_back: int = 0
    has_owner: bool = True
    churn_risk: Decimal | None = None

    @property
    def days_in_stage(self) -> int:
        """Whole days, never negative."""
        return max((self.today - self.entered_on).days, 0)

    @property
    def days_quiet(self) -> int:
        """Whole days since the deal was last touched, never negative."""
        return max((self.today - self.touched_on).days, 0)

    @property
    def usual_days_in_stage(self) -> int:
        """The stage's own limit, or what is usual anywhere."""
        return self.rotting_days or USUAL_DAYS_IN_STAGE

    @property
    def usual_quiet_days(self) -> int:
        """How long deals in this stage may be left alone."""
        return max(self.usual_gap_days or USUAL_DAYS_BETWEEN_TOUCHES, LEAST_QUIET_DAYS)

    @property
    def is_stalled(self) -> bool:
        """Far longer in its stage, and for far longer left alone, than is usual."""
        is_stuck = self.days_in_stage > STALLED_TIMES * self.usual_days_in_stage
        return is_stuck and self.days_quiet > STALLED_TIMES * self.usual_quiet_days

    @property
    def days_overdue(self) -> int:
        """How many days ago the deal should have been closed; 0 when it is not due."""
        return 0 if self.expected_close_on is None else max((self.today - self.expected_close_on).days, 0)


@dataclass(frozen=True, kw_only=True)
class Factor:
    """One of the four: its points, 0 to 25, and why."""

    name: str
    points: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Health:
    """The factors and what they come to."""

    factors: tuple[Factor, ...]

    @property
    def score(self) -> int:
        """0 to 100."""
        return sum(factor.points for factor in self.factors)

    @property
    def risk_level(self) -> str:
        """high, medium or low."""
        return risk_level_of(self.score)


def risk_level_of(score: int) -> str:
    """What a score, 0 to 100, means."""
    return "high" if score < HIGH_RISK_BELOW else "medium" if score < HEALTHY_FROM else "low"


def health_of(facts: DealFacts) -> Health:
    """The health of a deal; one that is won has all the points and a lost one none."""
    if facts.status != OPEN:
        return _closed(facts)
    return Health(factors=(_velocity(facts), _engagement(facts), _value(facts), _risk(facts)))


def _closed(facts: DealFacts) -> Health:
    points, reason = (MOST_POINTS, "The deal is won") if facts.status == WON else (0, "The deal is lost")
    names = ("velocity", "engagement", "value", "risk")
    return Health(factors=tuple(Factor(name=name, points=points, reason=reason) for name in names))


def _velocity(facts: DealFacts) -> Factor:
    """How long the deal has been in its stage; coming forward at a good pace is worth more than being new."""
    days, usual = facts.days_in_stage, facts.usual_days_in_stage
    points = _points_up_to(Decimal(days) / usual, VELOCITY)
    if facts.steps_forward and days <= usual:
        points += ADVANCED_POINTS
    pace = f"{_days(usual)} are usual" if facts.rotting_days else f"{_days(usual)} are taken as usual"
    return Factor(name="velocity", points=points, reason=f"In {facts.stage_name} for {_days(days)}; {pace}")


def _engagement(facts: DealFacts) -> Factor:
    """How long nobody did anything about the deal, and whether something is planned."""
    points = _points_up_to(Decimal(facts.days_quiet) / facts.usual_quiet_days, QUIET)
    points += BUSY_POINTS if facts.touches_lately >= BUSY_FROM else min(facts.touches_lately, MOST_COUNTED)
    said = "Touched today" if facts.days_quiet == 0 else f"Last touched {_days(facts.days_quiet)} ago"
    if facts.next_step_on is None:
        planned = "nothing is planned"
    elif facts.next_step_on < facts.today:
        planned = "its next step is overdue"
    else:
        points += PLANNED_POINTS
        planned = f"the next step is due on {day_text(facts.next_step_on)}"
    return Factor(name="engagement", points=points, reason=f"{said}; {planned}")


def _value(facts: DealFacts) -> Factor:
    """What the deal is worth beside the others, against how likely it is."""
    points = next(points for least, points in LIKELY if facts.probability >= least)
    size, more = _size(facts)
    if not facts.has_value:
        return Factor(name="value", points=NO_VALUE_POINTS, reason="Nobody has said what it is worth")
    if facts.is_estimate:
        points, size = min(points + more, MOST_OF_AN_ESTIMATE), "its value is a guess"
    else:
        points += more
    return Factor(name="value", points=points, reason=f"{facts.probability.normalize():f}% likely; {size}")


def _size(facts: DealFacts) -> tuple[str, int]:
    """How large the deal is among those of its pipeline, and the points that adds or takes."""
    if facts.value_share is None:
        return "nothing to compare its value with", 0
    if facts.value_share < SMALL:
        return "small among the deals of its pipeline", -SIZE_POINTS
    if facts.value_share >= LARGE:
        return "worth at least as much as most deals of its pipeline", SIZE_POINTS
    return "worth less than most deals of its pipeline", 0


def _risk(facts: DealFacts) -> Factor:
    """What speaks against the deal; all the points when nothing does."""
    against: list[tuple[int, str]] = []
    if facts.days_overdue:
        lost = LONG_OVERDUE_POINTS if facts.days_overdue > LONG_OVERDUE_DAYS else OVERDUE_POINTS
        against.append((lost, f"should have closed {_days(facts.days_overdue)} ago"))
    if facts.is_stalled:
        against.append((STALLED_POINTS, "has stalled: it neither moves nor is talked about"))
    if facts.expected_close_on is None:
        against.append((UNDATED_POINTS, "has no expected close date"))
    if facts.times_put_off:
        lost = PUT_OFF_POINTS * min(facts.times_put_off, MOST_COUNTED)
        against.append((lost, f"was put off {_times(facts.times_put_off)}"))
    if facts.steps_back:
        lost = BACK_POINTS * min(facts.steps_back, MOST_COUNTED)
        against.append((lost, f"went back a stage {_times(facts.steps_back)}"))
    if facts.churn_risk is not None and facts.churn_risk >= HIGH_CHURN_RISK:
        against.append((CHURN_POINTS, "its customer is likely to leave"))
    if not facts.has_owner:
        against.append((UNOWNED_POINTS, "nobody owns it"))
    points = max(MOST_POINTS - sum(lost for lost, _ in against), 0)
    said = "; ".join(words for _, words in against) or "nothing speaks against it"
    return Factor(name="risk", points=points, reason=said[0].upper() + said[1:])


def _points_up_to(ratio: Decimal, bands: tuple[tuple[Decimal, int], ...]) -> int:
    return next((points for most, points in bands if ratio <= most), 0)


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def day_text(on: date) -> str:
    """As pages write it: `21 Nov 2026`."""
    return f"{on.day} {on:%b %Y}"
