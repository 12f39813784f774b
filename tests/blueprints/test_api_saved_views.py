"""Saved views over the API: whose they are, what they may hold, and that they go and come back."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.blueprints.programs import NOBODY, Api, data, refused
from tests.people import People, api_key

VIEWS = "/api/v1/saved-views"
WORDS = {"owner": "none", "status": "open", "value_from": "12k", "sort": "-value", "columns": "name,value,tags"}


def save(api: Api, **sent: Any) -> dict[str, Any]:
    return data(api("POST", VIEWS, {"name": "Big ones", "page": "deals", "words": WORDS} | sent), 201)


def test_views_are_saved_changed_and_listed_by_name(api: Api) -> None:
    big = save(api)
    assert (big["name"], big["words"], big["shared"], big["is_own"]) == ("Big ones", WORDS, False, True)
    assert big["owner"] == "API key test"
    closed = save(api, name="all closed", page="board", words={"closed": "all", "pipeline": NOBODY, "q": " "})
    assert closed["words"] == {"closed": "all", "pipeline": NOBODY}
    assert data(api("GET", VIEWS)) == [closed, big]
    assert data(api("GET", f"{VIEWS}?page=deals")) == [big]
    changed = data(api("PATCH", f"{VIEWS}/{big['id']}", {"name": "Bigger", "words": {"tag": "big"}, "shared": True}))
    assert (changed["name"], changed["words"], changed["shared"]) == ("Bigger", {"tag": "big"}, True)
    assert data(api("PATCH", f"{VIEWS}/{big['id']}", {}))["name"] == "Bigger"


def test_a_name_is_taken_once_for_a_page(api: Api) -> None:
    big = save(api)
    refused(api("POST", VIEWS, {"name": " big ONES ", "page": "deals"}), 409, "ALREADY_EXISTS")
    save(api, page="board", words={})
    assert api("DELETE", f"{VIEWS}/{big['id']}").status_code == 204
    refused(api("DELETE", f"{VIEWS}/{big['id']}"), 404, "NOT_FOUND")
    other = save(api)
    refused(api("POST", f"{VIEWS}/{big['id']}/restore"), 409, "ALREADY_EXISTS")
    data(api("PATCH", f"{VIEWS}/{other['id']}", {"name": "Other"}))
    assert data(api("POST", f"{VIEWS}/{big['id']}/restore"))["words"] == WORDS


@pytest.mark.parametrize(
    ("page", "word", "text"),
    [
        ("deals", "closed", "all"),
        ("board", "stage", "lead"),
        ("board", "columns", "name"),
        ("deals", "price", "1"),
        ("deals", "after", "x"),
        ("deals", "status", "half"),
        ("deals", "owner", "somebody"),
        ("deals", "pipeline", "Sales"),
        ("deals", "close", "someday"),
        ("deals", "sort", "luck"),
        ("deals", "value_from", "much"),
        ("deals", "columns", "name,price"),
        ("board", "closed", "some"),
        ("deals", "q", "x" * 501),
    ],
)
def test_a_view_cannot_hold_what_its_page_would_not_read(api: Api, page: str, word: str, text: str) -> None:
    sent = {"name": "x", "page": page, "words": {word: text}}
    refused(api("POST", VIEWS, sent), 400, "VALIDATION_FAILED", f"words.{word}")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"page": "deals"}, "name"),
        ({"name": " ", "page": "deals"}, "name"),
        ({"name": "x" * 101, "page": "deals"}, "name"),
        ({"name": "x", "page": "leads"}, "page"),
        ({"name": "x", "page": "deals", "shared": "maybe"}, "shared"),
        ({"name": "x", "page": "deals", "colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_named(api: Api, sent: dict[str, Any], field: str) -> None:
    refused(api("POST", VIEWS, sent), 400, "VALIDATION_FAILED", field)


def test_others_see_what_is_shared_and_managers_change_it(
    api: Api, stranger: Api, client: FlaskClient, people: People
) -> None:
    rep, manager = (Api(client, api_key(people.ada, role=role)) for role in ("rep", "manager"))
    own, shared = save(api), save(api, name="For all", shared=True)
    for who in (rep, manager):
        assert [(each["id"], each["is_own"]) for each in data(who("GET", VIEWS))] == [(shared["id"], False)]
        refused(who("PATCH", f"{VIEWS}/{own['id']}", {"name": "x"}), 404, "NOT_FOUND")
    refused(rep("PATCH", f"{VIEWS}/{shared['id']}", {"name": "x"}), 403, "FORBIDDEN")
    refused(rep("DELETE", f"{VIEWS}/{shared['id']}"), 403, "FORBIDDEN")
    assert data(manager("PATCH", f"{VIEWS}/{shared['id']}", {"name": "For us all"}))["name"] == "For us all"
    assert data(stranger("GET", VIEWS)) == []
    for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/restore")):
        sent = {"name": "x"} if method == "PATCH" else None
        refused(stranger(method, f"{VIEWS}/{shared['id']}{path}", sent), 404, "NOT_FOUND")
