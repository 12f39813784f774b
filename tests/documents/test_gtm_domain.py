"""What gtm-domain.txt states, quoted.

`opp_id` is our `id`, `amount` our `value`, `close_date` our `actual_close_date` or `expected_close_date`,
`sales_owner` our `assigned_to`. Its stages `prospecting` and `qualification` are `lead` and `qualified`: CONTRACT.md
section 2 has the six of deal-management.txt.

On `is_at_risk` its sentence ("True if an open opportunity exists for a customer who may churn") and its source code,
which does not look at the churn risk, disagree. DESIGN.md settles it: "`is_at_risk` | open and (customer's churn
risk high, or health below 40, or close date overdue)".
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.documents.companies import DEALS, Company
from tests.documents.quoting import says

CUSTOMERS = "/api/v1/customer-mgmt/customers"


@pytest.fixture
def document(documents: Path) -> Path:
    return documents / "gtm-domain.txt"


def is_at_risk(company: Company, stage: str) -> bool:
    return company.done("GET", f"{DEALS}/{company.deal(stage)}")["is_at_risk"]


def test_an_open_deal_of_a_customer_who_may_churn_is_at_risk(document: Path, company: Company) -> None:
    says(
        document,
        "True if an open opportunity exists for a customer who may churn.",
        "return self.stage.is_open and self.close_date >= date.today()",
    )
    assert not is_at_risk(company, "proposal")
    company.done("PATCH", f"{CUSTOMERS}/{company.customer}", {"churn_risk": 0.9})
    assert [is_at_risk(company, stage) for stage in ("proposal", "closed_won", "closed_lost")] == [True, False, False]


def test_what_is_open(document: Path, company: Company) -> None:
    says(document, "return self not in {SalesStage.CLOSED_WON, SalesStage.CLOSED_LOST}")
    stages = company.done("GET", "/api/v1/pipelines")[0]["stages"]
    closed = {each["key"] for each in stages if each["status"] != "open"}
    assert closed == {"closed_won", "closed_lost"}


def test_all_open_opportunities_of_a_customer(document: Path, company: Company) -> None:
    says(
        document,
        "get_open_for_customer(customer_id: str) -> Sequence[Opportunity]",
        "Return all open opportunities for a given customer.",
    )
    deals = {stage: str(company.deal(stage)) for stage in ("lead", "proposal", "closed_won", "closed_lost")}
    told = company.done("GET", f"{CUSTOMERS}/{company.customer}/opportunities?open=true")
    assert {each["id"] for each in told} == {deals["lead"], deals["proposal"]}
    assert {each["customer_id"] for each in told} == {str(company.customer)}
    assert len(company.done("GET", f"{CUSTOMERS}/{company.customer}/opportunities")) == len(deals)


def test_the_fields_of_an_opportunity(document: Path, company: Company) -> None:
    says(document, "close_date: Actual or expected close date.", "amount: USD opportunity value.")
    expected, won = (company.done("GET", f"{DEALS}/{company.deal(stage)}") for stage in ("lead", "closed_won"))
    assert expected["expected_close_date"] == (company.today + timedelta(days=90)).isoformat()
    assert won["actual_close_date"] == company.today.isoformat()
    assert (won["value"], won["currency"]) == (50_000_000, "USD")
