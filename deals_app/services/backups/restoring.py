"""Restoring a backup into an empty instance: all of it in one transaction, or nothing.

The ledger comes back as it was written: no trigger runs, so no event is made anew.
"""

from __future__ import annotations

from pathlib import Path

from psycopg import sql
from sqlalchemy import Connection, Engine, create_engine, text

from deals_app.domain.errors import DealsError
from deals_app.services import schema
from deals_app.services.backups.archive import Backup, BackupRefused, Manifest, TableContent, opened_backup
from deals_app.services.backups.tables import Table, tables_in_order, write_alike
from deals_app.services.straight import driver_of
from deals_app.services.unit_of_work import database_errors
from deals_app.settings import Settings, keep_secret_key, kept_secret_key

_COPY = "COPY {table} ({columns}) FROM STDIN"
# Each COMMIT gives one number away; without waiting for the disk some hundred thousand in a second.
_GIVE_NUMBERS_AWAY = """
DO $$ BEGIN
    WHILE pg_current_xact_id()::text::bigint < {highest} LOOP COMMIT; END LOOP;
END $$
"""


class NotEmpty(DealsError):
    """There is something already that a restore would mix with; nothing was changed."""

    code = "NOT_EMPTY"


def restore_backup(settings: Settings, path: Path) -> Manifest:
    """Everything in the file into the instance, then the schema up to date; raises BackupRefused, NotEmpty.

    The whole file is read and checked before anything is written. The data directory gets the backup's secret key,
    unless SECRET_KEY of the environment is used.
    """
    with opened_backup(path) as backup:
        backup.check()
        manifest = backup.manifest
        if manifest.revision not in schema.known_revisions():
            newest = schema.newest_revision()
            message = f"its schema is {manifest.revision}, this release knows up to {newest}: use the release it is of"
            raise BackupRefused(message)
        engine = create_engine(settings.database_admin_url)
        try:
            with database_errors():
                with engine.connect() as connection:
                    _demand_empty(connection)
                _pass_transaction(engine, manifest.highest_transaction)
                with engine.begin() as connection:
                    _make_room(connection, manifest.revision)
                    _load(connection, backup)
                    schema.upgrade_over(connection)
                    if backup.secret_key is not None and kept_secret_key(settings) is not None:
                        keep_secret_key(settings.data_dir, backup.secret_key)
        finally:
            engine.dispose()
    return manifest


def _demand_empty(connection: Connection) -> None:
    """Every row belongs to a tenant but people and rates, and of these three the owner sees all."""
    for table in ("tenants", "users", "fx_rates"):
        exists = connection.scalar(text("SELECT to_regclass(:name)"), {"name": f"public.{table}"})
        if exists and connection.scalar(text(f"SELECT EXISTS (SELECT 1 FROM {table})")):  # noqa: S608 (names above)
            message = f"This instance is not empty (it has {table}): restore into a new --data-dir or database"
            raise NotEmpty(message)


def _pass_transaction(engine: Engine, highest: int) -> None:
    """The ledger is read in the order of transaction numbers, and whoever follows it remembers one.

    A new server counts from the start again: what it wrote would stand before the restored events, and those would
    count as unsettled. So its numbers are given away until it is past the old ones.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET synchronous_commit = off"))
        connection.execute(text(_GIVE_NUMBERS_AWAY.format(highest=highest)))


def _make_room(connection: Connection, revision: str) -> None:
    """The empty schema that the backup was taken of; whoever works here waits, or is refused."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": schema.MIGRATION_LOCK})
    current = schema.revision_over(connection)
    if current is not None:
        connection.execute(text("LOCK TABLE tenants, users, fx_rates IN ACCESS EXCLUSIVE MODE"))
    _demand_empty(connection)
    if current not in {None, revision}:
        schema.downgrade_over(connection, "base")
    schema.upgrade_over(connection, revision)


def _load(connection: Connection, backup: Backup) -> None:
    tables = tables_in_order(driver_of(connection))
    contents = {content.name: content for content in backup.manifest.tables}
    if {table.name: set(table.columns) for table in tables} != {
        content.name: set(content.columns) for content in backup.manifest.tables
    }:
        message = f"its tables are not those of schema {backup.manifest.revision}"
        raise BackupRefused(message)
    write_alike(driver_of(connection))
    for table in tables:
        _load_table(connection, table, contents[table.name], backup)


def _load_table(connection: Connection, table: Table, content: TableContent, backup: Backup) -> None:
    """The owner may step over its own wall and triggers for as long as nobody else can see the table."""
    driver = driver_of(connection)
    names = table.names | {"columns": sql.SQL(", ").join(map(sql.Identifier, content.columns))}
    if table.is_walled:
        driver.execute(sql.SQL("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY").format(**names))
    driver.execute(sql.SQL("ALTER TABLE {table} DISABLE TRIGGER USER").format(**names))
    with driver.cursor() as cursor:
        with cursor.copy(sql.SQL(_COPY).format(**names)) as copy:
            for block in backup.blocks(content):
                copy.write(block)
        if cursor.rowcount != content.rows:
            message = f"table {table.name} got {cursor.rowcount} rows instead of {content.rows}"
            raise BackupRefused(message)
    driver.execute("SET CONSTRAINTS ALL IMMEDIATE")
    driver.execute(sql.SQL("ALTER TABLE {table} ENABLE TRIGGER USER").format(**names))
    if table.is_walled:
        driver.execute(sql.SQL("ALTER TABLE {table} FORCE ROW LEVEL SECURITY").format(**names))
    driver.execute(sql.SQL("ANALYZE {table}").format(**names))
