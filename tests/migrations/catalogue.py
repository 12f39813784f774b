"""What PostgreSQL's own catalogue says about the walls between tenants. Each function gives the sins it finds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection as SqlAlchemyConnection
from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql

from deals_app.extensions import Base
from tests.sql import Connection

# Looked up before a tenant is known, so they are unique over all of them.
UNIQUE_OVER_ALL_TENANTS = {"sessions_token_hash_key", "api_keys_prefix_key"}

LOOKUPS = {
    "login_account",
    "login_memberships",
    "session_actor",
    "api_key_actor",
    "tenant_of_slug",
    "register_user",
}
LEDGER_WRITERS = {"record_new_deals", "record_changed_deals"}

# What the application's role must not do, whatever was granted to it by table or by column.
FORBIDDEN = {
    "deal_events": ("INSERT", "UPDATE", "DELETE", "TRUNCATE"),
    "audit_log": ("UPDATE", "DELETE", "TRUNCATE"),
    "deals": ("DELETE", "TRUNCATE"),
    "users": ("INSERT", "UPDATE", "DELETE", "TRUNCATE"),
    "tenants": ("INSERT", "DELETE", "TRUNCATE"),
}

TENANT_TABLES = """
    SELECT c.oid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE a.attname = 'tenant_id' AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
      AND c.relnamespace = 'public'::regnamespace
"""
WALL = "(tenant_id = ( SELECT current_tenant() AS current_tenant))"


def tenant_tables(connection: Connection) -> list[str]:
    """Every table with a tenant."""
    return _column(connection, f"SELECT oid::regclass::text FROM ({TENANT_TABLES}) t ORDER BY 1")


def unwalled_tables(connection: Connection) -> list[str]:
    """Row security must be enabled, and forced so that it binds the owner too."""
    return _column(
        connection,
        f"SELECT relname FROM pg_class WHERE oid IN ({TENANT_TABLES}) AND NOT (relrowsecurity AND relforcerowsecurity)",
    )


def leaky_policies(connection: Connection) -> list[str]:
    """Exactly one policy may reach the application: the tenant's own rows, for reading and for writing."""
    good = "permissive = 'PERMISSIVE' AND cmd = 'ALL' AND roles = '{public}' AND qual = %s AND with_check = %s"
    missing = _column(
        connection,
        f"SELECT c.relname || ' has no policy for its tenant' FROM pg_class c WHERE c.oid IN ({TENANT_TABLES})"
        f" AND NOT EXISTS (SELECT 1 FROM pg_policies p WHERE p.tablename = c.relname AND {good})",
        WALL,
        WALL,
    )
    further = _column(
        connection,
        "SELECT tablename || ' has a further policy ' || policyname FROM pg_policies p"
        f" WHERE roles && '{{public,deals_app}}'::name[] AND to_regclass(tablename) IN ({TENANT_TABLES})"
        f" AND permissive = 'PERMISSIVE' AND NOT ({good})",
        WALL,
        WALL,
    )
    return missing + further


def keys_without_tenant(connection: Connection) -> list[str]:
    """Primary keys and unique indexes must begin with the tenant."""
    return _column(
        connection,
        f"""
        SELECT i.indexrelid::regclass::text FROM pg_index i
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = 'tenant_id'
        WHERE i.indrelid IN ({TENANT_TABLES}) AND i.indisunique AND i.indkey[0] <> a.attnum
          AND NOT i.indexrelid::regclass::text = ANY(%s)
        """,
        list(UNIQUE_OVER_ALL_TENANTS),
    ) + _column(
        connection,
        f"SELECT c.relname || ' has no primary key' FROM pg_class c WHERE c.oid IN ({TENANT_TABLES})"
        " AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)",
    )


def references_across_tenants(connection: Connection) -> list[str]:
    """A foreign key between tenant tables must carry the tenant on both sides, at the same place."""
    return _column(
        connection,
        f"""
        SELECT k.conrelid::regclass || '.' || k.conname FROM pg_constraint k
        JOIN pg_attribute here ON here.attrelid = k.conrelid AND here.attname = 'tenant_id'
        JOIN pg_attribute there ON there.attrelid = k.confrelid AND there.attname = 'tenant_id'
        WHERE k.contype = 'f' AND k.conrelid IN ({TENANT_TABLES}) AND k.confrelid IN ({TENANT_TABLES})
          AND (array_position(k.conkey, here.attnum) IS NULL
               OR array_position(k.conkey, here.attnum) IS DISTINCT FROM array_position(k.confkey, there.attnum))
        """,
    )


