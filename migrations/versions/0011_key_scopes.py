"""What a key may do can be narrowed to scopes; the look-up of a key gives them with what it gave before."""

from alembic import op

from migrations.walls import all_rows_visible

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COLUMN = """
-- Null: all that the role may. Which scopes there are is the application's to say (domain/scopes.py).
ALTER TABLE api_keys ADD COLUMN scopes text[]
    CHECK (cardinality(scopes) BETWEEN 1 AND 100 AND array_position(scopes, NULL) IS NULL);
"""

# Of a key that has ended no use is noted any more.
LOOKUP = """
DROP FUNCTION api_key_actor(text, bytea);
CREATE FUNCTION api_key_actor(p_prefix text, p_key_hash bytea)
    RETURNS TABLE (key_id uuid, tenant_id uuid, name text, role text,
                   tenant_name text, time_zone text, base_currency text, scopes text[])
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE api_keys SET last_used_at = now()
    WHERE prefix = p_prefix AND key_hash = p_key_hash
      AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
      AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute');
    SELECT k.id, k.tenant_id, k.name, k.role, t.name, t.time_zone, t.base_currency, k.scopes
    FROM api_keys k JOIN tenants t ON t.id = k.tenant_id
    WHERE k.prefix = p_prefix AND k.key_hash = p_key_hash
      AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) $$;
REVOKE ALL ON FUNCTION api_key_actor FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api_key_actor TO deals_app;
"""

LOOKUP_BEFORE = """
DROP FUNCTION api_key_actor(text, bytea);
CREATE FUNCTION api_key_actor(p_prefix text, p_key_hash bytea)
    RETURNS TABLE (key_id uuid, tenant_id uuid, name text, role text,
                   tenant_name text, time_zone text, base_currency text)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE api_keys SET last_used_at = now()
    WHERE prefix = p_prefix AND key_hash = p_key_hash
      AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute');
    SELECT k.id, k.tenant_id, k.name, k.role, t.name, t.time_zone, t.base_currency
    FROM api_keys k JOIN tenants t ON t.id = k.tenant_id
    WHERE k.prefix = p_prefix AND k.key_hash = p_key_hash
      AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) $$;
REVOKE ALL ON FUNCTION api_key_actor FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api_key_actor TO deals_app;
"""


def upgrade() -> None:
    """Keys that are there may what they might."""
    op.execute(COLUMN)
    op.execute(LOOKUP)


def downgrade() -> None:
    """A key that was narrowed would be wide again: it ends instead."""
    with all_rows_visible("api_keys"):
        op.execute("UPDATE api_keys SET revoked_at = now() WHERE scopes IS NOT NULL AND revoked_at IS NULL")
    op.execute(LOOKUP_BEFORE)
    op.execute("ALTER TABLE api_keys DROP COLUMN scopes")
