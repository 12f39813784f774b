"""Who is it? The one question before a tenant is known, asked before every request: so straight through the driver.

The same question through SQLAlchemy's layers took four times as long, and as much as the answer to many a request.
"""

from __future__ import annotations

import logging
from collections import namedtuple
from collections.abc import Callable
from typing import Any, LiteralString

import psycopg
from sqlalchemy import exc

from deals_app.domain.errors import Unavailable
from deals_app.extensions import db

log = logging.getLogger(__name__)


def look_up(statement: LiteralString, *values: object) -> Any | None:
    """The one row of a look-up function (migrations/versions/0001), or None; raises Unavailable.

    One round trip on a pooled connection, in a transaction of its own. A connection that the server has closed
    meanwhile is only found out by asking: then the whole pool is new, and it is asked again, once.
    """
    try:
        try:
            return _ask(statement, values)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            db.engine.dispose()
            return _ask(statement, values)
    except (psycopg.OperationalError, psycopg.InterfaceError, exc.TimeoutError) as error:
        log.warning("database not reachable: %s", error)
        message = "The database is not available right now; please try again in a moment"
        raise Unavailable(message) from error


_rows: dict[str, Callable[..., Any]] = {}


def _row_of(statement: str, cursor: psycopg.Cursor[Any]) -> Callable[..., Any]:
    """The named tuple of a look-up's columns; psycopg would work it out for each answer."""
    if statement not in _rows:
        _rows[statement] = namedtuple("Row", [column.name for column in cursor.description or ()])  # type: ignore[misc] # noqa: PYI024 (named at run time)
    return _rows[statement]


def _ask(statement: LiteralString, values: tuple[object, ...]) -> Any | None:
    pooled = db.engine.raw_connection()
    try:
        connection: psycopg.Connection[Any] = pooled.driver_connection  # type: ignore[assignment] (SQLAlchemy says Any)
        connection.autocommit = True
        try:
            cursor = connection.execute(statement, values)
            found = cursor.fetchone()
            return None if found is None else _row_of(statement, cursor)(*found)
        finally:
            if connection.closed:
                pooled.invalidate()
            else:
                connection.autocommit = False
    finally:
        pooled.close()
