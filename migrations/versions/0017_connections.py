"""Connections to HubSpot and Salesforce, and every synchronisation with what it brought."""

from alembic import op

from migrations.walls import wall_in

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE connections (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL DEFAULT new_id(),
    system text NOT NULL CHECK (system IN ('hubspot', 'salesforce')),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    -- whose account it is: the vendor's webhooks name it
    portal_id text CHECK (portal_id ~ '^[1-9][0-9]{0,18}$'),
    organization_id text CHECK (organization_id ~ '^[A-Za-z0-9]{18}$'),
    instance_url text CHECK (instance_url ~ '^https?://'),
    -- the secret part of the path to which an organisation's messages go
    token text NOT NULL CHECK (char_length(token) >= 40),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'active', 'broken', 'disconnected')),
    client_id text,
    -- sealed with a key that is made from SECRET_KEY; nothing in the database opens them
    client_secret text,
    access_token text,
    refresh_token text,
    token_ends_at timestamptz,
    -- a sign-in that somebody has begun: {"state", "verifier", "user_id"}, the first hashed, the second sealed
    sign_in jsonb CHECK (jsonb_typeof(sign_in) = 'object'),
    sign_in_at timestamptz,
    -- the vendor's word -> ours
    fields jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(fields) = 'object'),
    stages jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(stages) = 'object'),
    owners jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(owners) = 'object'),
    pipelines jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(pipelines) = 'object'),
    -- the vendor's pipelines, stages and owners as they were when we last asked
    known jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(known) = 'object'),
    -- whatever changed there before this moment is here
    synced_until timestamptz,
    last_synced_at timestamptz,
    last_error text,
    last_error_at timestamptz,
    disconnected_at timestamptz,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT connections_token_key UNIQUE (token),
    CONSTRAINT of_its_system CHECK (
        (portal_id IS NULL OR system = 'hubspot') AND (organization_id IS NULL OR system = 'salesforce')),
    CONSTRAINT disconnected_says_when CHECK ((state = 'disconnected') = (disconnected_at IS NOT NULL)),
    CONSTRAINT active_has_a_token CHECK (state <> 'active' OR access_token IS NOT NULL),
    CONSTRAINT error_says_when CHECK ((last_error IS NULL) = (last_error_at IS NULL))
);
CREATE UNIQUE INDEX connections_one_per_portal ON connections (tenant_id, portal_id) WHERE state <> 'disconnected';
CREATE UNIQUE INDEX connections_one_per_organization ON connections (tenant_id, organization_id)
    WHERE state <> 'disconnected';
CREATE INDEX connections_by_portal ON connections (portal_id) WHERE state <> 'disconnected';

CREATE TABLE connection_syncs (
    tenant_id uuid NOT NULL,
    -- that of its row of the outbox
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    -- everything, or what changed since the connection's synced_until
    is_full boolean NOT NULL DEFAULT false,
    since timestamptz,
    -- where the next page begins; committed together with the page before it
    cursor jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(cursor) = 'object'),
    fetched integer NOT NULL DEFAULT 0 CHECK (fetched >= 0),
    -- what the vendor wants us to wait for, while it does
    waits_for text,
    problem text,
    actor text NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT ended_says_when CHECK ((state IN ('done', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CONSTRAINT failed_says_why CHECK (state <> 'failed' OR problem IS NOT NULL)
);
CREATE UNIQUE INDEX connection_syncs_one_at_a_time ON connection_syncs (tenant_id, connection_id)
    WHERE finished_at IS NULL;
CREATE INDEX connection_syncs_newest ON connection_syncs (tenant_id, connection_id, id DESC);

-- What a synchronisation brought is counted where it lies, so that no crash can make the figures wrong.
CREATE INDEX inbound_items_of_sync ON inbound_items (tenant_id, (context ->> 'sync_id'), outcome)
    WHERE context ->> 'sync_id' IS NOT NULL;
"""

LOOKUPS = """
CREATE POLICY relay_sees_all ON connections TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY relay_sees_all ON connection_syncs TO CURRENT_USER USING (true) WITH CHECK (true);

-- Asked with a portal that a webhook names; the sealed secret is for connections with an app of their own.
CREATE FUNCTION connections_of_portal(p_portal_id text)
    RETURNS TABLE (tenant_id uuid, connection_id uuid, client_secret text, time_zone text, base_currency text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.tenant_id, c.id, c.client_secret, t.time_zone, t.base_currency
    FROM connections c JOIN tenants t ON t.id = c.tenant_id
    WHERE c.portal_id = p_portal_id AND c.state <> 'disconnected' ORDER BY c.tenant_id, c.id $$;

CREATE FUNCTION connection_of_token(p_token text)
    RETURNS TABLE (tenant_id uuid, connection_id uuid, organization_id text, time_zone text, base_currency text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.tenant_id, c.id, c.organization_id, t.time_zone, t.base_currency
    FROM connections c JOIN tenants t ON t.id = c.tenant_id
    WHERE c.token = p_token AND c.system = 'salesforce' AND c.state <> 'disconnected' $$;

REVOKE ALL ON FUNCTION connections_of_portal, connection_of_token FROM PUBLIC;
GRANT EXECUTE ON FUNCTION connections_of_portal, connection_of_token TO deals_app;
"""


def upgrade() -> None:
    """Tables, walls, grants, and what is asked before a tenant is known."""
    op.execute(TABLES)
    for table in ("connections", "connection_syncs"):
        wall_in(table)
    op.execute("GRANT SELECT, INSERT, UPDATE ON connections, connection_syncs TO deals_app;")
    op.execute(LOOKUPS)


def downgrade() -> None:
    """The deals stay; nobody is asked for them any more."""
    op.execute(
        "DROP FUNCTION connections_of_portal, connection_of_token;"
        "DROP INDEX inbound_items_of_sync; DROP TABLE connection_syncs, connections;"
    )
