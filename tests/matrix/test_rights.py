"""Every route × every caller: who may is let in, who may not is told so in the right words, and changes nothing."""

from __future__ import annotations

import pytest
from flask_openapi3 import OpenAPI

from tests.matrix.asking import Askers, Route, request_of, routes_of
from tests.matrix.conftest import Fingerprint
from tests.matrix.rights import ROLES, TELL_ON_THE_PAGE, Caller, May, rule_of
from tests.people import People

DONE = {200, 201, 202, 204, 302, 303}
# A door that is open, and nothing behind it that could be given.
NOTHING_THERE = {
    "auth.log_in": 422, "public_forms.form": 404, "public_forms.send": 404, "vendor_webhooks.take_message": 404,
}  # fmt: skip


def is_refusal(route: Route, caller: Caller, status: int, location: str) -> bool:
    """Whether a status says in the right way that this caller may not use this route."""
    if rule_of(route.endpoint) is May.OPERATOR:
        return status == 403
    if caller is Caller.NOBODY:
        return status == 401 if route.is_api else status == 303 and location.startswith("/login")
    if route.endpoint in TELL_ON_THE_PAGE:
        return status in {403, 303, 422}
    return status == 403


def test_every_route_has_its_rule(app: OpenAPI) -> None:
    assert len({route: rule_of(route.endpoint) for route in routes_of(app)}) > 100


def test_a_route_without_a_rule_is_seen() -> None:
    with pytest.raises(LookupError, match=r"OF_ENDPOINT in tests/matrix/rights\.py"):
        rule_of("payments.refund")


def test_who_may_not_is_told_so_and_changes_nothing(
    app: OpenAPI, people: People, askers: Askers, fingerprint: Fingerprint
) -> None:
    asked = [(route, request_of(app, route, admin=people.ada)) for route in routes_of(app)]
    before = fingerprint()
    wrong: list[str] = []
    for route, request in asked:
        for caller, ask in askers.at(route).items():
            if caller in ROLES[rule_of(route.endpoint)] or caller is Caller.STRANGER:
                continue
            answer = ask(request)
            if not is_refusal(route, caller, answer.status_code, answer.headers.get("Location", "")):
                wrong.append(f"{caller} {route}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert fingerprint() == before


def test_who_may_does(app: OpenAPI, people: People, askers: Askers) -> None:
    wrong: list[str] = []
    for route in routes_of(app):
        for caller, ask in askers.at(route).items():
            if caller not in ROLES[rule_of(route.endpoint)]:
                continue
            request = request_of(app, route, admin=people.ada, user=ask.actor)
            answer = ask(request)
            expected = {NOTHING_THERE[route.endpoint]} if route.endpoint in NOTHING_THERE else DONE
            if answer.status_code not in expected:
                wrong.append(f"{caller} {route}: {answer.status_code} {answer.get_data(as_text=True)[:300]}")
    assert not wrong, "\n".join(wrong)


def test_reps_leave_the_deals_of_others_alone(
    app: OpenAPI, people: People, askers: Askers, fingerprint: Fingerprint
) -> None:
    routes = [route for route in routes_of(app) if rule_of(route.endpoint) is May.OWNERS]
    bobs = [(route, request_of(app, route, admin=people.ada, owner=people.bob.user_id)) for route in routes]
    assert len(bobs) > 10
    before = fingerprint()
    found = {str(route): askers.at(route)[Caller.REP](request) for route, request in bobs}
    wrong = {
        str(route): found[str(route)].status_code
        for route in routes
        if not is_refusal(route, Caller.REP, found[str(route)].status_code, "")
    }
    assert wrong == {}
    assert fingerprint() == before
