"""The OpenAPI document: what flask-openapi3 reads off the routes, and what holds for all of them.

Everything here goes by what the document says of an operation, never by its name, so that a new route has it at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, cast

from flask import Flask
from flask_openapi3 import OpenAPI

from deals_app.blueprints.api.examples import ANSWERS, BODIES, Json
from deals_app.services.given_answers import LONGEST_KEY

METHODS = ("get", "post", "put", "patch", "delete")
KEPT_AS = "openapi_document"
SCHEMAS = "#/components/schemas/"
ABOUT = """\
The deal management API: JSON over HTTP, for programs.

**Authentication**: `Authorization: Bearer <api key>`; no cookie is accepted. A key belongs to one tenant and has a
role.

**Money** is a whole number of minor units (cents for USD) beside its ISO 4217 `currency`. Ids are UUIDv7. Times are
RFC 3339 with offset, dates `YYYY-MM-DD`.

**Answers** are `{"status": "success", "data": …}`. A refusal is `{"status": "error", "error": {"code", "message",
"details"}}`: the code is for programs, `details` name the fields; nothing has changed.

**Sent again**: with an `Idempotency-Key` a POST is done once, however often it is sent within 24 hours.

**Changed meanwhile**: a deal has a `version`, which is its ETag. With `If-Match`, or `version` in the body, a change
that was meant for an older one is refused with the deal as it is now.
"""
MEANINGS = {
    "200": "Done",
    "201": "Made",
    "202": "Taken on; what comes of it can be read later",
    "204": "Gone; there is no body",
    "400": "The body, a parameter or a rule of the business says no; `details` name the fields",
    "401": "No key, or not a good one",
    "403": "The key's role may not do this",
    "404": "There is no such thing, or it belongs to somebody else",
    "409": "It exists already, is being changed, or was changed since the `version` that was sent",
    "412": "It was changed since the version that `If-Match` names; `data` is how it is now",
    "413": "The body is larger than a megabyte",
    "415": "The body is no JSON; send `Content-Type: application/json`",
    "429": "Too many requests in this second",
    "503": "Something this needs is away for the moment",
}
TAGS = {
    "Deals": "Sales opportunities on their way through the stages of a pipeline, and what happened to them.",
    "Customers": "Companies and people that deals are made with.",
    "Leads": "The people behind what came in: qualified, converted to business, merged, kept apart from spam.",
    "Pipelines": "Pipelines and their stages; only admins change them.",
    "Users": "The people of the team, whom deals are assigned to.",
    "API keys": "Keys of other systems: shown once, narrowed to scopes, ended at once.",
    "Forms": "Public forms that become leads: their fields, where they may be embedded, what they answer.",
    "Saved views": "Filters of the list and the board under a name, one's own or the team's.",
    "Webhooks": "Addresses that are told what happens: signed, in order per deal, again until it got through.",
    "Connections": "Accounts of HubSpot and Salesforce, how their words are read here, and how far they are in step.",
    "Events": "What happened, in order, for programs that come back and miss nothing.",
}
IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of your own, the same each time this request is sent again",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[ -~]+$"},
    "example": "order-4711",
}
IF_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the deal that this change is meant for, as it was given, or *",
    "schema": {"type": "string", "pattern": r'^(\*|(W/)?"?[0-9]{1,18}"?)$'},
    "example": '"3"',
}
RETRY_AFTER: Json = {"description": "Seconds to wait", "schema": {"type": "string", "pattern": "^[0-9]+$"}}
HEADERS: dict[str, Json] = {
    "401": {"WWW-Authenticate": {"description": "Bearer", "schema": {"type": "string"}}},
    "429": {"Retry-After": RETRY_AFTER},
    "503": {"Retry-After": RETRY_AFTER},
}
ETAG: Json = {"ETag": {"description": "The deal's version", "schema": {"type": "string"}, "example": '"1"'}}
# By format or type, where an example is made from a schema.
PLAIN: Json = {
    "uuid": "019b72b7-339c-73ca-850c-8459913f2cde", "date": "2026-03-31", "date-time": "2025-12-31T06:42:47+02:00",
    "uri": "https://example.com/deals", "email": "ada@example.com", "string": "text", "integer": 1, "number": 1,
    "boolean": True, "null": None,
}  # fmt: skip


def document_of(app: Flask) -> Json:
    """The whole document; made once, as routes do not change."""
    if KEPT_AS not in app.extensions:
        app.extensions[KEPT_AS] = _completed(deepcopy(cast("OpenAPI", app).api_doc))
    return app.extensions[KEPT_AS]


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Path, method and operation of each."""
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield path, method, methods[method]


