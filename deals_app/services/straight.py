"""Statements of the hottest paths: written like any other, compiled once, run straight through the driver.

What SQLAlchemy does around each execution (events, result metadata, processors) took four times as long as the round
trip itself. Transactions, row security and types are the same: it is the same connection, and psycopg adapts values.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any, cast

import psycopg
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import SelectBase

_DIALECT = PGDialect_psycopg()


class Straight:
    """A statement with named `bindparam`s. Values are what psycopg adapts by itself: no enums, no bare dicts."""

    def __init__(self, statement: SelectBase | UpdateBase) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        self._sql = str(compiled).encode()
        self._given = {name: value for name, value in compiled.params.items() if value is not None}
        self._row = namedtuple("Row", [column.key for column in statement.exported_columns])  # type: ignore[misc] # noqa: PYI024 (named at run time)

    def rows(self, through: Connection | Session, **values: object) -> list[Any]:
        """Every row, as a named tuple."""
        return [*map(self._row._make, self._executed(through, values).fetchall())]

    def one_or_none(self, through: Connection | Session, **values: object) -> Any:
        """The row of a statement that has one at most, or None."""
        found = self._executed(through, values).fetchone()
        return None if found is None else self._row._make(found)

    def _executed(self, through: Connection | Session, values: dict[str, object]) -> psycopg.Cursor[tuple[Any, ...]]:
        return driver_of(through).execute(self._sql, self._given | values)


def driver_of(through: Connection | Session) -> psycopg.Connection[tuple[Any, ...]]:
    """The psycopg connection below an open transaction."""
    connection = through.connection() if isinstance(through, Session) else through
    return cast("psycopg.Connection[tuple[Any, ...]]", connection.connection.driver_connection)
