"""Every id that a route takes: another tenant's is as good as one that never was; what is no id breaks nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID, uuid4

import pytest
from flask import Blueprint
from flask_openapi3 import OpenAPI

from deals_app.domain.actor import Actor
from tests.conftest import application
from tests.engines import TestEngines
from tests.matrix.asking import Asker, Askers, Request, request_of, routes_of, said
from tests.matrix.conftest import Fingerprint
from tests.matrix.rights import OF_BLUEPRINT, ROLES, Caller, May, rule_of
from tests.matrix.things import WORDS, make_things
from tests.people import People, make_people

NAUGHTY = (
    "0", "not-a-uuid", "%00", "a%00b", "%ff", "%ed%a0%80", "%F0%9F%92%A9", "..%2f", "..%2f..%2fetc%2fpasswd", "%2e%2e",
    "%7B01900000-0000-7000-8000-000000000000%7D", "01900000000070008000000000000000", "null", "-1", "'", "%25",
    "%0d%0a", "x" * 5000, "%F0%9D%9F%98" * 500,
)  # fmt: skip
OURS = (Caller.NOBODY, Caller.INGEST, Caller.REP, Caller.MANAGER, Caller.ADMIN)
THEIRS = (Caller.STRANGER,)
# Where a word about what is not there is told on the page one is sent back to.
NOT_THERE = {404, 303}


Said = tuple[int, dict[str, str], str]


def told(ask: Asker, request: Request, *ids: str) -> tuple[Said, Said | None]:
    """What somebody is told, on the page they are sent back to as well."""
    answer = ask(request)
    shown = said(ask.client.get("/settings/profile"), *ids) if answer.status_code == 303 else None
    return said(answer, *ids), shown


def prepared(app: OpenAPI, admin: Actor, other: Actor, prefix: str = "/") -> list[tuple[Request, str, str, str]]:
    """A request for each place where a route takes an id, the place, its name, and the other tenant's id for it."""
    found: list[tuple[Request, str, str, str]] = []
    for route in routes_of(app):
        if not route.rule.startswith(prefix):
            continue
        own = request_of(app, route, admin=admin)
        for place, name in own.places(app):
            theirs = make_things(route.endpoint, {*route.variables, name}, admin=other)
            found.append((own, place, name, theirs[name]))
    return found


def differing(askers: Askers, who: Iterable[Caller], asked: list[tuple[Request, str, str, str]]) -> Iterator[str]:
    """Where these callers could tell the other tenant's id from one of nothing, or found something."""
    for own, place, name, foreign in asked:
        route, random = own.route, str(uuid4())
        for caller, ask in askers.at(route).items():
            if caller not in who:
                continue
            as_foreign, as_random = (told(ask, own.with_id(place, name, each), each) for each in (foreign, random))
            if as_foreign != as_random:
                yield f"{caller} {route} {place} {name}: {as_foreign} and {as_random}"
            role = Caller.ADMIN if caller is Caller.STRANGER else caller
            if place == "path" and role in ROLES[rule_of(route.endpoint)] and as_random[0][0] not in NOT_THERE:
                yield f"{caller} {route} {place} {name}: {as_random[0][0]}"


@pytest.mark.parametrize("who", [OURS, THEIRS], ids=["ours of theirs", "theirs of ours"])
def test_another_tenants_id_is_as_good_as_none(
    app: OpenAPI, people: People, askers: Askers, fingerprint: Fingerprint, who: tuple[Caller, ...]
) -> None:
    admin, other = (people.ada, people.charlie) if who is OURS else (people.charlie, people.ada)
    asked = prepared(app, admin, other)
    assert len(asked) > 60
    before = fingerprint(other)
    wrong = list(differing(askers, who, asked))
    assert not wrong, "\n".join(wrong)
    assert fingerprint(other) == before


def test_what_is_no_id_is_a_404(app: OpenAPI, people: People, askers: Askers) -> None:
    wrong: list[str] = []
    for route in routes_of(app):
        if not route.variables:
            continue
        own = request_of(app, route, admin=people.ada)
        ask = askers.at(route)[Caller.ADMIN]
        for name in route.variables:
            for naughty in NAUGHTY:
                status = ask(own.with_id("path", name, naughty)).status_code
                if status >= 500 or (name not in WORDS and status not in {*NOT_THERE, 308, 405, 422}):
                    wrong.append(f"{route} {name}={naughty[:40]}: {status}")
    assert not wrong, "\n".join(wrong)


def test_an_id_in_capitals_is_the_same_id(app: OpenAPI, people: People, askers: Askers) -> None:
    routes = [route for route in routes_of(app) if route.method == "GET" and set(route.variables) - set(WORDS)]
    assert len(routes) > 10
    for route in routes:
        own = request_of(app, route, admin=people.ada)
        ask = askers.at(route)[Caller.ADMIN]
        name = next(name for name in route.variables if name not in WORDS)
        assert ask(own.with_id("path", name, own.path[name].upper())).status_code == ask(own).status_code == 200, route


def test_a_route_that_shows_anybodys_thing_is_seen(engines: TestEngines, monkeypatch: pytest.MonkeyPatch) -> None:
    """The route of a careless person: it finds what exists, whosever it is."""
    careless = Blueprint("careless", __name__)

    @careless.get("/careless/<uuid:deal_id>")
    def show(deal_id: UUID) -> tuple[str, int]:
        return ("Here it is", 200) if deal_id in made else ("Nothing", 404)

    monkeypatch.setitem(OF_BLUEPRINT, "careless", May.ANYBODY)
    with application(engines) as planted:
        planted.register_blueprint(careless)
        people = make_people()
        asked = prepared(planted, people.ada, people.charlie, "/careless")
        made = {UUID(foreign) for _, _, _, foreign in asked}
        found = list(differing(Askers(planted, people), [Caller.ADMIN], asked))
    assert len(found) == len(asked) == 1
    assert "careless" in found[0]
