"""Engines for the tests: a PostgreSQL and a Valkey per test process, and fresh databases made from a template."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from deals_app.embedded.home import open_home, remove_socket_directory
from deals_app.embedded.postgres import EmbeddedPostgres
from deals_app.embedded.redis import EmbeddedRedis
from deals_app.services import schema
from deals_app.settings import Settings, settings_from_environment

TEMPLATE = "deals_template"


class TestEngines:
    """Both engines, running."""

    __test__ = False

    def __init__(self, postgres: EmbeddedPostgres, redis: EmbeddedRedis, data_dir: Path) -> None:
        self.postgres = postgres
        self.redis = redis
        self.data_dir = data_dir
        self._databases = 0

    def empty_database(self) -> str:
        """The name of a new database without a schema, owned by the schema's owner."""
        return self._create("OWNER deals_owner")

    def database(self) -> str:
        """The name of a new database with the newest schema; a file copy, some 50 ms."""
        return self._create(f"TEMPLATE {TEMPLATE} OWNER deals_owner")

    def settings(self, database: str, **changes: str) -> Settings:
        """Settings over one database and a Redis database of its own."""
        return settings_from_environment(
            {
                "DATABASE_URL": self.postgres.url("deals_app", database),
                "DATABASE_ADMIN_URL": self.postgres.url("deals_owner", database),
                "REDIS_URL": self.redis.url(self._databases % 16),
                "DEALS_DATA_DIR": str(self.data_dir / "app"),
                "SECRET_KEY": "for-tests-only-" * 4,
                "ASSETS": "local",
                **changes,
            }
        )

    def _create(self, how: str) -> str:
        self._databases += 1
        name = f"deals_{self._databases}"
        with psycopg.connect(self.postgres.conninfo(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), sql.SQL(how)))  # pyright: ignore[reportArgumentType]
        return name

    def make_template(self) -> None:
        """Migrate once; every other database is a copy."""
        with psycopg.connect(self.postgres.conninfo(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {TEMPLATE} OWNER deals_owner")
        schema.upgrade(self.settings(TEMPLATE))


@contextmanager
def running_engines(data_dir: Path) -> Iterator[TestEngines]:
    """Start both in a directory of their own; stop them at the end."""
    home = open_home(data_dir)
    postgres, redis = EmbeddedPostgres(home), EmbeddedRedis(home)
    postgres.start()
    try:
        redis.start()
        try:
            engines = TestEngines(postgres, redis, data_dir)
            engines.make_template()
            yield engines
        finally:
            redis.stop()
    finally:
        postgres.stop()
        remove_socket_directory(home)
