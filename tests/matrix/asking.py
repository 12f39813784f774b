"""Everybody who asks in the matrix, every route as a request, and what an answer is compared by."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI

from deals_app.domain.actor import Actor
from deals_app.services.api_keys import PresentedKey, actor_of_key
from tests.conftest import SignedIn, csrf_of
from tests.matrix.bodies import (
    BODIES,
    QUERIES,
    body_schema,
    form_of,
    id_fields,
    id_parameters,
    least_of,
    names_in_form,
    operation_of,
    sent_by_others,
)
from tests.matrix.rights import Caller
from tests.matrix.things import OF_ENDPOINT, SECRETS, WORDS, make_things
from tests.people import People, api_key

UNASKED = {"HEAD", "OPTIONS"}
# As a proxy hands it on: loopback itself is the operator.
FROM_OUTSIDE = {"X-Forwarded-For": "203.0.113.7"}
# They end the session they are asked in.
ENDS_SESSION = frozenset({"auth.log_in", "auth.logout", "settings.switch"})
OF_EACH_ANSWER = re.compile(r"[0-9a-f]{32}|(?<=csrf_token\" value=\")[^\"]+|(?<=X-CSRFToken)[^>]+")
OF_EACH_HEADER = {"x-request-id", "date", "set-cookie", "content-length", "x-ratelimit-remaining", "x-ratelimit-reset"}
VARIABLE = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")


@dataclass(frozen=True, kw_only=True)
class Route:
    """One verb of one rule of the URL map."""

    endpoint: str
    method: str
    rule: str

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def is_api(self) -> bool:
        """Asked with keys, and not with sessions; the document of the API is read like a page."""
        return self.endpoint.startswith("api_") and not self.endpoint.startswith("api_docs.")

    @property
    def variables(self) -> tuple[str, ...]:
        """The names in the path."""
        return tuple(found["name"] for found in VARIABLE.finditer(self.rule))

    def path(self, ids: Mapping[str, str]) -> str:
        """The path with its variables filled."""
        return VARIABLE.sub(lambda found: ids[found["name"]], self.rule) + QUERIES.get(self.endpoint, "")


def routes_of(app: OpenAPI) -> list[Route]:
    """Every verb of every rule."""
    return [
        Route(endpoint=rule.endpoint, method=method, rule=rule.rule)
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))
        for method in sorted((rule.methods or set()) - UNASKED)
    ]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A route with everything filled in; `ids` by where they stand: `path`, `json` or `query`, and name."""

    route: Route
    path: Mapping[str, str]
    json: Mapping[str, Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    form_ids: Mapping[str, str] = field(default_factory=dict[str, str])

    def with_id(self, place: str, name: str, value: str) -> Request:
        """The same with another id in one place."""
        return replace(self, **{place: {**(getattr(self, place) or {}), name: value}})

    def places(self, app: OpenAPI) -> Iterator[tuple[str, str]]:
        """Wherever this route takes an id of a tenant's."""
        yield from (("path", name) for name in self.route.variables if name not in {*WORDS, *SECRETS})
        operation = operation_of(app, self.route.rule, self.route.method)
        yield from (("json", name) for name in id_fields(app, body_schema(app, operation)))
        yield from (("query", name) for name in id_parameters(app, operation))
        yield from (("form_ids", name) for name in sorted(names_in_form(self.route.endpoint)))


def names_of(app: OpenAPI, route: Route) -> set[str]:
    """Whatever must be made for a request of this route."""
    needed = body_schema(app, operation_of(app, route.rule, route.method))
    in_body = {name for name in id_fields(app, needed) if name in needed.get("required", [])}
    return {*route.variables, *in_body, *names_in_form(route.endpoint), *OF_ENDPOINT.get(route.endpoint, {})}


def request_of(
    app: OpenAPI, route: Route, *, admin: Actor, user: Actor | None = None, owner: UUID | None = None
) -> Request:
    """A request that only who asks can be wrong with, about things just made in the admin's tenant."""
    ids = make_things(route.endpoint, names_of(app, route), admin=admin, user=user, owner=owner)
    schema = body_schema(app, operation_of(app, route.rule, route.method))
    if route.endpoint in BODIES:
        body = BODIES[route.endpoint](ids)
    else:
        body = least_of(app, schema, ids) if schema else sent_by_others(route.endpoint)
    return Request(route=route, path=ids, json=body, form_ids=ids)


class Asker:
    """Somebody who asks, with a session or with a key; `actor` is what the services call them."""

    def __init__(self, client: FlaskClient, headers: Mapping[str, str], actor: Actor | None) -> None:
        self.client = client
        self.headers = {**FROM_OUTSIDE, **headers}
        self.actor = actor

    def __call__(self, request: Request, *, method: str | None = None, path: str | None = None) -> Any:
        """The answer; `method` and `path` instead of the route's own."""
        route = request.route
        kwargs: dict[str, Any] = {}
        if request.json is not None:
            kwargs = {"data": json.dumps(request.json), "content_type": "application/json"}
        elif (method or route.method) != "GET" and (form := form_of(route.endpoint, request.form_ids)):
            kwargs = {"data": form}
        return self.client.open(
            path or route.path(request.path),
            method=method or route.method,
            headers=self.headers,
            query_string=request.query or None,
            buffered=True,
            **kwargs,
        )


class Askers:
    """All callers, at the pages and at the APIs."""

    def __init__(self, app: OpenAPI, people: People) -> None:
        self.app = app
        self.people = people
        roles = {Caller.INGEST: people.ada, Caller.REP: people.ada, Caller.MANAGER: people.ada}
        keys = {caller: api_key(actor, caller.value) for caller, actor in roles.items()}
        keys |= {Caller.ADMIN: api_key(people.ada), Caller.STRANGER: api_key(people.charlie), Caller.NOBODY: {}}
        self.programs = {caller: Asker(app.test_client(), key, actor_behind(key)) for caller, key in keys.items()}
        self._persons = {
            Caller.REP: people.alice, Caller.MANAGER: people.mona, Caller.ADMIN: people.ada,
            Caller.STRANGER: people.charlie,
        }  # fmt: skip
        self.browsers = {caller: self._browser(caller) for caller in (Caller.NOBODY, *self._persons)}

    def at(self, route: Route) -> Mapping[Caller, Asker]:
        """Who can ask this route at all."""
        if route.is_api:
            return self.programs
        if route.endpoint in ENDS_SESSION:
            return {caller: self._browser(caller) for caller in self.browsers}
        return self.browsers

    def _browser(self, caller: Caller) -> Asker:
        client, actor = self.app.test_client(), self._persons.get(caller)
        token = SignedIn(client, actor.email).token if actor else csrf_of(client.get("/login").get_data(as_text=True))
        return Asker(client, {"X-CSRFToken": token}, actor)


def actor_behind(headers: Mapping[str, str]) -> Actor | None:
    """Whom the services take a key for."""
    key = PresentedKey.of(headers.get("Authorization", "").removeprefix("Bearer "))
    return actor_of_key(key, request_id="") if key else None


def said(answer: Any, *ids: str) -> tuple[int, dict[str, str], str]:
    """An answer without what is new in each one, and without the ids that were asked for."""

    def masked(text: str) -> str:
        for each in ids:
            text = text.replace(each, "ID").replace(UUID(each).hex, "ID") if _is_id(each) else text
        return OF_EACH_ANSWER.sub("", text)

    headers = {name.lower(): masked(value) for name, value in answer.headers.items()}
    kept = {name: value for name, value in headers.items() if name not in OF_EACH_HEADER}
    return answer.status_code, kept, masked(answer.get_data(as_text=True))


def _is_id(text: str) -> bool:
    return len(text) == len(str(UUID(int=0))) and text.count("-") == 4