def powers_of_application(connection: Connection) -> list[str]:
    """The application's role owns nothing, is nobody special and is a member of nothing."""
    return _column(
        connection,
        """
        SELECT 'is special: ' || rolname FROM pg_roles WHERE rolname = 'deals_app'
            AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
        UNION ALL SELECT 'owns ' || oid::regclass FROM pg_class WHERE relowner = 'deals_app'::regrole
        UNION ALL SELECT 'owns ' || oid::regprocedure FROM pg_proc WHERE proowner = 'deals_app'::regrole
        UNION ALL SELECT 'owns schema ' || nspname FROM pg_namespace WHERE nspowner = 'deals_app'::regrole
        UNION ALL SELECT 'owns database ' || datname FROM pg_database WHERE datdba = 'deals_app'::regrole
        UNION ALL SELECT 'is a member of ' || roleid::regrole FROM pg_auth_members WHERE member = 'deals_app'::regrole
        UNION ALL SELECT 'may create in public' WHERE has_schema_privilege('deals_app', 'public', 'CREATE')
        """,
    )


def forbidden_grants(connection: Connection) -> list[str]:
    """What must not be granted to the application's role, and is."""
    found: list[str] = []
    for table, privileges in FORBIDDEN.items():
        for privilege in privileges:
            check = "has_table_privilege('deals_app', %s, %s)"
            values = [table, privilege]
            if privilege == "INSERT" or (privilege == "UPDATE" and table != "tenants"):
                check = f"({check} OR has_any_column_privilege('deals_app', %s, %s))"
                values *= 2
            if _column(connection, f"SELECT 1 WHERE {check}", *values):
                found.append(f"{privilege} on {table}")
    if _column(connection, "SELECT 1 WHERE has_column_privilege('deals_app', 'users', 'password_hash', 'SELECT')"):
        found.append("SELECT on users.password_hash")
    found += _column(
        connection,
        "SELECT 'UPDATE on deals.' || a.attname FROM pg_attribute a WHERE a.attrelid = 'deals'::regclass"
        " AND a.attname IN ('tenant_id', 'id', 'created_at')"
        " AND has_column_privilege('deals_app', 'deals', a.attname, 'UPDATE')",
    )
    return found + _column(
        connection,
        f"SELECT p || ' on ' || t.oid::regclass"
        f" FROM ({TENANT_TABLES}) t, unnest('{{TRUNCATE,TRIGGER,REFERENCES}}'::text[]) p"
        " WHERE has_table_privilege('deals_app', t.oid, p)",
    )


def unguarded_functions(connection: Connection) -> list[str]:
    """Functions that run as the owner: all known by name, none finds tables by the caller's path or is open to all."""
    return _column(
        connection,
        """
        SELECT proname FROM pg_proc
        WHERE prosecdef AND pronamespace = 'public'::regnamespace
          AND (NOT proname = ANY(%s) OR NOT 'search_path=public, pg_temp' = ANY(COALESCE(proconfig, '{}'))
               OR has_function_privilege('public', oid, 'EXECUTE'))
        """,
        list(LOOKUPS | LEDGER_WRITERS),
    )


def differences_to_models(connection: SqlAlchemyConnection) -> list[str]:
    """Columns, their types, nullability and defaults must be the same for Python and for the database."""
    inspector = inspect(connection)
    in_database = {
        (table, column["name"]): (_type(column["type"]), column["nullable"], column["default"] is not None)
        for table in inspector.get_table_names()
        if table != "alembic_version"
        for column in inspector.get_columns(table)
    }
    in_models = {
        (table.name, column.name): (_type(column.type), column.nullable, column.server_default is not None)
        for table in Base.metadata.tables.values()
        for column in table.columns
    }
    return [
        f"{table}.{column}: database {in_database.get((table, column))}, model {in_models.get((table, column))}"
        for table, column in sorted(in_database.keys() | in_models.keys())
        if in_database.get((table, column)) != in_models.get((table, column))
    ]


def _type(column_type: Any) -> str:
    return column_type.compile(dialect=postgresql.dialect())


def _column(connection: Connection, statement: str, *values: object) -> list[Any]:
    return [row[0] for row in connection.execute(statement, values or None)]  # pyright: ignore[reportArgumentType]
