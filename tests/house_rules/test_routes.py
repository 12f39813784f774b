"""Every route is in the list with who may use it, and keeps to that when it is asked by nobody in particular."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient

from deals_app.blueprints.web import admins_only, signed_in
from deals_app.extensions import csrf
from tests.conftest import csrf_of
from tests.house_rules.inventory import WHO, Route, listed_routes, served_routes

SignIn = Callable[[str], Any]
ROUTES = listed_routes()
SAFE = {"GET"}


def admitted(client: FlaskClient, route: Route, token: str) -> bool:
    """Whether somebody without a login gets past the door of a route; a POST carries a good CSRF token."""
    headers = {} if route.method in SAFE or route.who == "api-key" else {"X-CSRFToken": token}
    # As a proxy hands it on: loopback itself is the operator.
    headers |= {"X-Forwarded-For": "203.0.113.7"}
    answer = client.open(route.path(), method=route.method, headers=headers)
    to_login = answer.status_code == 303 and answer.headers["Location"].startswith("/login")
    return not (to_login or answer.status_code in {401, 403})


def stranger(app: Flask) -> tuple[FlaskClient, str]:
    """A browser without a login, and its CSRF token."""
    client = app.test_client()
    return client, csrf_of(client.get("/login").get_data(as_text=True))


def unlisted(app: Flask, routes: list[Route]) -> set[tuple[str, str]]:
    """What is served and not listed, or listed and not served."""
    return served_routes(app) ^ {(route.method, route.rule) for route in routes}


def test_the_list_is_the_url_map(app: Flask) -> None:
    assert unlisted(app, ROUTES) == set()
    assert {route.who for route in ROUTES} <= WHO
    assert len(set(map(str, ROUTES))) == len(ROUTES)


def test_a_route_that_is_not_listed_is_seen(app: Flask) -> None:
    assert unlisted(app, ROUTES[1:]) == {(ROUTES[0].method, ROUTES[0].rule)}


def test_only_public_routes_admit_strangers(app: Flask) -> None:
    client, token = stranger(app)
    wrong = [str(route) for route in ROUTES if admitted(client, route, token) != (route.who == "public")]
    assert wrong == []


def test_programs_are_told_401(app: Flask) -> None:
    client = app.test_client()
    asked = {str(r): client.open(r.path(), method=r.method).status_code for r in ROUTES if r.who == "api-key"}
    assert asked
    assert set(asked.values()) == {401}, asked


def test_admin_routes_refuse_other_members(sign_in: SignIn) -> None:
    alice = sign_in("alice")
    for route in ROUTES:
        if route.who == "admin":
            answer = alice.client.open(route.path(), method=route.method, headers={"X-CSRFToken": alice.token})
            assert answer.status_code == 403, str(route)


def test_a_cookie_opens_no_api(sign_in: SignIn) -> None:
    ada = sign_in("ada")
    for route in ROUTES:
        if route.who == "api-key":
            answer = ada.client.open(route.path(), method=route.method)
            assert answer.status_code == 401, str(route)


def test_every_change_through_a_page_needs_a_token(sign_in: SignIn) -> None:
    ada = sign_in("ada")
    changing = [route for route in ROUTES if route.method not in SAFE and route.who != "api-key"]
    assert changing
    for route in changing:
        assert ada.client.open(route.path(), method=route.method).status_code == 400, str(route)


def open_door() -> str:
    """The route of a careless person."""
    return "changed"


def planted(app: Flask, name: str, **routes: Any) -> None:
    """Add routes to an application that has answered nothing yet."""
    blueprint = Blueprint(name, __name__)
    for rule, view in routes.items():
        blueprint.add_url_rule(f"/{rule}", rule, view, methods=["GET", "POST"])
    app.register_blueprint(blueprint)


def test_a_route_without_its_guard_is_seen(app: Flask) -> None:
    planted(app, "careless", open=open_door, closed=signed_in(open_door), admins=admins_only(open_door))
    client, token = stranger(app)
    found = {
        str(route): admitted(client, route, token)
        for rule in ("/open", "/closed", "/admins")
        for route in (Route(method="GET", rule=rule, who="signed-in"), Route(method="POST", rule=rule, who="signed-in"))
    }
    assert [name for name, is_admitted in found.items() if is_admitted] == ["GET /open", "POST /open"]


def test_a_change_without_a_token_is_seen(app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csrf, "_exempt_views", {f"{__name__}.open_door", *csrf._exempt_views})
    planted(app, "careless", exempt=open_door)
    assert sign_in("ada").client.post("/exempt").status_code == 200
