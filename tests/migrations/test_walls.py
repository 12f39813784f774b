"""The walls between tenants as the catalogue has them; each check is shown to see the sin it looks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import create_engine

from tests.engines import TestEngines
from tests.migrations import catalogue
from tests.sql import SUPERUSER, Connection, connected

Check = Callable[[Connection], list[str]]


@pytest.fixture(scope="module")
def database(engines: TestEngines) -> str:
    return engines.database()


@pytest.fixture
def superuser(engines: TestEngines, database: str) -> Iterator[Connection]:
    """Whatever a test plants is gone at its end."""
    with connected(engines, SUPERUSER, database=database) as connection, connection.transaction(force_rollback=True):
        yield connection


CHECKS: list[Check] = [
    catalogue.unwalled_tables,
    catalogue.leaky_policies,
    catalogue.keys_without_tenant,
    catalogue.references_across_tenants,
    catalogue.powers_of_application,
    catalogue.forbidden_grants,
    catalogue.unguarded_functions,
]

OPEN_TABLE = "CREATE TABLE sin (tenant_id uuid, id uuid, deal_id uuid, PRIMARY KEY (tenant_id, id));"
WALLED = (
    "ALTER TABLE sin ENABLE ROW LEVEL SECURITY; ALTER TABLE sin FORCE ROW LEVEL SECURITY;"
    "CREATE POLICY p ON sin USING (tenant_id = (SELECT current_tenant()))"
    " WITH CHECK (tenant_id = (SELECT current_tenant()));"
)

SINS: list[tuple[Check, str]] = [
    (catalogue.unwalled_tables, OPEN_TABLE),
    (catalogue.unwalled_tables, "ALTER TABLE deals NO FORCE ROW LEVEL SECURITY"),
    (catalogue.unwalled_tables, "ALTER TABLE outbox DISABLE ROW LEVEL SECURITY"),
    (catalogue.leaky_policies, OPEN_TABLE),
    (catalogue.leaky_policies, "CREATE POLICY sin ON deals FOR SELECT USING (true)"),
    (catalogue.leaky_policies, "CREATE POLICY sin ON deals FOR SELECT TO deals_app USING (version > 0)"),
    (catalogue.leaky_policies, "ALTER POLICY tenant_rows ON deals WITH CHECK (true)"),
    (catalogue.keys_without_tenant, "CREATE TABLE sin (id uuid PRIMARY KEY, tenant_id uuid)"),
    (catalogue.keys_without_tenant, "CREATE TABLE sin (id uuid, tenant_id uuid)"),
    (catalogue.keys_without_tenant, "CREATE UNIQUE INDEX sin ON customers (lower(name))"),
    (catalogue.keys_without_tenant, "CREATE UNIQUE INDEX sin ON customers (match_key, tenant_id)"),
    (
        catalogue.references_across_tenants,
        OPEN_TABLE
        + "CREATE UNIQUE INDEX u ON deals (id); ALTER TABLE sin ADD FOREIGN KEY (deal_id) REFERENCES deals (id)",
    ),
    (catalogue.powers_of_application, "ALTER ROLE deals_app BYPASSRLS"),
    (catalogue.powers_of_application, "ALTER ROLE deals_app SUPERUSER"),
    (catalogue.powers_of_application, "GRANT deals_owner TO deals_app"),
    (catalogue.powers_of_application, "ALTER TABLE deals OWNER TO deals_app"),
    (catalogue.powers_of_application, "GRANT CREATE ON SCHEMA public TO deals_app"),
    (catalogue.forbidden_grants, "GRANT INSERT ON deal_events TO deals_app"),
    (catalogue.forbidden_grants, "GRANT UPDATE (after) ON deal_events TO deals_app"),
    (catalogue.forbidden_grants, "GRANT UPDATE ON audit_log TO PUBLIC"),
    (catalogue.forbidden_grants, "GRANT DELETE ON audit_log TO deals_app"),
    (catalogue.forbidden_grants, "GRANT SELECT ON users TO deals_app"),
    (catalogue.forbidden_grants, "GRANT DELETE ON deals TO deals_app"),
    (catalogue.forbidden_grants, "GRANT UPDATE ON deals TO deals_app"),
    (catalogue.forbidden_grants, "GRANT TRUNCATE ON import_rows TO deals_app"),
    (
        catalogue.unguarded_functions,
        (
            "CREATE FUNCTION sin() RETURNS int LANGUAGE sql SECURITY DEFINER"
            " SET search_path = public, pg_temp AS 'SELECT 1'"
        ),
    ),
    (catalogue.unguarded_functions, "ALTER FUNCTION login_account RESET search_path"),
    (catalogue.unguarded_functions, "GRANT EXECUTE ON FUNCTION login_account TO PUBLIC"),
    (catalogue.unguarded_functions, "GRANT EXECUTE ON FUNCTION record_new_deals TO PUBLIC"),
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_walls_stand(superuser: Connection, check: Check) -> None:
    assert check(superuser) == []


@pytest.mark.parametrize(("check", "sin"), SINS)
def test_a_planted_sin_is_seen(superuser: Connection, check: Check, sin: str) -> None:
    superuser.execute(sin)  # pyright: ignore[reportCallIssue, reportArgumentType]
    assert check(superuser) != []


def test_a_table_as_every_migration_makes_it_is_no_sin(superuser: Connection) -> None:
    superuser.execute(OPEN_TABLE + WALLED)
    assert "sin" in catalogue.tenant_tables(superuser)
    assert [sin for check in CHECKS for sin in check(superuser)] == []


def test_the_named_functions_are_all_there(superuser: Connection) -> None:
    found = superuser.execute("SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace")
    assert {row[0] for row in found} == catalogue.LOOKUPS | catalogue.LEDGER_WRITERS


@pytest.mark.parametrize(
    "sin",
    [
        "SELECT 1",
        "ALTER TABLE deals ALTER COLUMN name DROP NOT NULL",
        "ALTER TABLE deals ALTER COLUMN loss_reason TYPE varchar(10)",
        "ALTER TABLE deals ADD COLUMN forgotten text",
        "ALTER TABLE imports ALTER COLUMN state DROP DEFAULT",
        "CREATE TABLE forgotten (id uuid)",
    ],
)
def test_models_and_database_tell_the_same(engines: TestEngines, database: str, sin: str) -> None:
    engine = create_engine(engines.postgres.url(SUPERUSER, database))
    try:
        with engine.connect() as connection, connection.begin() as transaction:
            connection.exec_driver_sql(sin)
            differences = catalogue.differences_to_models(connection)
            transaction.rollback()
    finally:
        engine.dispose()
    assert len(differences) == (0 if sin == "SELECT 1" else 1), differences
