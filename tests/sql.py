"""Plain connections beside the application's own: as the application's role, the schema's owner or a superuser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg

from deals_app.extensions import db
from tests.engines import TestEngines

Connection = psycopg.Connection[tuple[Any, ...]]
APPLICATION, OWNER, SUPERUSER = "deals_app", "deals_owner", "postgres"


@contextmanager
def connected(
    engines: TestEngines, role: str, *, database: str | None = None, tenant: UUID | None = None
) -> Iterator[Connection]:
    """A connection to the current application's database (or `database`); it commits each statement by itself."""
    name = database or str(db.engine.url.database)
    with psycopg.connect(engines.postgres.conninfo(role, name), autocommit=True) as connection:
        if tenant is not None:
            connection.execute("SELECT set_config('app.tenant_id', %s, false)", [str(tenant)])
        yield connection


def one(connection: Connection, statement: str, *values: object) -> Any:
    """The first column of the first row."""
    row = connection.execute(statement, values).fetchone()  # pyright: ignore[reportArgumentType]
    return None if row is None else row[0]
