"""Migrations on a database with people, deals and an import in it, as an owner who is no superuser."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import create_engine, text

from deals_app.app import create_app
from deals_app.extensions import db
from deals_app.services import schema
from deals_app.services.queries.board import board
from deals_app.settings import Settings
from migrations.walls import all_rows_visible
from tests.engines import TestEngines
from tests.filled import fill
from tests.migrations import catalogue
from tests.people import People, make_people
from tests.sql import OWNER, SUPERUSER, connected, one

REVISIONS = [script.revision for script in ScriptDirectory.from_config(schema._config(None)).walk_revisions()]


def settings_of(app: Flask) -> Settings:
    return app.config["DEALS_SETTINGS"]


def test_everything_down_and_up_again_on_a_filled_database(app: Flask, engines: TestEngines, people: People) -> None:
    fill(people.ada)
    settings = settings_of(app)
    schema.downgrade(settings, "base")
    with connected(engines, SUPERUSER) as connection:
        left = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'S')"
        ).fetchall()
        functions = one(connection, "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
    assert left == [("alembic_version",)]
    assert functions == 0
    schema.upgrade(settings)
    assert schema.current_state(settings) == (REVISIONS[0], REVISIONS[0])
    db.engine.dispose()
    again = make_people()
    fill(again.ada)
    assert board(again.ada).columns[0].total.count == 1


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_step_down_and_up_on_a_filled_database(app: Flask, people: People, revision: str) -> None:
    fill(people.ada)
    settings = settings_of(app)
    script = ScriptDirectory.from_config(schema._config(None)).get_revision(revision)
    schema.downgrade(settings, revision)
    assert schema.current_state(settings)[0] == revision
    schema.downgrade(settings, str(script.down_revision or "base"))
    assert schema.current_state(settings)[0] == script.down_revision
    schema.upgrade(settings, revision)
    assert schema.current_state(settings)[0] == revision


def test_the_migrated_schema_is_the_owners_and_the_owner_is_nobody_special(app: Flask, engines: TestEngines) -> None:
    with connected(engines, SUPERUSER) as connection:
        owners = connection.execute(
            "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ).fetchall()
        special = one(connection, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s", OWNER)
    assert (owners, special) == ([(OWNER,)], False)


def test_a_data_migration_sees_all_rows_and_leaves_the_wall_standing(app: Flask, people: People) -> None:
    fill(people.ada)
    fill(people.charlie)
    engine = create_engine(settings_of(app).database_admin_url)
    try:
        with engine.begin() as connection:
            count = text("SELECT count(*) FROM deals")
            assert connection.scalar(count) == 0
            with Operations.context(MigrationContext.configure(connection)), all_rows_visible("deals"):
                assert connection.scalar(count) == 6
            assert connection.scalar(count) == 0
    finally:
        engine.dispose()


def test_a_data_migration_that_fails_leaves_the_wall_standing(app: Flask, engines: TestEngines, people: People) -> None:
    engine = create_engine(settings_of(app).database_admin_url)
    try:
        with (
            pytest.raises(ZeroDivisionError),
            engine.begin() as connection,
            Operations.context(MigrationContext.configure(connection)),
            all_rows_visible("deals"),
        ):
            raise ZeroDivisionError
    finally:
        engine.dispose()
    with connected(engines, SUPERUSER) as connection:
        assert catalogue.unwalled_tables(connection) == []


def one_url(engines: TestEngines, database: str) -> dict[str, Any]:
    return {"DATABASE_URL": engines.postgres.url(SUPERUSER, database), "DATABASE_ADMIN_URL": ""}


def test_one_url_of_a_superuser_is_enough_and_still_works_behind_the_walls(engines: TestEngines) -> None:
    database = engines.empty_database()
    settings = engines.settings(database, **one_url(engines, database))
    schema.upgrade(settings)
    app = create_app(settings)
    with app.app_context():
        try:
            with db.engine.connect() as connection:
                roles = connection.execute(text("SELECT session_user::text, current_user::text")).one()
            assert tuple(roles) == (SUPERUSER, "deals_app")
            people = make_people()
            fill(people.ada)
            fill(people.charlie)
            assert board(people.ada).columns[0].total.count == 1
            with db.engine.connect() as connection:
                assert connection.scalar(text("SELECT count(*) FROM deals")) == 0
        finally:
            for engine in db.engines.values():
                engine.dispose()


def test_two_applications_may_migrate_at_once(engines: TestEngines) -> None:
    settings = engines.settings(engines.empty_database())
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(schema.upgrade, [settings, settings]))
    assert schema.current_state(settings)[0] == REVISIONS[0]
