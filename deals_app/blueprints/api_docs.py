"""The OpenAPI document of the management API, and a page that shows it without the internet."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template

from deals_app.blueprints.api.document import document_of, operations, resolved

blueprint = Blueprint("api_docs", __name__)

Schema = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class FieldDoc:
    """A field of a body or a parameter of an address."""

    name: str
    kind: str
    required: bool
    says: str


@dataclass(frozen=True, kw_only=True)
class ExampleDoc:
    """A request or an answer as JSON."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class RouteDoc:
    """One method of one path."""

    id: str
    method: str
    path: str
    summary: str
    parameters: tuple[FieldDoc, ...]
    body: tuple[FieldDoc, ...]
    answers: tuple[tuple[str, str, str], ...]
    examples: tuple[ExampleDoc, ...]


@blueprint.get("/api/v1/openapi.json")
def document() -> Response:
    """The document; for everyone, as it says nothing about anybody."""
    return jsonify(document_of(current_app))


@blueprint.get("/docs/api")
def page() -> str:
    """The same to read."""
    document = document_of(current_app)
    sections: dict[str, list[RouteDoc]] = {}
    for path, method, route in operations(document):
        sections.setdefault(route["tags"][0], []).append(_route(document, path, method, route))
    says = {tag["name"]: tag["description"] for tag in document["tags"]}
    return render_template("api_docs/page.html", sections=sections, says=says, info=document["info"])


def _route(document: Schema, path: str, method: str, route: Schema) -> RouteDoc:
    content: Schema = route.get("requestBody", {}).get("content", {})
    body = next(iter(content.values()), {}).get("schema", {})
    return RouteDoc(
        id=route["operationId"],
        method=method.upper(),
        path=path,
        summary=route.get("summary", "").replace("`", ""),
        parameters=tuple(
            FieldDoc(
                name=each["name"],
                kind=_kind(document, each["schema"]),
                required=each.get("required", False),
                says=_says(each),
            )
            for each in route.get("parameters", [])
        ),
        body=tuple(_fields(document, body)),
        answers=tuple(
            (status, answer["description"].replace("`", ""), _answer_kind(document, answer))
            for status, answer in sorted(route["responses"].items())
        ),
        examples=tuple(_examples(route)),
    )


def _examples(route: Schema) -> Iterable[ExampleDoc]:
    """The body that is sent, then the answers."""
    parts = [("Send", route.get("requestBody", {}))]
    parts += [(f"Answer {status}", answer) for status, answer in sorted(route["responses"].items())]
    for title, part in parts:
        for content in part.get("content", {}).values():
            if "example" in content:
                yield ExampleDoc(title=title, text=json.dumps(content["example"], indent=2, ensure_ascii=False))


def _says(parameter: Schema) -> str:
    text = parameter.get("description", "").replace("`", "")
    return f"{text}; in the {parameter['in']}" if text else f"in the {parameter['in']}"


def _fields(document: Schema, schema: Schema) -> Iterable[FieldDoc]:
    found = resolved(document, schema)
    required = found.get("required", ())
    for name, field in found.get("properties", {}).items():
        says = field.get("description", "")
        if "default" in field and field["default"] not in (None, [], {}):
            says = f"{says} {field['default']!s} unless given".strip()
        yield FieldDoc(name=name, kind=_kind(document, field), required=name in required, says=says)


def _answer_kind(document: Schema, answer: Schema) -> str:
    schema = next(iter(answer.get("content", {}).values()), {}).get("schema", {})
    data = resolved(document, schema).get("properties", {}).get("data")
    return _kind(document, data) if data else ""


def _kind(document: Schema, schema: Schema) -> str:
    """The type of a field in words, such as `text`, `list of StageBody`, `date or null`."""
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2].removesuffix("Answer").removesuffix("Body")
    if choices := schema.get("anyOf"):
        return " or ".join(dict.fromkeys(_kind(document, each) for each in choices))
    kind: str = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_kind(document, schema.get('items', {}))}"
    if kind == "string":
        return {"uuid": "id", "date": "date", "date-time": "time"}.get(schema.get("format", ""), "text")
    return {"integer": "whole number", "boolean": "true or false"}.get(kind, kind)
