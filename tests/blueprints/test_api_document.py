"""The OpenAPI document is whole: valid, described, with examples that its own schemas take. Read off the document."""

from __future__ import annotations

import contextvars
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from pydantic import BaseModel

from deals_app.blueprints.api.document import document_of, example_of, operations, resolved
from deals_app.blueprints.api.examples import ANSWERS, BODIES

ANY_ROUTE = {"400", "401", "403", "404", "429", "503"}
TWELVE = (
    "deals_create", "deals_read", "deals_index", "deals_change_basic_info", "deals_change_value", "deals_move",
    "deals_win", "deals_lose", "deals_delete", "deals_of_stage", "deals_pipeline_stats", "deals_won_stats",
)  # fmt: skip


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    return document_of(app)


@pytest.fixture
def all_of(document: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Method and operation by name."""
    found = {each["operationId"]: (method, each) for _, method, each in operations(document)}
    assert len(found) > 30
    return found


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def examples(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Whose, its schema, and the example."""
    for _, _, each in operations(document):
        for parameter in each.get("parameters", []):
            if "example" in parameter:
                yield f"{each['operationId']} {parameter['name']}", parameter["schema"], parameter["example"]
        for where, part in (("body", each.get("requestBody", {})), *each["responses"].items()):
            for content in part.get("content", {}).values():
                if "example" in content:
                    yield f"{each['operationId']} {where}", content["schema"], content["example"]


def what_is_wrong(document: dict[str, Any], schema: dict[str, Any], example: Any) -> list[str]:
    whole = {"components": document["components"], "allOf": [schema]}
    return [each.message for each in jsonschema_rs.Draft202012Validator(whole).iter_errors(example)]


def test_it_is_valid(app: Flask, document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")

    def outside(environ: Any, start_response: Any) -> Any:
        return contextvars.Context().run(app.wsgi_app, environ, start_response)

    schemathesis.openapi.from_wsgi("/api/v1/openapi.json", outside).validate()


def test_nothing_is_missing_or_left_over(document: dict[str, Any]) -> None:
    used = {each.rpartition("/")[2] for each in references(document)}
    assert used == set(document["components"]["schemas"])
    for name in used:
        assert name.isalnum(), "a generated client names its classes so"


def test_no_two_shapes_have_one_name(document: dict[str, Any]) -> None:
    """The document has one schema of a name: of two, the later would stand for both."""
    shapes = list(all_below(BaseModel))
    named = Counter(each.__name__ for each in shapes if each.__name__ in document["components"]["schemas"])
    assert len(named) > 30
    assert [name for name, times in named.items() if times > 1] == []


def all_below(shape: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in shape.__subclasses__():
        if each.__module__.startswith("deals_app."):
            yield each
        yield from all_below(each)


def test_it_says_what_it_is(document: dict[str, Any]) -> None:
    assert len(document["info"]["description"]) > 500
    assert [each["url"] for each in document["servers"]] == ["/"]
    assert [tag["name"] for tag in document["tags"] if not tag["description"]] == []
    assert document["components"]["securitySchemes"]["key"]["description"]


def test_every_operation_is_told_in_full(document: dict[str, Any], all_of: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    for name, (method, each) in all_of.items():
        assert each["summary"], name
        assert each["security"] == [{"key": []}], name
        assert set(each["tags"]) <= tags, name
        wanted = ANY_ROUTE | ({"409"} if method == "post" else set())
        wanted |= {"413", "415"} if "requestBody" in each else set()
        assert wanted <= each["responses"].keys(), name
        assert {"200", "201", "202", "204"} & each["responses"].keys(), name
        for body in each.get("requestBody", {}).get("content", {}).values():
            assert body["example"], name


def test_every_refusal_has_its_shape(document: dict[str, Any], all_of: dict[str, Any]) -> None:
    for name, (_, each) in all_of.items():
        for status, response in each["responses"].items():
            assert response["description"], (name, status)
            if status >= "400":
                schema = response["content"]["application/json"]["schema"]
                assert {"status", "error", "request_id"} <= resolved(document, schema)["properties"].keys()
            assert ("Retry-After" in response.get("headers", {})) == (status in {"429", "503"})


def test_headers_are_told_where_they_count(all_of: dict[str, Any]) -> None:
    for name, (method, each) in all_of.items():
        headers = {parameter["name"] for parameter in each.get("parameters", []) if parameter["in"] == "header"}
        assert ("Idempotency-Key" in headers) == (method == "post"), name
    conditional = {
        name for name, (_, each) in all_of.items() if "If-Match" in {p["name"] for p in each.get("parameters", [])}
    }
    closing = {"deals_win", "deals_lose", "deals_reopen"}
    assert {"deals_change_basic_info", "deals_change_value", "deals_move", "deals_delete", *closing} <= conditional
    assert "ETag" in all_of["deals_read"][1]["responses"]["200"]["headers"]
    assert "headers" not in all_of["deals_index"][1]["responses"]["200"]


def test_examples_are_what_their_schemas_say(document: dict[str, Any]) -> None:
    found = list(examples(document))
    assert len(found) > 40
    assert [(name, wrong) for name, schema, each in found if (wrong := what_is_wrong(document, schema, each))] == []


def test_a_wrong_example_is_seen(document: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/CreateDeal"}
    assert what_is_wrong(document, schema, BODIES["deals_create"]) == []
    assert what_is_wrong(document, schema, BODIES["deals_create"] | {"value": "a lot"})


def test_the_twelve_routes_show_what_their_document_prints(all_of: dict[str, Any]) -> None:
    assert {*BODIES, *(name for name, _ in ANSWERS)} <= all_of.keys()
    for name in TWELVE:
        _, each = all_of[name]
        assert name in BODIES or "requestBody" not in each, name
        assert any(name == told and status < "300" for told, status in ANSWERS) or "204" in each["responses"], name


def test_an_example_can_be_made_of_any_schema(document: dict[str, Any]) -> None:
    """A body that nobody wrote an example for has one that its types allow."""
    for name in document["components"]["schemas"]:
        schema = {"$ref": f"#/components/schemas/{name}"}
        made = example_of(document, schema)
        assert what_is_wrong(document, schema, json.loads(json.dumps(made))) == [], name
    assert example_of(document, {"type": "array", "items": {"type": "string", "enum": ["a"]}}) == ["a"]


def test_what_is_made_can_be_followed(all_of: dict[str, Any]) -> None:
    links = all_of["deals_create"][1]["responses"]["201"]["links"]
    assert {"deals_read", "deals_win", "deal_life_note"} <= links.keys()
    assert links["deals_win"]["parameters"] == {"deal_id": "$response.body#/data/id"}
    assert "links" not in all_of["deal_life_note"][1]["responses"]["201"]
