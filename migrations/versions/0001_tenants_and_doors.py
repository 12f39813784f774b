"""Tenants, people, sessions, keys, and the walls between tenants.

Every later table leans on what is made here: `current_tenant()` (null means nothing is seen), `new_id()` (UUIDv7),
`touch_updated_at()`, and the role `deals_app`, which owns nothing and cannot step over row security.
"""

from alembic import op

from migrations.walls import make_application_role, wall_in

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FOUNDATIONS = """
CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('app.tenant_id', true), '')::uuid $$;

-- RFC 9562 version 7: 48 bits of Unix milliseconds, then random. PostgreSQL 18 has uuidv7(); 15 to 17 do not.
CREATE FUNCTION new_id() RETURNS uuid LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
BEGIN
    RETURN encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6),
            52, 1), 53, 1), 'hex')::uuid;
END $$;

CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;
"""

TABLES = """
CREATE TABLE tenants (
    id uuid PRIMARY KEY DEFAULT new_id(),
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    name text NOT NULL CHECK (name = btrim(name) AND char_length(name) BETWEEN 1 AND 200),
    base_currency text NOT NULL DEFAULT 'USD' CHECK (base_currency ~ '^[A-Z]{3}$'),
    time_zone text NOT NULL DEFAULT 'UTC',
    loss_reason_required boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE workspaces (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL DEFAULT new_id(),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);
CREATE UNIQUE INDEX workspaces_one_default ON workspaces (tenant_id) WHERE is_default;

-- A person may belong to several tenants, so this table has no tenant; its policy looks through memberships.
CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT new_id(),
    email text NOT NULL CHECK (email = btrim(email) AND email LIKE '%_@_%' AND char_length(email) <= 254),
    name text NOT NULL CHECK (name = btrim(name) AND char_length(name) BETWEEN 1 AND 200),
    password_hash text,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE memberships (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    user_id uuid NOT NULL REFERENCES users (id),
    role text NOT NULL CHECK (role IN ('rep', 'manager', 'admin')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);

CREATE TABLE sessions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT new_id(),
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    user_agent text NOT NULL DEFAULT '',
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES memberships (tenant_id, user_id) ON DELETE CASCADE
);
CREATE INDEX sessions_user ON sessions (tenant_id, user_id);

CREATE TABLE api_keys (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL DEFAULT new_id(),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    prefix text NOT NULL UNIQUE,
    key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32),
    role text NOT NULL CHECK (role IN ('rep', 'manager', 'admin', 'ingest')),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE audit_log (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL DEFAULT new_id(),
    action text NOT NULL,
    subject text NOT NULL,
    details jsonb NOT NULL DEFAULT '{}',
    actor text NOT NULL,
    door text NOT NULL,
    request_id text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_log_newest ON audit_log (tenant_id, created_at DESC, id DESC);

-- How many units of `quote` one unit of `base` buys on a day. Of all tenants alike, so without a tenant.
CREATE TABLE fx_rates (
    base text NOT NULL CHECK (base ~ '^[A-Z]{3}$'),
    quote text NOT NULL CHECK (quote ~ '^[A-Z]{3}$'),
    on_date date NOT NULL,
    rate numeric NOT NULL CHECK (rate > 0),
    source text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (base, quote, on_date)
);
"""

POLICIES = """
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON tenants USING (id = (SELECT current_tenant())) WITH CHECK (id = (SELECT current_tenant()));
CREATE TRIGGER touch BEFORE UPDATE ON tenants FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY members_of_tenant ON users FOR SELECT USING (
    EXISTS (SELECT 1 FROM memberships m WHERE m.tenant_id = (SELECT current_tenant()) AND m.user_id = users.id));
CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- The look-ups before a tenant is known run as the owner (SECURITY DEFINER below), whom forced row security binds too.
CREATE POLICY lookup_before_tenant ON tenants FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY lookup_before_tenant ON users FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY registered_by_function ON users FOR INSERT TO CURRENT_USER WITH CHECK (true);
CREATE POLICY lookup_before_tenant ON memberships FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY lookup_before_tenant ON sessions FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY lookup_before_tenant ON api_keys FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY use_noted_by_lookup ON api_keys FOR UPDATE TO CURRENT_USER USING (true) WITH CHECK (true);

GRANT SELECT ON tenants, fx_rates, alembic_version TO deals_app;
GRANT UPDATE (name, base_currency, time_zone, loss_reason_required) ON tenants TO deals_app;
GRANT SELECT (id, email, name, is_active, created_at, updated_at) ON users TO deals_app;
GRANT SELECT, INSERT, UPDATE ON workspaces, api_keys TO deals_app;
GRANT SELECT, INSERT, UPDATE ON memberships TO deals_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO deals_app;
GRANT SELECT, INSERT ON audit_log TO deals_app;
"""

