"""What ingestion answers with: percentile, rank, stages, sums in the base currency, and how each source fared."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, insert

from deals_app.domain.actor import Actor
from deals_app.domain.deal_views import AnalysisView, analysis_of
from deals_app.domain.errors import NotFound
from deals_app.models import FxRate, InboundItem
from deals_app.services.deals import NewDeal, create_deal, delete_deal
from deals_app.services.queries.deal import deal
from deals_app.services.queries.figures import stage_counts
from deals_app.services.queries.metrics import CurrencyValue, SourceCount, metrics, source_counts
from deals_app.services.scoring.analysing import analyse_deals
from deals_app.services.stage_transition import move_deal, win_deal
from deals_app.services.unit_of_work import unit_of_work
from tests.filled import import_file
from tests.heard import heard
from tests.people import People


def make(actor: Actor, value: int | None, **facts: Any) -> UUID:
    new = NewDeal(**{"name": "Rollout", "currency": "USD", "assigned_to": actor.user_id, "value": value} | facts)
    return create_deal(actor, new)


def rate(people: People, currency: str, worth: str) -> None:
    with unit_of_work(people.ada, as_owner=True) as work:
        work.session.execute(
            insert(FxRate).values(
                base=currency, quote="USD", rate=Decimal(worth), on_date=people.ada.today, source="test"
            )
        )


def test_a_tenant_without_deals_has_every_stage_and_no_value(people: People) -> None:
    found = metrics(people.ada)
    assert (found.total_active_deals, found.percentile, found.value_rank) == (0, None, None)
    assert found.stage_distribution == stage_counts(people.ada)
    assert (found.pipeline_value.total, found.pipeline_value.weighted) == ("0.00", "0.00")


def test_a_deal_stands_among_the_open_ones_that_can_be_compared(people: People) -> None:
    rate(people, "EUR", "2")
    least, same, other, most = (
        make(people.alice, value, currency=currency)
        for value, currency in ((100_00, "USD"), (400_00, "USD"), (200_00, "EUR"), (300_00, "EUR"))
    )
    make(people.alice, None)
    make(people.alice, 900_00, currency="GBP")
    win_deal(people.alice, make(people.alice, 900_00))
    delete_deal(people.alice, make(people.alice, 900_00))
    make(people.charlie, 900_00)
    stands = [(metrics(people.alice, each).percentile, metrics(people.alice, each).value_rank)
              for each in (least, same, other, most)]  # fmt: skip
    assert stands == [(25, 4), (75, 2), (75, 2), (100, 1)]


@pytest.mark.parametrize("facts", [{"value": None}, {"value": 100, "currency": "GBP"}])
def test_what_cannot_be_compared_has_no_place(people: People, facts: dict[str, Any]) -> None:
    make(people.alice, 100_00)
    deal_id = make(people.alice, **facts)
    assert (metrics(people.alice, deal_id).percentile, metrics(people.alice, deal_id).value_rank) == (None, None)


def test_sums_are_in_the_base_currency_and_in_their_own(people: People) -> None:
    rate(people, "EUR", "1.5")
    make(people.alice, 100_50)
    move_deal(people.alice, make(people.alice, 200_00, currency="EUR"), stage="proposal")
    make(people.alice, 15_000_00, value_estimated=True)
    win_deal(people.alice, make(people.alice, 900_00))
    found = metrics(people.alice)
    assert found.total_active_deals == 3
    assert found.stage_distribution == stage_counts(people.alice)
    value = found.pipeline_value
    assert (value.total, value.weighted, value.currency) == ("15400.50", "1660.05", "USD")
    assert value.by_currency == (
        CurrencyValue(currency="EUR", count=1, total="200.00", weighted="100.00"),
        CurrencyValue(currency="USD", count=2, total="15100.50", weighted="1510.05"),
    )


def test_without_a_rate_there_are_parts_and_no_sum(people: People) -> None:
    make(people.alice, 100_00)
    make(people.alice, 500, currency="JPY")
    value = metrics(people.alice).pipeline_value
    assert (value.total, value.weighted) == (None, None)
    assert [(part.currency, part.total, part.weighted) for part in value.by_currency] == [
        ("JPY", "500", "50"),
        ("USD", "100.00", "10.00"),
    ]


@pytest.mark.parametrize("whose", ["nobody's", "charlie's", "deleted"])
def test_a_deal_that_is_not_there_is_not_found(people: People, whose: str) -> None:
    deal_id = uuid4()
    if whose == "charlie's":
        deal_id = make(people.charlie, 100)
    if whose == "deleted":
        deal_id = make(people.alice, 100)
        delete_deal(people.alice, deal_id)
    with pytest.raises(NotFound):
        metrics(people.alice, deal_id)


def test_two_statements_at_most_for_any_number_of_deals(people: People) -> None:
    deal_id = make(people.alice, 100)
    for number in range(5):
        make(people.alice, number, currency="EUR")
    asked: list[str] = []
    with heard(asked.append):
        metrics(people.alice, deal_id)
    assert len([each for each in asked if "set_config" not in each]) == 2, asked


def test_each_source_is_counted_by_what_became_of_what_came_in(people: People) -> None:
    assert source_counts(people.ada) == {}
    rows = [("email", "created"), ("email", "unchanged"), ("email", "rejected"), ("email", "received"), ("api", "held")]
    with unit_of_work(people.ada) as work:
        for source, outcome in rows:
            facts = {
                "settled_at": None if outcome == "received" else func.now(),
                "problems": [] if outcome == "rejected" else None,
            }
            work.session.execute(
                insert(InboundItem).values(
                    tenant_id=people.tenant_id,
                    source=source,
                    body=b"",
                    delivery_id=uuid4(),
                    outcome=outcome,
                    **facts,
                )
            )
    import_file(people.ada, "Deal Name,Value\nAlpha,1\nBeta,2\n,3\n")
    assert source_counts(people.ada) == {
        "csv": SourceCount(success=2, failure=1),
        "email": SourceCount(success=2, failure=1),
    }
    assert source_counts(people.charlie) == {}


def test_an_analysis_is_told_once_there_is_one(people: People) -> None:
    deal_id = make(people.alice, 100)
    assert analysis_of(deal(people.alice, deal_id)) is None
    analyse_deals(people.ada, [deal_id])
    view = deal(people.alice, deal_id)
    told = analysis_of(view)
    assert isinstance(told, AnalysisView)
    assert (told.health_score, told.risk_level, told.insights) == (view.health_score, view.risk_level, view.insights)
    assert told.insights
