"""The board against a plain reading of all deals: every filter, every order, totals and cards alike."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, update

from deals_app.domain.actor import Actor
from deals_app.domain.views import CardView, StageView
from deals_app.models import Deal, FxRate
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.pipelines import pipelines
from deals_app.services.queries.board import RECENT, Showing, board, column_stretch
from deals_app.services.queries.filters import CLOSE_CHOICES, SORTS, DealFilter
from deals_app.services.stage_transition import move_deal
from deals_app.services.unit_of_work import unit_of_work
from tests.people import People

SEED, DEALS = 20_261_121, 170
STAGES = ("lead", "qualified", "proposal", "negotiation", "closed_won", "closed_lost")
# Units of USD for one unit.
RATES = {"USD": Decimal(1), "EUR": Decimal("1.08"), "JPY": Decimal("0.0065")}
MINOR = {"USD": 100, "EUR": 100, "JPY": 1}


@dataclass(frozen=True, kw_only=True)
class Plain:
    """A deal as the test knows it, without asking the code under test."""

    id: UUID
    name: str
    customer: str
    stage: str
    value: int | None
    currency: str
    is_estimated: bool
    owner: UUID | None
    expected: date | None
    closed: date | None
    tags: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        return not self.stage.startswith("closed")

    @property
    def dollars(self) -> Decimal | None:
        """Minor units of USD."""
        if self.value is None:
            return None
        return self.value * RATES[self.currency] * 100 / MINOR[self.currency]


@pytest.fixture
def deals(people: People) -> list[Plain]:
    """Some of everything, in every column."""
    chance = random.Random(SEED)
    with unit_of_work(people.ada, as_owner=True) as work:
        rows = [(currency, rate) for currency, rate in RATES.items() if currency != "USD"]
        values = [
            {"base": base, "quote": "USD", "on_date": date(2026, 1, 5), "rate": rate, "source": "test"}
            for base, rate in rows
        ]
        work.session.execute(insert(FxRate), values)
    return [_made(people, chance, number) for number in range(DEALS)]


def _made(people: People, chance: random.Random, number: int) -> Plain:
    today = people.mona.today
    owner = chance.choice((people.alice.user_id, people.bob.user_id, None))
    stage = chance.choice(STAGES)
    facts = {
        "name": chance.choice(("Rollout", "rollout", "50% Pilot", "Refit_2")) + f" {number}",
        "currency": chance.choice(tuple(RATES)),
        "value": chance.choice((None, 0, 5_000, 12_345_600, chance.randrange(10**9))),
        "tags": tuple(chance.sample(("upsell", "renewal", "Upsell"), chance.randrange(3))),
    }
    customer = chance.choice(("", "Globex", "Pilot & Söhne"))
    is_closed = stage.startswith("closed")
    new = NewDeal(
        **facts, customer_name=customer or None, assigned_to=owner, stage="negotiation" if is_closed else stage
    )
    deal_id = create_deal(people.mona, new)
    if is_closed:
        move_deal(people.mona, deal_id, stage=stage)
    expected = chance.choice((None, *(today + timedelta(days=days) for days in (-9, -1, 0, 3, 7, 8, 30, 31))))
    closed = None if not is_closed else today - timedelta(days=chance.choice((0, 5, 29, 30, 31, 400)))
    is_estimated = chance.random() < 0.2
    with unit_of_work(people.mona) as work:
        work.session.execute(
            update(Deal)
            .where(Deal.id == deal_id)
            .values(
                expected_close_date=expected,
                actual_close_date=closed,
                value_estimated=is_estimated,
                # The ledger wants every version to have changed something.
                competitor=str(number),
                version=Deal.version + 1,
            )
        )
    return Plain(
        id=deal_id, stage=stage, owner=owner, customer=customer, expected=expected, closed=closed,
        is_estimated=is_estimated, **facts,
    )  # fmt: skip


def fits(deal: Plain, wanted: DealFilter, today: date) -> bool:
    """What `conditions` say in SQL, said plainly."""
    text = wanted.q.lower()
    ahead = None if deal.expected is None else (deal.expected - today).days
    closing = {
        "": True,
        "overdue": ahead is not None and ahead < 0,
        "week": ahead is not None and 0 <= ahead <= 7,
        "month": ahead is not None and 0 <= ahead <= 30,
        "none": ahead is None,
    }
    return all(
        (
            text in deal.name.lower() or text in deal.customer.lower(),
            not wanted.unassigned or deal.owner is None,
            wanted.unassigned or wanted.owner in {None, deal.owner},
            closing[wanted.close] and (not wanted.close or deal.is_open),
            wanted.value_from is None or (deal.dollars is not None and deal.dollars >= wanted.value_from),
            wanted.value_to is None or (deal.dollars is not None and deal.dollars <= wanted.value_to),
            wanted.tag in {"", *deal.tags},
            wanted.source in {"", "manual"},
            wanted.closed_days is None or deal.closed is None or (today - deal.closed).days <= wanted.closed_days,
        )
    )


def expected_head(deals: list[Plain], stage: StageView) -> dict[str, Any]:
    """What a head must say of these deals: nothing of one currency in another's sum, estimates and unknowns apart."""
    firm = [deal for deal in deals if deal.value is not None and not deal.is_estimated]
    estimated = [deal for deal in deals if deal.value is not None and deal.is_estimated]

    def base(of: list[Plain], share: Decimal = Decimal(1)) -> int:
        in_all = sum(((deal.dollars or 0) * share for deal in of), Decimal(0))
        return int(in_all.to_integral_value(ROUND_HALF_UP))

    return {
        "count": len(deals),
        "unknown": sum(deal.value is None for deal in deals),
        "estimated": (len(estimated), base(estimated)),
        "value": base(firm),
        "weighted": base(firm, stage.probability / 100),
        "parts": {
            currency: (
                sum(deal.currency == currency for deal in deals),
                sum(deal.value or 0 for deal in firm if deal.currency == currency),
                sum(deal.value or 0 for deal in estimated if deal.currency == currency),
            )
            for currency in {deal.currency for deal in deals}
        },
    }