def resolved(document: Json, schema: Json) -> Json:
    """The schema itself, where it is a reference to one."""
    return document["components"]["schemas"][schema["$ref"].removeprefix(SCHEMAS)] if "$ref" in schema else schema


def _completed(document: Json) -> Json:
    document["info"]["description"] = ABOUT
    document["servers"] = [{"url": "/", "description": "The host that this document came from"}]
    document["tags"] = [tag | {"description": TAGS.get(tag["name"], "")} for tag in document["tags"]]
    for path, method, operation in operations(document):
        _describe(document, method, operation)
        _link(document, path, method, operation)
    return document


def _describe(document: Json, method: str, operation: Json) -> None:
    operation["summary"] = operation["summary"].rstrip(".")
    bodies = operation.get("requestBody", {}).get("content", {}).values()
    for body in bodies:
        body["example"] = BODIES.get(operation["operationId"]) or example_of(document, body["schema"])
    for parameter in operation.get("parameters", []):
        _name_choices(parameter["schema"])
    if method == "post":
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    versioned = any("version" in resolved(document, body["schema"]).get("properties", {}) for body in bodies)
    if "412" in operation["responses"] and (versioned or method == "delete"):
        operation.setdefault("parameters", []).append(IF_MATCH)
    if method in {"get", "delete"}:
        for about_bodies in ("413", "415"):
            operation["responses"].pop(about_bodies, None)
    for status, response in operation["responses"].items():
        _describe_answer(document, operation["operationId"], status, response)


def _name_choices(schema: Json) -> None:
    """`-name` is no name of a constant: generated clients shall not call it VALUE_9."""
    choices = [str(each) for each in schema.get("enum", ())]
    if any(each.startswith("-") for each in choices):
        schema["x-enum-varnames"] = [f"{each[1:]}_descending" if each.startswith("-") else each for each in choices]


def _describe_answer(document: Json, name: str, status: str, response: Json) -> None:
    response["description"] = MEANINGS.get(status, response["description"])
    headers = HEADERS.get(status, {})
    for content in response.get("content", {}).values():
        if (example := ANSWERS.get((name, status))) is not None:
            content["example"] = example
        headers = headers | (ETAG if _is_deal(document, content["schema"]) else {})
    if headers:
        response["headers"] = headers


def _is_deal(document: Json, schema: Json) -> bool:
    """Whether `data` is one deal: its answers carry its version."""
    data = resolved(document, schema).get("properties", {}).get("data", {})
    return data.get("$ref") == f"{SCHEMAS}DealAnswer"


def _link(document: Json, path: str, method: str, operation: Json) -> None:
    """What a POST has made can be used wherever its id stands alone in a path."""
    below = f"{path}/{{"
    parameter = next((each[len(below) :].partition("}")[0] for each in document["paths"] if each.startswith(below)), "")
    if method != "post" or "201" not in operation["responses"] or not parameter or "{" in path:
        return
    operation["responses"]["201"]["links"] = {
        other["operationId"]: {
            "operationId": other["operationId"],
            "parameters": {parameter: "$response.body#/data/id"},
        }
        for where, _, other in operations(document)
        if f"{{{parameter}}}" in where and where.count("{") == 1
    }


def example_of(document: Json, schema: Json) -> Any:
    """Something that the schema allows: what must be there, with values that mean little."""
    schema = resolved(document, schema)
    for given in ("example", "const", "default"):
        if given in schema:
            return schema[given]
    for choices in ("examples", "enum"):
        if choices in schema:
            return schema[choices][0]
    for parts in ("anyOf", "oneOf", "allOf"):
        if parts in schema:
            return example_of(document, schema[parts][0])
    if schema.get("type") == "object":
        fields = schema.get("properties", {})
        return {name: example_of(document, fields[name]) for name in schema.get("required", fields)}
    if schema.get("type") == "array":
        return [example_of(document, schema["items"])] if "items" in schema else []
    return PLAIN.get(schema.get("format", ""), PLAIN.get(schema.get("type", "null")))
