"""Every verb that a path does not have is a 405 in the right shape; HEAD and OPTIONS give nothing away."""

from __future__ import annotations

from typing import Any

from flask_openapi3 import OpenAPI

from tests.matrix.asking import Askers, request_of, routes_of
from tests.matrix.conftest import Fingerprint
from tests.matrix.rights import Caller
from tests.people import People

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")


def test_a_verb_that_is_not_there_is_a_405(
    app: OpenAPI, people: People, askers: Askers, fingerprint: Fingerprint
) -> None:
    asked = [(route, request_of(app, route, admin=people.ada)) for route in routes_of(app)]
    served = app.url_map.bind("localhost")
    before = fingerprint()
    wrong: list[str] = []
    for route, request in asked:
        path = route.path(request.path).partition("?")[0]
        allowed, ask = set(served.allowed_methods(path)), askers.at(route)
        for method in set(VERBS) - allowed:
            for caller in (Caller.NOBODY, Caller.REP, Caller.ADMIN):
                answer = ask[caller](request, method=method, path=path)
                told = {name.strip() for name in answer.headers.get("Allow", "").split(",")}
                is_right = answer.status_code == 405 and told == allowed
                if path.startswith("/api/"):
                    is_right = is_right and answer.is_json and answer.json["status"] == "error"
                if not is_right:
                    wrong.append(f"{caller} {method} {path}: {answer.status_code} {told}")
    assert not wrong, "\n".join(wrong)
    assert fingerprint() == before


# A browser asks there before it sends a form from another site.
PREFLIGHT = {"api_ingestion.web_form_one": {200, 204}}


def is_refused(answer: Any) -> bool:
    """Without a key an API does not even tell its verbs."""
    return answer.status_code == 401 and answer.is_json


def test_head_is_get_without_its_body_and_options_tells_the_verbs_alone(
    app: OpenAPI, people: People, askers: Askers
) -> None:
    for route in routes_of(app):
        request = request_of(app, route, admin=people.ada)
        everybody = askers.at(route)
        for caller in (Caller.NOBODY, Caller.ADMIN):
            ask = everybody[caller]
            options = ask(request, method="OPTIONS")
            is_told = options.status_code in PREFLIGHT.get(route.endpoint, {200}) and not options.data
            assert is_told or is_refused(options), route
            if route.method == "GET":
                head, got = ask(request, method="HEAD"), ask(request)
                assert (head.status_code, head.data) == (got.status_code, b""), (caller, route)