LOOKUPS = """
-- Sign-in: one person by e-mail, with the hash that the web process compares.
CREATE FUNCTION login_account(p_email text)
    RETURNS TABLE (user_id uuid, name text, password_hash text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT u.id, u.name, u.password_hash FROM users u WHERE lower(u.email) = lower(btrim(p_email)) AND u.is_active $$;

CREATE FUNCTION login_memberships(p_user_id uuid)
    RETURNS TABLE (tenant_id uuid, slug text, name text, role text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT t.id, t.slug, t.name, m.role FROM memberships m JOIN tenants t ON t.id = m.tenant_id
    WHERE m.user_id = p_user_id ORDER BY t.name, t.id $$;

CREATE FUNCTION session_actor(p_token_hash bytea)
    RETURNS TABLE (session_id uuid, tenant_id uuid, user_id uuid, role text, name text, email text,
                   tenant_name text, time_zone text, base_currency text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.id, s.tenant_id, s.user_id, m.role, u.name, u.email, t.name, t.time_zone, t.base_currency
    FROM sessions s
    JOIN memberships m ON m.tenant_id = s.tenant_id AND m.user_id = s.user_id
    JOIN users u ON u.id = s.user_id AND u.is_active
    JOIN tenants t ON t.id = s.tenant_id
    WHERE s.token_hash = p_token_hash AND s.expires_at > now() $$;

-- Also notes that the key was used, once a minute at most: a write for every request would be a high price.
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

CREATE FUNCTION tenant_of_slug(p_slug text)
    RETURNS TABLE (tenant_id uuid, tenant_name text, time_zone text, base_currency text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT t.id, t.name, t.time_zone, t.base_currency FROM tenants t WHERE t.slug = p_slug $$;

-- An e-mail that is known keeps its person and password; otherwise the person is made. Returns the person's id.
CREATE FUNCTION register_user(p_email text, p_name text, p_password_hash text) RETURNS uuid
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE found_id uuid;
BEGIN
    INSERT INTO users (email, name, password_hash) VALUES (btrim(p_email), btrim(p_name), p_password_hash)
    ON CONFLICT DO NOTHING RETURNING id INTO found_id;
    IF found_id IS NULL THEN
        SELECT id INTO found_id FROM users WHERE lower(email) = lower(btrim(p_email));
    END IF;
    RETURN found_id;
END $$;

REVOKE ALL ON FUNCTION login_account, login_memberships, session_actor, api_key_actor, tenant_of_slug, register_user
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION login_account, login_memberships, session_actor, api_key_actor, tenant_of_slug,
    register_user TO deals_app;
"""


def upgrade() -> None:
    """Make the foundations, the tables, then the walls."""
    make_application_role()
    op.execute(FOUNDATIONS)
    op.execute(TABLES)
    for table in ("workspaces", "memberships", "sessions", "api_keys", "audit_log"):
        wall_in(table)
    op.execute(POLICIES)
    op.execute(LOOKUPS)


def downgrade() -> None:
    """Take everything away again; the role stays, as other databases of the cluster may use it."""
    op.execute(
        "DROP FUNCTION login_account, login_memberships, session_actor, api_key_actor, tenant_of_slug, register_user;"
        "DROP TABLE fx_rates, audit_log, api_keys, sessions, memberships, users, workspaces, tenants CASCADE;"
        "DROP FUNCTION touch_updated_at, new_id, current_tenant;"
    )
