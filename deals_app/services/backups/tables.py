"""The tables as PostgreSQL's catalogue has them: a backup may be older than the models."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import psycopg
from psycopg import sql

Driver = psycopg.Connection[tuple[Any, ...]]

_TABLES = """
SELECT c.relname,
       (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
       (SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum))
        FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
        WHERE i.indrelid = c.oid AND i.indisprimary),
       c.relforcerowsecurity,
       ARRAY(SELECT DISTINCT k.confrelid::regclass::text FROM pg_constraint k
             WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid)
FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'alembic_version'
ORDER BY c.relname
"""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table: its stored columns, its primary key, and whether row security binds its owner."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    is_walled: bool

    @property
    def has_tenant(self) -> bool:
        """Whether its rows belong to tenants."""
        return "tenant_id" in self.columns

    @property
    def names(self) -> dict[str, sql.Composable]:
        """For statements."""
        return {
            "table": sql.Identifier(self.name),
            "columns": sql.SQL(", ").join(map(sql.Identifier, self.columns)),
            "key": sql.SQL(", ").join(map(sql.Identifier, self.key)),
        }


def tables_in_order(driver: Driver) -> list[Table]:
    """Every table after those that it refers to."""
    found: dict[str, Table] = {}
    refers_to: dict[str, list[str]] = {}
    for name, columns, key, is_walled, others in driver.execute(_TABLES):
        found[name] = Table(name=name, columns=tuple(columns), key=tuple(key), is_walled=is_walled)
        refers_to[name] = others
    return [found[name] for name in TopologicalSorter(refers_to).static_order()]


def write_alike(driver: Driver) -> None:
    """Values as text must not depend on who asks: the same rows have the same hash on every server."""
    driver.execute(
        "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres';"
        "SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL client_encoding = 'UTF8'"
    )
