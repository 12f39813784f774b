"""Two tenants with something in every table, and everybody who asks; one for all the tests of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

import pytest
from flask_openapi3 import OpenAPI

from deals_app.domain.actor import Actor
from deals_app.services import rate_limits
from tests.conftest import application
from tests.engines import TestEngines
from tests.filled import fill
from tests.matrix.asking import Askers
from tests.migrations.catalogue import tenant_tables
from tests.people import People, make_people
from tests.sql import SUPERUSER, connected, one

Fingerprint = Callable[..., dict[str, str]]

# Who asks signs in for it, where the request ends the session.
SIGN_INS = "sessions"
# A key's last use is noted, whatever it is used for.
WITHOUT = {"api_keys": " - 'last_used_at' - 'updated_at'"}


@pytest.fixture(scope="module")
def app(engines: TestEngines) -> Iterator[OpenAPI]:
    with application(engines) as made, pytest.MonkeyPatch.context() as patched:
        patched.setattr(rate_limits, "REQUESTS_PER_SECOND", 1_000_000)
        yield cast("OpenAPI", made)


@pytest.fixture(scope="module")
def people(app: OpenAPI) -> People:
    made = make_people()
    fill(made.ada)
    fill(made.charlie)
    return made


@pytest.fixture(scope="module")
def askers(app: OpenAPI, people: People) -> Askers:
    return Askers(app, people)


@pytest.fixture(scope="module")
def fingerprint(app: OpenAPI, people: People, engines: TestEngines) -> Iterator[Fingerprint]:
    """Call it for a hash of the rows in every table, of some tenants or of both."""
    with connected(engines, SUPERUSER) as connection:
        tables = [table for table in tenant_tables(connection) if table != SIGN_INS]

        def taken(*whose: Actor) -> dict[str, str]:
            found: dict[str, str] = {}
            for table in tables:
                row = f"md5((to_jsonb(t){WITHOUT.get(table, '')})::text)"
                statement = f"SELECT md5(string_agg({row}, '' ORDER BY {row})) FROM {table} t WHERE tenant_id = %s"
                for actor in whose or (people.ada, people.charlie):
                    found[f"{table} of {actor.email}"] = str(one(connection, statement, actor.tenant_id))
            return found

        yield taken
