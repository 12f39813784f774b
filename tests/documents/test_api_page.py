"""docs/api.md says what is true: its refusal is the one that is answered, and what it names exists."""

from __future__ import annotations

import json
import re
from pathlib import Path

from flask import Flask

from deals_app.blueprints.api.document import MEANINGS
from deals_app.services.given_answers import LONGEST_KEY
from deals_app.services.rate_limits import REQUESTS_PER_SECOND
from tests.conftest import REPOSITORY
from tests.documents.companies import DEALS, Company
from tests.documents.replaying import Replay

PAGE = (REPOSITORY / "docs/api.md").read_text(encoding="utf-8")
SOURCES = [path.read_text(encoding="utf-8") for path in Path(REPOSITORY / "deals_app").rglob("*.py")]


def test_its_refusal_is_the_one_that_is_answered(company: Company) -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    printed = json.loads(block)
    del printed["request_id"]
    body = {"customer_id": str(company.customer), "assigned_to": str(company.rep), "name": "Rollout", "value": 0}
    status, answer = company.ask("POST", DEALS, body | {"currency": "USD", "expected_close_date": "2099-01-01"})
    assert status == 400
    assert Replay(company, None).differences(printed, answer) == []
    assert answer["request_id"]


def test_the_codes_it_names_are_answered() -> None:
    codes = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", PAGE))
    assert {"VALIDATION_FAILED", "VERSION_CONFLICT", "IDEMPOTENCY_CONFLICT", "IDEMPOTENCY_IN_PROGRESS"} <= codes
    assert [code for code in codes if not any(f'"{code}"' in source for source in SOURCES)] == []


def test_the_statuses_and_paths_it_names_are_there(served_app: tuple[Flask, str]) -> None:
    statuses = set(re.findall(r"\b[45]\d\d\b", PAGE))
    assert {"401", "409", "412", "429"} <= statuses <= MEANINGS.keys()
    rules = [rule.rule for rule in served_app[0].url_map.iter_rules()]
    paths = {each.rstrip("/.") for each in re.findall(r"/(?:api|docs)/[\w./-]+", PAGE)}
    assert {"/api/v1/openapi.json", "/docs/api", "/api/v1/events/types"} <= paths
    assert [path for path in paths if not any(rule.startswith(path) for rule in rules)] == []


def test_the_figures_it_gives_are_those_of_the_code() -> None:
    assert f"{REQUESTS_PER_SECOND} requests a second" in PAGE
    assert f"up to {LONGEST_KEY} printable ASCII" in PAGE
