"""The command `crm.deal.win` of deal-win-contract.txt: its example through route 7, its events and its scenario."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.documents.companies import DEALS, Company
from tests.documents.quoting import says

# The document's names, and ours. `actualValue: 52000` is taken as it stands: CONTRACT.md row 7 has "`actual_value`
# (minor units: replaces `value`)".
INPUT = {"dealId": None, "actualValue": "actual_value", "note": "note"}  # the id stands in the path
OUTPUT = {"id": "id", "status": "status", "closedAt": "actual_close_date"}
# `status: 'won'` is `closed_won` here, which is what pipelines.txt says as well; `closedAt`, a time, is a date.
VALUES = {"won": "closed_won"}


@pytest.fixture
def document(documents: Path) -> Path:
    return documents / "deal-win-contract.txt"


def printed(document: Path, name: str) -> dict[str, Any]:
    """The object literal after `name:`, as JSON."""
    found = re.search(rf"\b{name}: (\{{[^}}]*\}})", document.read_text(encoding="utf-8"))
    assert found is not None
    text = re.sub(r"(\w+):(?= )", r'"\1":', found[1]).replace("'", '"')
    return json.loads(re.sub(r",\s*\}", "}", text))


def test_the_example(document: Path, company: Company) -> None:
    given, told = printed(document, "input"), printed(document, "output")
    assert (given.keys(), told.keys()) == (INPUT.keys(), OUTPUT.keys())
    deal = str(company.deal())
    body = {ours: given[theirs] for theirs, ours in INPUT.items() if ours}
    won = company.done("POST", f"{DEALS}/{deal}/win", body | {"close_date": company.today.isoformat()})
    assert won["id"] == deal
    assert won[OUTPUT["status"]] == VALUES[told["status"]]
    assert date.fromisoformat(won[OUTPUT["closedAt"]]) == company.today
    assert won["value"] == 52_000
    assert company.done("GET", f"/api/v1/deals/{deal}/activities")[0]["body"] == "Signed contract attached"


def test_the_scenario(document: Path, company: Company) -> None:
    says(document, "given: ['Deal is open'],", "then: ['Deal status becomes WON', 'DealWon event is emitted'],")
    says(document, "key: 'deal.won',", "version: '1.0.0',", "audit: ['deal.won'],")
    deal = str(company.deal())
    close = {"close_date": company.today.isoformat()}
    company.done("POST", f"{DEALS}/{deal}/win", close)
    won = company.done("GET", f"/api/v1/events?deal_id={deal}&type=deal.won")
    assert [(each["type"], each["version"]) for each in won] == [("deal.won", "1.0.0")]
    assert company.done("GET", f"/api/v1/deals/{deal}/history")[0]["kind"] == "won"
    status, answer = company.ask("POST", f"{DEALS}/{deal}/win", close)
    assert (status, answer["error"]["code"]) == (400, "WIN_FAILED")


def test_it_needs_somebody(document: Path, company: Company) -> None:
    says(document, "auth: 'user',")
    deal = company.deal()
    company.headers = {}
    assert company.ask("POST", f"{DEALS}/{deal}/win", {"close_date": company.today.isoformat()})[0] == 401


def test_there_is_one_example(document: Path) -> None:
    assert len(re.findall(r"\b(?:input|output): \{", document.read_text(encoding="utf-8"))) == 2
