"""schemathesis at 200 examples of every operation, and along the links between them."""

from __future__ import annotations

from flask import Flask

from tests.blueprints.test_api_schema import checked, walked
from tests.people import People

EXAMPLES = 200
WALKS, STEPS = 200, 25


def test_every_operation_keeps_its_word_200_times(app: Flask, people: People) -> None:
    found = dict(checked(app, people, examples=EXAMPLES))
    assert {label: str(error)[:2000] for label, error in found.items() if error is not None} == {}


def test_walks_along_the_links_find_nothing_wrong(app: Flask, people: People) -> None:
    found = walked(app, people, walks=WALKS, steps=STEPS)
    good = {label for label, status in found.seen if status < 300}
    statuses = sorted({status for _, status in found.seen})
    print(f"{found.walks} walks, {found.seen.total()} requests, {len(good)} operations answered 2xx, {statuses}")
    assert found.wrong == set()
    assert {"POST /api/v1/customer-mgmt/customers", "POST /api/v1/pipelines"} <= good
