"""Webhooks: who wants to be told, up to which event each has been planned, and what became of every telling."""

from alembic import op

from migrations.walls import wall_in

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE webhook_endpoints (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL DEFAULT new_id(),
    url text NOT NULL CHECK (url ~ '^https?://' AND char_length(url) <= 2000),
    description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 200),
    -- names of the catalogue; none means all, those that come later included
    event_types text[] NOT NULL DEFAULT '{}',
    -- readable, as every message is signed with it; the old one signs too until its time has come
    secret text NOT NULL CHECK (secret ~ '^whsec_'),
    old_secret text CHECK (old_secret ~ '^whsec_'),
    old_secret_until timestamptz,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
    disabled_reason text,
    disabled_at timestamptz,
    -- the last event of the ledger, in its settled order, for which deliveries have been planned
    cursor_written_by bigint NOT NULL,
    cursor_event_id uuid NOT NULL,
    -- since when nothing got through, and how often in a row; it rests a little longer after each time
    failing_since timestamptz,
    failures_in_row integer NOT NULL DEFAULT 0 CHECK (failures_in_row >= 0),
    rests_until timestamptz,
    -- when a worker was last rung for it or at it, and how often it was rung; null when nobody is
    attended_at timestamptz,
    rings bigint NOT NULL DEFAULT 0,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT disabled_says_when CHECK ((state = 'disabled') = (disabled_at IS NOT NULL)),
    CONSTRAINT disabled_says_why CHECK ((state = 'disabled') = (disabled_reason IS NOT NULL)),
    CONSTRAINT old_secret_ends CHECK ((old_secret IS NULL) = (old_secret_until IS NULL))
);

CREATE TABLE webhook_deliveries (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT new_id(),
    endpoint_id uuid NOT NULL,
    -- of the ledger, without a foreign key as the ledger's own to deals (0005); a test message has none there
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    deal_id uuid,
    deal_version integer,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    -- all there ever were: the number is the lease, so whoever was thought dead cannot write over its heir
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- those since it was planned or last replayed: how far the retries have come
    tries integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz,
    status_code integer,
    error text,
    response text CHECK (char_length(response) <= 1024),
    duration_ms integer,
    attempted_at timestamptz,
    delivered_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints (tenant_id, id) ON DELETE CASCADE,
    UNIQUE (tenant_id, endpoint_id, event_id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (tenant_id, endpoint_id, next_attempt_at, id)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_of_deal ON webhook_deliveries (tenant_id, endpoint_id, deal_id, deal_version)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (tenant_id, endpoint_id, id DESC);
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (tenant_id, endpoint_id, id DESC) WHERE state = 'failed';
"""

DUE = """
-- For the relay, which works for every tenant at once, as the owner: the endpoints that have something to be told and
-- nobody at them, now counted as rung. It walks from tenant to tenant, so deliveries and ledger need no open door.
CREATE POLICY relay_sees_all ON webhook_endpoints TO CURRENT_USER USING (true) WITH CHECK (true);

CREATE FUNCTION due_webhooks(unanswered interval, most integer)
    RETURNS TABLE (tenant_id uuid, endpoint_id uuid, rings bigint)
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    settled bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    found integer := 0;
    endpoint record;
    is_due boolean;
BEGIN
    FOR endpoint IN
        SELECT w.* FROM webhook_endpoints w
        WHERE w.state = 'active' AND (w.rests_until IS NULL OR w.rests_until <= now())
          AND (w.attended_at IS NULL OR w.attended_at < now() - unanswered)
        ORDER BY w.attended_at NULLS FIRST FOR UPDATE SKIP LOCKED
    LOOP
        PERFORM set_config('app.tenant_id', endpoint.tenant_id::text, true);
        SELECT EXISTS (SELECT 1 FROM webhook_deliveries d
                       WHERE d.tenant_id = endpoint.tenant_id AND d.endpoint_id = endpoint.id AND d.state = 'pending'
                         AND d.next_attempt_at <= now() AND (d.leased_until IS NULL OR d.leased_until <= now())
                         -- what waits for an older message of its deal rings for nobody; looked up row by row
                         AND (SELECT older.id FROM webhook_deliveries older
                              WHERE older.tenant_id = d.tenant_id AND older.endpoint_id = d.endpoint_id
                                AND older.state = 'pending' AND older.deal_id = d.deal_id
                                AND older.deal_version < d.deal_version LIMIT 1) IS NULL)
            OR EXISTS (SELECT 1 FROM deal_events e
                       WHERE e.tenant_id = endpoint.tenant_id AND e.written_by < settled
                         AND (e.written_by, e.id) > (endpoint.cursor_written_by, endpoint.cursor_event_id)
                         AND e.kind NOT IN ('reordered', 'scored'))
        INTO is_due;
        CONTINUE WHEN NOT is_due;
        UPDATE webhook_endpoints w SET attended_at = now(), rings = w.rings + 1
        WHERE w.tenant_id = endpoint.tenant_id AND w.id = endpoint.id
        RETURNING w.tenant_id, w.id, w.rings INTO tenant_id, endpoint_id, rings;
        RETURN NEXT;
        found := found + 1;
        EXIT WHEN found >= most;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION due_webhooks FROM PUBLIC;
"""


def upgrade() -> None:
    """Tables, walls, grants, and the relay's question."""
    op.execute(TABLES)
    for table in ("webhook_endpoints", "webhook_deliveries"):
        wall_in(table)
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints, webhook_deliveries TO deals_app;")
    op.execute(DUE)


def downgrade() -> None:
    """Nobody is told any more; the ledger still has every event."""
    op.execute("DROP FUNCTION due_webhooks; DROP TABLE webhook_deliveries, webhook_endpoints;")
