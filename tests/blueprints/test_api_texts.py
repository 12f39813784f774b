"""Every text field of every write route: what is sent comes back exactly, trimmed at its ends, or is refused by name.

The fields come from the OpenAPI document. The long form, with every string there is, is tests/soak/test_soak_texts.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest
from flask import Flask
from flask_openapi3 import OpenAPI

from deals_app.services import rate_limits
from tests.conftest import REPOSITORY
from tests.matrix.asking import Asker, Request, actor_behind, request_of, routes_of
from tests.matrix.bodies import body_schema, operation_of, resolved
from tests.naughty import NASTIEST
from tests.people import People, api_key

NO_CONTENT = 204
CREATED = {200, 201, NO_CONTENT}
# Fields whose text is a choice, another thing's name or an address: it comes back as what it stands for.
CHOICES = frozenset({"currency", "domain", "kind", "role", "source", "stage", "status"})
# Kept with the deal's history, not in the answer.
ELSEWHERE = frozenset(
    {("api_deals.reopen", "reason"), *((f"api_deals.{verb}", "note") for verb in ("lose", "move", "win"))}
)
# In the short form each field gets every so-manieth of our strings, so that all of them are tried somewhere.
EVERY = 7
JSON = {"Content-Type": "application/json"}
NO_BODIES = (
    b"[" * 100_000, b'{"name": 1e999}', b'{"name": 1e' + b"9" * 200 + b"}", b'{"name": NaN}', b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00", b'"\\ud800"',
)  # fmt: skip
TORTURE = REPOSITORY.parent / "shared" / "data" / "json_torture" / "test_parsing"


@dataclass(frozen=True, kw_only=True)
class Field:
    """A text field of one route's body; `is_list` where it is a list of texts."""

    request: Request
    name: str
    is_list: bool

    def __str__(self) -> str:
        return f"{self.request.route} {self.name}"

    def holding(self, text: str) -> Request:
        """The request with this text in the field."""
        return self.request.with_id("json", self.name, cast("str", [text] if self.is_list else text))


def text_fields(app: OpenAPI, people: People) -> Iterator[Field]:
    """Every field of a JSON body that holds a text or a list of texts, with a request that is right but for it."""
    for route in routes_of(app):
        schema = body_schema(app, operation_of(app, route.rule, route.method))
        for name, each in schema.get("properties", {}).items():
            kind = resolved(app, each)
            item = resolved(app, kind["items"]) if kind.get("type") == "array" else kind
            if item.get("type") == "string" and "format" not in item and "enum" not in item:
                request = request_of(app, route, admin=people.ada)
                yield Field(request=request, name=name, is_list=item is not kind)


def with_key(app: OpenAPI, people: People) -> Asker:
    """Somebody with an admin's key; what is personal, such as a saved view, must be made for them."""
    headers = api_key(people.ada)
    return Asker(app.test_client(), headers, actor_behind(headers))


def wrong_with(app: OpenAPI, people: People, ask: Asker, field: Field, text: str) -> str | None:
    """What is wrong with the answer to this text in this field, if anything."""
    fresh = request_of(app, field.request.route, admin=people.ada, user=ask.actor)
    sent = Field(request=fresh, name=field.name, is_list=field.is_list).holding(text)
    answer = ask(sent)
    if answer.status_code >= 500 or not answer.is_json:
        return f"{answer.status_code}"
    if answer.status_code not in CREATED:
        said = answer.get_data(as_text=True)
        return None if field.name in said else f"{answer.status_code} does not name {field.name}: {said[:200]}"
    wanted = text.strip()
    is_elsewhere = field.name in CHOICES or (field.request.route.endpoint, field.name) in ELSEWHERE
    if is_elsewhere or not wanted or answer.status_code == NO_CONTENT:
        return None
    return None if wanted in texts_in(answer.json["data"]) else f"does not come back: {answer.json['data']!r}"


def texts_in(value: Any) -> Iterator[str]:
    """Every text in an answer."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts_in(each)


def found_wrong(app: OpenAPI, people: People, texts: Sequence[str], *, every: int = 1) -> list[str]:
    """The texts in every field, or in each field every so-manieth of them."""
    ask = with_key(app, people)
    return [
        f"{field} {text[:40]!r}: {problem}"
        for number, field in enumerate(text_fields(app, people))
        for text in texts[number % every :: every]
        if (problem := wrong_with(app, people, ask, field, text)) is not None
    ]


@pytest.fixture
def _without_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "REQUESTS_PER_SECOND", 1_000_000)


@pytest.mark.usefixtures("_without_limit")
def test_every_text_comes_back_or_is_refused_by_name(app: Flask, people: People) -> None:
    fields = list(text_fields(cast("OpenAPI", app), people))
    assert len(fields) > 15
    wrong = found_wrong(cast("OpenAPI", app), people, NASTIEST, every=EVERY)
    assert not wrong, "\n".join(wrong)


@pytest.mark.usefixtures("_without_limit")
def test_no_json_that_others_stumbled_over_is_a_fault_of_ours(app: Flask, people: People) -> None:
    made = cast("OpenAPI", app)
    bodies = [path.read_bytes() for path in sorted(TORTURE.glob("*.json"))] if TORTURE.is_dir() else []
    ask = with_key(made, people)
    for route in routes_of(made):
        if not route.is_api or not body_schema(made, operation_of(made, route.rule, route.method)):
            continue
        path = route.path(request_of(made, route, admin=people.ada, user=ask.actor).path)
        for body in (*bodies, *NO_BODIES):
            answer = ask.client.open(path, method=route.method, data=body, headers=ask.headers | JSON)
            # An empty object changes nothing, and that is all right where nothing is demanded.
            assert answer.status_code in {200, 400}, (route, body[:60], answer.get_data(as_text=True))
            assert answer.json["status"] in {"success", "error"}  # type: ignore[index]
