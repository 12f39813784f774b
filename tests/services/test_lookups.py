"""Who is it? Asked before everything else, so a connection that died meanwhile must cost nobody an answer."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import text

from deals_app import extensions
from deals_app.domain.errors import Unavailable
from deals_app.extensions import db
from deals_app.services.api_keys import PresentedKey, actor_of_key, create_api_key
from deals_app.services.unit_of_work import reading
from tests.engines import TestEngines
from tests.people import People
from tests.sql import SUPERUSER, connected


@pytest.fixture
def key(people: People) -> PresentedKey:
    found = PresentedKey.of(create_api_key(people.ada, name="robot", role="manager").key)
    assert found is not None
    return found


def end_connections(engines: TestEngines) -> int:
    """As a restart of the server does; how many there were."""
    with connected(engines, SUPERUSER, database="postgres") as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [db.engine.url.database]
        )
        return ended.rowcount


def test_a_key_stands_for_its_actor(people: People, key: PresentedKey) -> None:
    found = actor_of_key(key, request_id="r")
    assert found is not None
    assert (found.tenant_id, found.role, found.door, found.request_id) == (people.tenant_id, "manager", "api", "r")


@pytest.mark.parametrize("text", ["", "dk", "dk_", "xx_abc_def", "dk_a\x00b_c", "dk_ä_c", "dk_ab_c\udce4"])
def test_what_is_no_key_is_nobody(app: Flask, text: str) -> None:
    found = PresentedKey.of(text)
    assert found is None or actor_of_key(found, request_id="") is None


def test_connections_that_died_in_the_pool_are_replaced(
    key: PresentedKey, people: People, engines: TestEngines
) -> None:
    assert end_connections(engines) > 0
    assert actor_of_key(key, request_id="") is not None
    with reading(people.alice) as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_a_connection_that_rested_is_asked_before_it_is_used(
    people: People, engines: TestEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert end_connections(engines) > 0
    later = time.monotonic() + extensions.TRUSTED_SECONDS
    monkeypatch.setattr(extensions, "time", SimpleNamespace(monotonic=lambda: later))
    with reading(people.alice) as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_a_database_that_is_away_is_unavailable(key: PresentedKey, engines: TestEngines) -> None:
    name = str(db.engine.url.database)
    with connected(engines, SUPERUSER, database="postgres") as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")  # pyright: ignore[reportCallIssue, reportArgumentType]
        db.engine.dispose()
        with pytest.raises(Unavailable):
            actor_of_key(key, request_id="")
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")  # pyright: ignore[reportCallIssue, reportArgumentType]
    assert actor_of_key(key, request_id="") is not None
