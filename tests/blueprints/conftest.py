"""What the tests of the management API share: programs with keys, and a deal."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.blueprints.programs import Api, made, new_deal_body
from tests.people import People, api_key


@pytest.fixture
def api(client: FlaskClient, people: People) -> Api:
    return Api(client, api_key(people.ada))


@pytest.fixture
def stranger(client: FlaskClient, people: People) -> Api:
    """Another tenant's program."""
    return Api(client, api_key(people.charlie))


@pytest.fixture
def body(people: People) -> dict[str, Any]:
    return new_deal_body(people)


@pytest.fixture
def deal(api: Api, body: dict[str, Any]) -> dict[str, Any]:
    return made(api, body)
