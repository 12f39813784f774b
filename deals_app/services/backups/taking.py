"""Taking a backup: every table of every tenant, at one moment, while the product runs.

It works as the owner of the schema, whom row security binds too, so it walks from tenant to tenant and needs no
superuser.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import IO
from uuid import UUID

from psycopg import sql
from sqlalchemy import create_engine

from deals_app.domain.errors import Unavailable
from deals_app.services import schema
from deals_app.services.backups.archive import MANIFEST, SECRET_KEY, Manifest, new_archive, write_table
from deals_app.services.backups.tables import Driver, Table, tables_in_order, write_alike
from deals_app.services.straight import driver_of
from deals_app.services.unit_of_work import database_errors
from deals_app.settings import Settings, kept_secret_key

_HIGHEST = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
_ALL = "COPY (SELECT {columns} FROM {table} ORDER BY {key}) TO STDOUT"
_OF_TENANT = "COPY (SELECT {columns} FROM {table} WHERE tenant_id = {tenant} ORDER BY {key}) TO STDOUT"


def take_backup(settings: Settings, out: IO[bytes]) -> Manifest:
    """Write everything to `out`, as it is at this moment; raises Unavailable where there is nothing to write."""
    engine = create_engine(settings.database_admin_url, isolation_level="REPEATABLE READ")
    key = kept_secret_key(settings)
    try:
        with database_errors(), engine.connect() as connection, connection.begin(), closing(new_archive(out)) as file:
            revision = schema.revision_over(connection)
            if revision is None:
                message = "There is nothing to back up: this database has no schema"
                raise Unavailable(message)
            driver = driver_of(connection)
            write_alike(driver)
            tenants = [row[0] for row in driver.execute("SELECT id FROM tenants ORDER BY id")]
            [highest] = driver.execute(_HIGHEST).fetchone() or [0]
            tables = tuple(
                write_table(file, table.name, table.columns, _rows(driver, table, tenants))
                for table in tables_in_order(driver)
            )
            if key is not None:
                file.writestr(SECRET_KEY, key)
            manifest = Manifest(
                revision=revision,
                taken_at=datetime.now(UTC),
                highest_transaction=highest,
                tables=tables,
                secret_key_sha256=None if key is None else hashlib.sha256(key.encode()).hexdigest(),
            )
            file.writestr(MANIFEST, manifest.model_dump_json(indent=1))
    finally:
        engine.dispose()
    return manifest


def _rows(driver: Driver, table: Table, tenants: Sequence[UUID]) -> Iterator[bytes]:
    """A table in its key's order, which begins with the tenant."""
    if not table.has_tenant:
        yield from _copied(driver, sql.SQL(_ALL).format(**table.names))
        return
    for tenant in tenants:
        driver.execute("SELECT set_config('app.tenant_id', %s, true)", [str(tenant)])
        yield from _copied(driver, sql.SQL(_OF_TENANT).format(tenant=sql.Literal(tenant), **table.names))


def _copied(driver: Driver, statement: sql.Composed) -> Iterator[bytes]:
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        yield from map(bytes, copy)
