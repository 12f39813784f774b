"""The OpenAPI document: complete, and to be read without the internet. What it states is held by test_api_schema.py."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/v1/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.json
    return answer.json


def test_it_is_valid_and_speaks_of_every_route(app: Flask, document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    told = {(path, method) for path, methods in document["paths"].items() for method in METHODS & methods.keys()}
    there = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "api_docs.document"
    }
    assert told == there


def test_every_operation_has_a_name_and_states_its_answers(document: dict[str, Any]) -> None:
    operations = [each for methods in document["paths"].values() for name, each in methods.items() if name in METHODS]
    names = [each["operationId"] for each in operations]
    assert len(names) == len(set(names))
    assert {"deals_move", "pipelines_create", "events_index"} <= set(names)
    for each in operations:
        assert {"400", "401", "403", "404", "429", "503"} <= each["responses"].keys(), each["operationId"]
        assert {"200", "201", "204"} & each["responses"].keys(), each["operationId"]
        assert each["summary"], each["operationId"]


def test_the_page_needs_nobody_and_nothing_else(client: FlaskClient, document: dict[str, Any]) -> None:
    page = client.get("/docs/api").get_data(as_text=True)
    for path in document["paths"]:
        assert path in page
    assert "Move a deal to another stage" in page
