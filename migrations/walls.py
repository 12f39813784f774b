"""What migrations repeat: the application's role, the wall around a tenant table, and a door in it for migrations."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op

# The role is of the cluster, not of the database, so it may exist already; an owner without CREATEROLE then needs none.
APPLICATION_ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'deals_app') THEN
        CREATE ROLE deals_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'The role deals_app does not exist and % may not create it', current_user
        USING HINT = 'As a superuser: CREATE ROLE deals_app NOLOGIN; GRANT deals_app TO the role of DATABASE_URL;';
END $$;
GRANT USAGE ON SCHEMA public TO deals_app;
"""


def make_application_role() -> None:
    """Make `deals_app` where it is missing."""
    op.execute(APPLICATION_ROLE)


def wall_in(table: str) -> None:
    """Only rows of the current tenant are seen or written, by the owner too; `updated_at` keeps itself."""
    op.execute(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
        f"CREATE POLICY tenant_rows ON {table} USING (tenant_id = (SELECT current_tenant()))"
        " WITH CHECK (tenant_id = (SELECT current_tenant()));"
    )
    op.execute(f"CREATE TRIGGER touch BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION touch_updated_at();")


@contextmanager
def all_rows_visible(*tables: str) -> Iterator[None]:
    """For a migration that rewrites rows: forced row security hides them from the owner as well.

    The wall is back at the end of the block, and in any case with the rollback of the migration's transaction.
    """
    for table in tables:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    yield
    for table in tables:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
