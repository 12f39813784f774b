"""Fixtures of every room: engines once per process, a fresh database per test, an application over it, its people."""

from __future__ import annotations

import contextvars
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from deals_app.app import create_app
from deals_app.extensions import db, redis
from tests.engines import TestEngines, running_engines
from tests.people import PASSWORD, People, make_people

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestEngines]:
    with running_engines(tmp_path_factory.mktemp("engines")) as running:
        yield running


@pytest.fixture
def app(engines: TestEngines) -> Iterator[Flask]:
    """An application over a database of its own, inside its context."""
    with application(engines) as made:
        yield made


@pytest.fixture
def people(app: Flask) -> People:
    return make_people()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


class OutsideClient(FlaskClient):
    """A browser does not live in the test's application context: requests there would share `g`, user and token."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        return contextvars.Context().run(super().open, *args, **kwargs)


class SignedIn:
    """A browser without JavaScript: forms carry their CSRF token, redirects are not followed."""

    def __init__(self, client: FlaskClient, email: str) -> None:
        self.client = client
        page = client.get("/login").get_data(as_text=True)
        answer = client.post("/login", data={"email": email, "password": PASSWORD, "csrf_token": csrf_of(page)})
        assert answer.status_code == 303, answer.get_data(as_text=True)
        self.token = csrf_of(client.get("/settings/profile").get_data(as_text=True))

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.client.get(path, **kwargs)

    def post(self, path: str, data: dict[str, Any] | None = None, **kwargs: Any) -> Any:
        return self.client.post(path, data={"csrf_token": self.token, **(data or {})}, **kwargs)

    def hx_post(self, path: str, data: dict[str, Any] | None = None) -> Any:
        """As htmx posts: the token in a header."""
        headers = {"HX-Request": "true", "X-CSRFToken": self.token}
        return self.client.post(path, data=data or {}, headers=headers)


@pytest.fixture
def sign_in(app: Flask, people: People) -> Any:
    """`sign_in("alice")` gives a signed-in browser of her own."""
    return lambda name: SignedIn(app.test_client(), people.email(name))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real exports; tests that need it are left out where it is absent, and the summary says so."""
    folder = (REPOSITORY / os.environ.get("DEALS_TEST_DATA", "../shared/data")).resolve()
    if not (folder / "csv_crm").is_dir():
        pytest.skip(f"needs the real exports in {folder}; DEALS_TEST_DATA names another folder")
    return folder


@pytest.fixture(scope="session")
def crm(real_data: Path) -> Path:
    """The exports of CRM systems."""
    return real_data / "csv_crm"


@pytest.fixture(scope="session")
def expected(crm: Path) -> dict[str, Any]:
    """What is known about each of them."""
    return json.loads((crm / "EXPECTED.json").read_text())


def csrf_of(page: str) -> str:
    """The CSRF token in a page's first form."""
    _, _, rest = page.partition('name="csrf_token"')
    _, _, rest = rest.partition('value="')
    return rest.partition('"')[0]


def application(engines: TestEngines) -> Any:
    """A context manager: an application over a new database; its connections are closed at the end."""
    return _Application(engines)


class _Application:
    def __init__(self, engines: TestEngines) -> None:
        self.app = create_app(engines.settings(engines.database()))
        # A run has more tests than Redis has databases: what the last one left (queues, counted attempts) is not ours.
        redis.client.flushdb()
        self.app.testing = True
        self.app.test_client_class = OutsideClient
        self.context = self.app.app_context()

    def __enter__(self) -> Flask:
        self.context.push()
        return self.app

    def __exit__(self, *_: object) -> None:
        for engine in db.engines.values():
            engine.dispose()
        self.context.pop()
