"""The least that each route takes: JSON from the OpenAPI document, forms from a table."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import count
from typing import Any

from flask_openapi3 import OpenAPI

from deals_app.domain.calendar import today_in
from deals_app.domain.strict_json import plain_numbers
from deals_app.integrations.sources import source
from tests.matrix.things import WORDS

TODAY = today_in("UTC")
FILE = b"Deal Name,Company,Value,Stage\nOmega,Acme Inc.,100,Lead\n"
# What a schema does not say. An id's field is in things.py.
TEXTS: dict[str, Any] = {
    "close_date": TODAY.isoformat(),
    "currency": "USD",
    "expected_close_date": (TODAY + timedelta(days=30)).isoformat(),
    "stage": "proposal",
    "status": "open",
}
# Bodies whose schema alone does not say what the route takes.
BODIES: dict[str, Callable[[Mapping[str, str]], dict[str, Any]]] = {
    "api_deals.move": lambda _: {"stage": "closed_lost"},
    "api_deal_bulk.change": lambda ids: {"ids": [ids["deal_id"]], "change": {"tags_add": ["hot"]}},
    "api_webhooks.create": lambda _: {"url": f"https://example.com/{next(_numbers)}"},
    "api_webhooks.replay_since": lambda _: {"since": f"{TODAY.isoformat()}T00:00:00Z"},
}
FORMS: dict[str, dict[str, Any]] = {
    "api_deal_around.attach": {"file": FILE},
    "api_imports.upload": {"file": FILE},
    "api_mail_posts.receive": {"from": "Jo Weber <jo@client.example>", "subject": "Fifty licences", "text": "Hello"},
    "board.add": {"stage": "", "name": "Quick"},
    "board.fold": {"stage": "{stage_id}", "fold": "yes"},
    "deals.around.add_person": {"person": "{user_id}"},
    "deals.around.add_rival": {"name": "Initech"},
    "deals.around.attach": {"file": FILE},
    "connections.connect": {"system": "hubspot"},
    "connections.simulate": {"system": "hubspot"},
    "deals.bulk.change": {"action": "tag", "add": "hot", "deal": "{deal_id}:1"},
    "deals.create": {
        "name": "New",
        "currency": "USD",
        "stage": "{pipeline_id}/lead",
        "assigned_to": "",
        "source": "inbound",
    },
    "deals.fields.save": {"name": "Renamed"},
    "deals.stage.move": {"stage": "proposal"},
    "deals.stage.reopen": {"reason": "They came back"},
    "deals.steps.note": {"body": "Called"},
    "deals.steps.plan": {"kind": "task", "body": "Call", "due_on": TODAY.isoformat()},
    "form_settings.change": {"name": "Renamed", "is_active": "1", "show": "company"},
    "form_settings.create": {"name": "Events", "is_active": "1", "show": "company"},
    "import_check.leave": {"line": "2", "out": "1"},
    "import_columns.check": {"column-0": "name"},
    "import_columns.start": {"column-0": "name"},
    "ingest.take": {"name": "Typed in"},
    "ingest.understood": {"name": "Typed in"},
    "ingest.upload": {"file": FILE},
    "leads.change": {"status": "contacted"},
    "leads.merge": {"email": "{email}"},
    "mailboxes.change": {"name": "Renamed"},
    "mailboxes.create": {"name": "Sales"},
    "moves.move": {"stage": "proposal"},
    "webhooks.change": {"url": "https://example.com/else"},
    "webhooks.create": {"url": "https://example.com/new"},
    "settings.add_person": {"email": "new@acme.example", "name": "New", "role": "rep", "password": "a long password"},
    "settings.switch": {"tenant_id": "{tenant_id}"},
    "settings.create_key": {"name": "Shop", "role": "ingest"},
}
# What others call a deal: the same id would be the same deal each time.
OWN_IDS = {"external_id", "id", "Id"}
QUERIES: dict[str, str] = {
    "board.column": "?after=0~01900000-0000-7000-8000-000000000000",
    "import_check.rows": "?tab=new",
}

Schema = Mapping[str, Any]


def operation_of(app: OpenAPI, rule: str, method: str) -> Schema:
    """What the OpenAPI document says of a route; empty for one that is not in it."""
    path = "/".join(f"{{{part[1:-1].rpartition(':')[2]}}}" if part[:1] == "<" else part for part in rule.split("/"))
    return app.api_doc["paths"].get(path, {}).get(method.lower(), {})


def body_schema(app: OpenAPI, operation: Schema) -> Schema:
    """The schema of a route's JSON body; empty when it takes none."""
    content = operation.get("requestBody", {}).get("content", {})
    return resolved(app, content.get("application/json", {}).get("schema", {}))


def resolved(app: OpenAPI, schema: Schema) -> Schema:
    """Behind its `$ref`, and of several choices the first that is not null."""
    while True:
        if "$ref" in schema:
            schema = app.api_doc["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif "allOf" in schema or "anyOf" in schema:
            choices = schema.get("allOf") or schema["anyOf"]
            schema = next(each for each in choices if each.get("type") != "null")
        else:
            return schema


def id_fields(app: OpenAPI, schema: Schema) -> Iterator[str]:
    """The fields of a body that hold an id."""
    for name, each in schema.get("properties", {}).items():
        if resolved(app, each).get("format") == "uuid":
            yield name


def id_parameters(app: OpenAPI, operation: Schema) -> Iterator[str]:
    """The parameters of a query that hold an id."""
    for each in operation.get("parameters", []):
        if each["in"] == "query" and resolved(app, each["schema"]).get("format") == "uuid":
            yield each["name"]


def least_of(app: OpenAPI, schema: Schema, ids: Mapping[str, str]) -> dict[str, Any]:
    """An object with the required fields alone."""
    required = schema.get("required", [])
    return {name: _least(app, name, resolved(app, schema["properties"][name]), ids) for name in required}


def _least(app: OpenAPI, name: str, schema: Schema, ids: Mapping[str, str]) -> Any:
    """A value for one field: by its name where that says more than its type."""
    if schema.get("format") == "uuid":
        return ids[name]
    if name in TEXTS:
        return TEXTS[name]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return least_of(app, schema, ids)
    if schema.get("type") == "array":
        return [_least(app, name, resolved(app, schema["items"]), ids)] if schema.get("minItems") else []
    plain = {"integer": max(1, schema.get("minimum", 1)), "number": 1, "boolean": True}
    return plain.get(schema.get("type", ""), f"Something {next(_numbers)}")


_numbers = count(1)


def sent_by_others(endpoint: str) -> Any:
    """What a route of the ingestion API takes: the example of its source, or a list of one; None for other routes."""
    blueprint, _, name = endpoint.rpartition(".")
    key, _, number = ("api", "", "many") if name == "bulk" else name.rpartition("_")
    found = source(key) if blueprint == "api_ingestion" else None
    if found is None:
        return None
    example = plain_numbers(
        {name: value for name, value in found.EXAMPLE[0].items() if name not in {"external_id", "id", "Id"}}
    )
    return [example] if number == "many" else example


def form_of(endpoint: str, ids: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a form with the ids in their places; a file is one anew."""
    filled: dict[str, Any] = {}
    for name, value in FORMS.get(endpoint, {}).items():
        filled[name] = (io.BytesIO(value), "deals.csv") if isinstance(value, bytes) else value.format(**ids)
    return filled


def names_in_form(endpoint: str) -> set[str]:
    """The ids that a form speaks of."""
    text = json.dumps([value for value in FORMS.get(endpoint, {}).values() if isinstance(value, str)])
    return {part.partition("}")[0] for part in text.split("{")[1:]} - set(WORDS)
