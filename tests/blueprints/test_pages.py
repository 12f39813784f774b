"""Every page answers, to those it is for, behind its headers; nothing in an address is a fault of ours."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from deals_app.extensions import redis
from deals_app.services.deals import NewDeal, create_deal
from tests.conftest import SignedIn, application, csrf_of
from tests.engines import TestEngines
from tests.people import PASSWORD, People, make_people

PAGES = [
    "/", "/deals", "/deals/new", "/ingest", "/ingest?tab=manual", "/ingest?tab=api", "/analytics", "/forecast",
    "/leads", "/customers", "/settings/profile", "/settings/people", "/settings/pipelines", "/settings/keys",
]  # fmt: skip  # fmt: skip


@pytest.fixture(scope="module")
def app(engines: TestEngines) -> Iterator[Flask]:
    """One database for all pages: reading changes nothing."""
    with application(engines) as made:
        redis.client.flushdb()
        yield made


@pytest.fixture(scope="module")
def people(app: Flask) -> People:
    return make_people()


@pytest.fixture(scope="module")
def deal_id(people: People) -> UUID:
    return create_deal(people.alice, NewDeal(name="Rollout", currency="USD", value=1, assigned_to=people.alice.user_id))


@pytest.fixture(scope="module")
def ada(app: Flask, people: People) -> SignedIn:
    return SignedIn(app.test_client(), people.ada.email)


def assert_guarded(answer: Any) -> None:
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["object-src"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers_and_is_guarded(ada: SignedIn, path: str, deal_id: UUID) -> None:
    answer = ada.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    assert answer.headers["Cache-Control"] == "no-store"
    assert_guarded(answer)
    page = answer.get_data(as_text=True)
    assert "<title>" in page
    assert "style=" not in page
    assert " onclick=" not in page


def test_the_pages_of_one_thing_answer_too(ada: SignedIn, deal_id: UUID) -> None:
    upload = ada.post("/ingest", {"file": (io.BytesIO(b"Name,Value\nOne,1\n"), "a.csv")})
    assert upload.status_code == 303
    for path in (f"/deals/{deal_id}", upload.headers["Location"], "/board/Sales Pipeline"):
        answer = ada.get(path)
        assert answer.status_code == 200, path
        assert_guarded(answer)
    settings = ada.get("/settings")
    assert (settings.status_code, settings.headers["Location"]) == (302, "/settings/profile")


@pytest.mark.parametrize("path", ["/login", "/f/nobody", "/nowhere", "/deals/nonsense"])
def test_pages_for_strangers_are_guarded_as_well(client: FlaskClient, people: People, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == (200 if path == "/login" else 404)
    assert_guarded(answer)


@pytest.mark.parametrize("path", [path for path in PAGES if "?" not in path])
def test_no_page_is_for_strangers(client: FlaskClient, people: People, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/login")


@pytest.mark.parametrize(
    "path",
    [
        "/deals?q=%00",
        "/deals?stage=%00",
        "/deals?owner=%00",
        "/deals?after=x",
        "/deals?sort=value&after=NaN~00000000-0000-0000-0000-000000000000",
        "/deals?sort=close&after=2026-13-01~00000000-0000-0000-0000-000000000000",
        "/deals?columns=%00&sort=%00&pipeline=%00&rows=-1&tag=%00",
        "/deals?value_from=%00&value_to=1e999&close=x&status=x&source=%00",
        "/deals/rows?after=x&rows=x&start=%00",
        "/deals?q=%ED%A0%80",
        "/customers?q=%00",
        "/customers?after=~",
        "/board/%00",
        "/forecast?pipeline=%00",
        "/analytics?pipeline=x",
    ],
)
def test_no_query_is_a_fault_of_ours(ada: SignedIn, path: str) -> None:
    assert ada.get(path).status_code in {200, 404, 422}


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        "/%5cevil.example/../..//evil.example",
        "http://[",
    ],
)
def test_next_cannot_leave_the_site(client: FlaskClient, people: People, target: str) -> None:
    token = csrf_of(client.get("/login").get_data(as_text=True))
    form = {"email": people.alice.email, "password": PASSWORD, "csrf_token": token, "next": target}
    answer = client.post("/login", data=form)
    assert answer.status_code == 303, target
    location = answer.headers["Location"]
    assert location.startswith("/"), location
    assert location[1:2] not in {"/", "\\"}, location
