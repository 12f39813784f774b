"""The walls at work: what the application's role sees and stores without a tenant, and with one of two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import errors, sql

from deals_app.services.accounts import actor_for_tenant
from tests.conftest import application
from tests.engines import TestEngines
from tests.filled import fill
from tests.migrations.catalogue import tenant_tables
from tests.people import People, make_people
from tests.sql import APPLICATION, SUPERUSER, Connection, connected, one


@pytest.fixture(scope="module")
def world(engines: TestEngines) -> Iterator[People]:
    """Both tenants, each with rows in every table; tests change nothing."""
    with application(engines):
        people = make_people()
        fill(people.ada)
        fill(people.charlie)
        yield people


@pytest.fixture
def superuser(engines: TestEngines, world: People) -> Iterator[Connection]:
    with connected(engines, SUPERUSER) as connection:
        yield connection


@pytest.fixture
def nobody(engines: TestEngines, world: People) -> Iterator[Connection]:
    """The application's role without a tenant."""
    with connected(engines, APPLICATION) as connection:
        yield connection


@pytest.fixture
def acme(engines: TestEngines, world: People) -> Iterator[Connection]:
    """The application's role for the first tenant."""
    with connected(engines, APPLICATION, tenant=world.tenant_id) as connection:
        yield connection


def count(connection: Connection, table: str, where: str = "true") -> int:
    return one(connection, f"SELECT count(*) FROM {table} WHERE {where}")


def test_without_a_tenant_nothing_is_seen_although_it_is_there(nobody: Connection, superuser: Connection) -> None:
    tables = [*tenant_tables(superuser), "tenants"]
    assert len(tables) >= 18
    assert {table: count(superuser, table) >= 2 for table in tables} == dict.fromkeys(tables, True)
    assert {table: count(nobody, table) for table in tables} == dict.fromkeys(tables, 0)
    assert one(nobody, "SELECT count(id) FROM users") == 0


def test_without_a_tenant_nothing_is_stored(nobody: Connection, superuser: Connection, world: People) -> None:
    for table in tenant_tables(superuser):
        with pytest.raises(errors.InsufficientPrivilege):
            nobody.execute(f"INSERT INTO {table} (tenant_id) VALUES (%s)", [world.tenant_id])  # pyright: ignore[reportArgumentType]


def test_an_empty_tenant_is_no_tenant(nobody: Connection) -> None:
    nobody.execute("SELECT set_config('app.tenant_id', '', false)")
    assert count(nobody, "deals") == 0


def test_another_tenants_rows_are_neither_seen_nor_changed_nor_made(
    acme: Connection, superuser: Connection, world: People
) -> None:
    other = world.charlie.tenant_id
    for table in tenant_tables(superuser):
        assert count(acme, table) > 0, table
        assert count(acme, table, f"tenant_id <> '{world.tenant_id}'") == 0, table
        with pytest.raises(errors.InsufficientPrivilege):
            acme.execute(f"INSERT INTO {table} (tenant_id) VALUES (%s)", [other])  # pyright: ignore[reportArgumentType]


def test_an_update_of_everything_reaches_ones_own_tenant_only(
    acme: Connection, superuser: Connection, world: People
) -> None:
    before = count(superuser, "customers", "churn_risk = 0.5")
    with acme.transaction(force_rollback=True):
        changed = acme.execute("UPDATE customers SET churn_risk = 0.5").rowcount
        assert changed == count(superuser, "customers", f"tenant_id = '{world.tenant_id}'") > 0
        assert acme.execute("UPDATE tenants SET name = 'Mine'").rowcount == 1
    assert count(superuser, "customers", "churn_risk = 0.5") == before


def test_a_row_cannot_be_given_to_another_tenant(acme: Connection, world: People) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        acme.execute("UPDATE customers SET tenant_id = %s", [world.charlie.tenant_id])


def test_a_reference_to_another_tenants_row_cannot_be_stored(
    acme: Connection, superuser: Connection, world: People
) -> None:
    theirs = one(superuser, "SELECT id FROM customers WHERE tenant_id = %s LIMIT 1", world.charlie.tenant_id)
    acme.execute("SELECT set_config('app.actor', 'system:test', false), set_config('app.door', 'test', false)")
    acme.execute("SELECT set_config('app.operation', new_id()::text, false)")
    with pytest.raises(errors.ForeignKeyViolation):
        acme.execute("UPDATE deals SET customer_id = %s, version = version + 1", [theirs])
    with pytest.raises(errors.ForeignKeyViolation):
        acme.execute("UPDATE deals SET assigned_to = %s, version = version + 1", [world.charlie.user_id])


def test_the_ledger_cannot_be_written_through_its_own_trigger_on_another_table(acme: Connection) -> None:
    acme.execute("CREATE TEMP TABLE decoy AS SELECT * FROM deals LIMIT 0")
    with pytest.raises(errors.InsufficientPrivilege):
        acme.execute(
            "CREATE TRIGGER forge AFTER INSERT ON decoy REFERENCING NEW TABLE AS new_rows"
            " FOR EACH STATEMENT EXECUTE FUNCTION record_new_deals()"
        )


def test_password_hashes_are_not_the_applications(acme: Connection) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        acme.execute("SELECT password_hash FROM users")
    assert one(acme, "SELECT count(email) FROM users") == 4


def test_statements_hidden_in_names_are_names(acme: Connection, engines: TestEngines, world: People) -> None:
    """The look-ups take their tables from `public` alone, whatever the caller puts in front of it."""
    acme.execute("CREATE TEMP TABLE tenants (id uuid, name text, time_zone text, base_currency text, slug text)")
    acme.execute("INSERT INTO pg_temp.tenants VALUES (gen_random_uuid(), 'decoy', 'UTC', 'USD', 'acme')")
    assert one(acme, "SELECT tenant_id FROM tenant_of_slug('acme')") == world.tenant_id
    assert actor_for_tenant("acme", reference="system:test", door="cli").tenant_id == world.tenant_id


def test_a_system_without_row_security_would_be_noticed(superuser: Connection, engines: TestEngines) -> None:
    """The same statement as above sees everything once the wall is down: it is the wall that hides."""
    name = one(superuser, "SELECT current_database()")
    with closing(psycopg.connect(engines.postgres.conninfo(SUPERUSER, name))) as connection:
        connection.execute(sql.SQL("ALTER TABLE customers DISABLE ROW LEVEL SECURITY"))
        connection.execute("SET LOCAL ROLE deals_app")
        assert one(connection, "SELECT count(*) FROM customers") >= 2
        connection.rollback()
