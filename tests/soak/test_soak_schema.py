"""schemathesis at 200 examples of every operation."""

from __future__ import annotations

from flask import Flask

from tests.blueprints.test_api_schema import checked
from tests.people import People

EXAMPLES = 200


def test_every_operation_keeps_its_word_200_times(app: Flask, people: People) -> None:
    found = dict(checked(app, people, examples=EXAMPLES))
    assert {label: str(error)[:2000] for label, error in found.items() if error is not None} == {}
