"""What the database is asked, heard at the driver: whatever asks, by SQLAlchemy or straight, is heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg


@contextmanager
def heard(hear: Callable[[str], None]) -> Iterator[None]:
    """Every statement of this process goes to `hear` before it runs."""
    execute, executemany = psycopg.Cursor.execute, psycopg.Cursor.executemany

    def hears(original: Any) -> Any:
        def asked(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
            hear(query.decode() if isinstance(query, bytes) else str(query))
            return original(cursor, query, *args, **kwargs)

        return asked

    with (
        patch.object(psycopg.Cursor, "execute", hears(execute)),
        patch.object(psycopg.Cursor, "executemany", hears(executemany)),
    ):
        yield
