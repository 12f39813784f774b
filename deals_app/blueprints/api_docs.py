"""The OpenAPI document of the management API, and a page that shows it without the internet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from flask import Blueprint, Response, current_app, jsonify, render_template
from flask_openapi3 import OpenAPI

blueprint = Blueprint("api_docs", __name__)

METHODS = ("get", "post", "put", "patch", "delete")
Schema = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FieldDoc:
    """A field of a body or a parameter of an address."""

    name: str
    kind: str
    required: bool
    says: str


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


@blueprint.get("/api/v1/openapi.json")
def document() -> Response:
    """The document; for everyone, as it says nothing about anybody."""
    return jsonify(_document())


@blueprint.get("/docs/api")
def page() -> str:
    """The same to read."""
    document = _document()
    sections: dict[str, list[RouteDoc]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if (route := methods.get(method)) is not None:
                sections.setdefault(route["tags"][0], []).append(_route(document, path, method, route))
    return render_template("api_docs/page.html", sections=sections, info=document["info"])


def _document() -> dict[str, Any]:
    return cast("OpenAPI", current_app).api_doc


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
                says=f"in the {each['in']}",
            )
            for each in route.get("parameters", [])
        ),
        body=tuple(_fields(document, body)),
        answers=tuple(
            (status, answer["description"], _answer_kind(document, answer))
            for status, answer in sorted(route["responses"].items())
        ),
    )


def _fields(document: Schema, schema: Schema) -> Iterable[FieldDoc]:
    found = _resolved(document, schema)
    required = found.get("required", ())
    for name, field in found.get("properties", {}).items():
        says = field.get("description", "")
        if "default" in field and field["default"] not in (None, [], {}):
            says = f"{says} {field['default']!s} unless given".strip()
        yield FieldDoc(name=name, kind=_kind(document, field), required=name in required, says=says)


def _answer_kind(document: Schema, answer: Schema) -> str:
    schema = next(iter(answer.get("content", {}).values()), {}).get("schema", {})
    data = _resolved(document, schema).get("properties", {}).get("data")
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


def _resolved(document: Schema, schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