def walked(actor: Actor, showing: Showing) -> dict[str, tuple[dict[str, Any], list[CardView]]]:
    """The head and all cards of every column, stretch by stretch."""
    columns: dict[str, tuple[dict[str, Any], list[CardView]]] = {}
    for column in board(actor, showing=showing).columns:
        cards, after = list(column.cards), column.next_after
        while after is not None:
            stretch = column_stretch(actor, column.stage.id, after, showing)
            cards, after = [*cards, *stretch.cards], stretch.next_after
        total = column.total
        head = {
            "count": total.count,
            "unknown": total.unknown_count,
            "estimated": (total.estimated_count, total.base_estimated),
            "value": total.base_value,
            "weighted": total.base_weighted,
            "parts": {part.currency: (part.count, part.value, part.estimated_value) for part in total.parts},
        }
        columns[column.stage.key] = head, cards
    return columns


def some_filters(people: People) -> list[DealFilter]:
    wanted: list[dict[str, Any]] = [
        {},
        {"closed_days": None},
        {"owner": people.alice.user_id},
        {"unassigned": True},
        *({"close": close} for close in CLOSE_CHOICES),
        *({"q": text} for text in ("rollout", "PILOT", "50%", "t_2", "söhne", "\\", "no such deal")),
        *({"tag": tag} for tag in ("upsell", "Upsell", "up")),
        {"value_from": 5_001},
        {"value_to": 0},
        {"value_from": 10_000, "value_to": 500_000},
        {"source": "manual"},
        {"source": "csv"},
        {"owner": people.bob.user_id, "q": "refit", "value_from": 0, "closed_days": None},
    ]
    return [replace(RECENT, **each) for each in wanted]


def test_totals_and_cards_are_of_exactly_the_deals_that_fit(people: People, deals: list[Plain]) -> None:
    stages = {stage.key: stage for stage in pipelines(people.mona)[0].stages}
    today = people.mona.today
    for wanted in some_filters(people):
        for key, (head, cards) in walked(people.mona, Showing(wanted=wanted)).items():
            expected = [deal for deal in deals if deal.stage == key and fits(deal, wanted, today)]
            assert head == expected_head(expected, stages[key]), (wanted, key)
            assert {card.id for card in cards} == {deal.id for deal in expected}, (wanted, key)
            assert len(cards) == len(expected), (wanted, key)
            assert [card.position for card in cards] == sorted(card.position for card in cards), (wanted, key)


def test_every_order_is_kept_over_all_stretches(people: People, deals: list[Plain]) -> None:
    number = {deal.id: place for place, deal in enumerate(deals)}
    plain = {deal.id: deal for deal in deals}

    def key_of(sort: str, card: CardView) -> Any:
        deal = plain[card.id]
        return {
            "name": deal.name.lower(),
            "value": deal.dollars,
            "close": deal.closed or deal.expected,
            # They were made, moved and changed one after the other.
            "created": number[card.id],
            "age": number[card.id],
            "updated": number[card.id],
        }[sort]

    everything = replace(RECENT, closed_days=None)
    assert any(column.next_after for column in board(people.mona, showing=Showing(wanted=everything)).columns)
    for sort in SORTS:
        for descending in (False, True):
            showing = Showing(wanted=everything, sort=sort, descending=descending)
            for key, (head, cards) in walked(people.mona, showing).items():
                assert len({card.id for card in cards}) == len(cards) == head["count"], (sort, key)
                keys = [key_of(sort, card) for card in cards]
                known = [each for each in keys if each is not None]
                assert known == sorted(known, reverse=descending), (sort, descending, key)
                assert keys == known + [None] * (len(keys) - len(known)), (sort, "what has none stands last")
