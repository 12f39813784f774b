"""In-process subscribers: up to which event each has come in each tenant, and what stands in its way."""

from alembic import op

from migrations.walls import wall_in

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE subscriptions (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL DEFAULT new_id(),
    -- the subscriber's, whose code the environment names (SUBSCRIBERS)
    name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    -- the last place in the ledger's settled order that is done
    cursor_written_by bigint NOT NULL,
    cursor_event_id uuid NOT NULL,
    -- the event after it was refused so often in a row, and is tried again then; the later ones wait behind it
    failures_in_row integer NOT NULL DEFAULT 0 CHECK (failures_in_row >= 0),
    next_try_at timestamptz,
    last_error text CHECK (char_length(last_error) <= 1000),
    -- when a worker was last rung for it or at it, and how often it was rung; null when nobody is
    attended_at timestamptz,
    rings bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name),
    CONSTRAINT failing_says_what CHECK ((failures_in_row > 0) = (last_error IS NOT NULL)),
    CONSTRAINT failing_says_until_when CHECK ((failures_in_row > 0) = (next_try_at IS NOT NULL))
);
"""

DUE = """
-- For the relay, as the owner, over all tenants; and for `deals doctor`.
CREATE POLICY relay_sees_all ON subscriptions TO CURRENT_USER USING (true) WITH CHECK (true);

-- The subscriptions of these names that have an event waiting and nobody at them, now counted as rung. One that is new
-- in a tenant begins now; in a tenant that is younger than the subscriber, with the first event there is.
CREATE FUNCTION due_subscriptions(names text[], unanswered interval, most integer)
    RETURNS TABLE (tenant_id uuid, subscription_id uuid, rings bigint)
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    settled bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    found integer := 0;
    subscription record;
BEGIN
    INSERT INTO subscriptions AS s (tenant_id, name, cursor_written_by, cursor_event_id)
    SELECT t.id, wanted.name,
           CASE WHEN t.created_at > (SELECT min(older.created_at) FROM subscriptions older
                                     WHERE older.name = wanted.name)
                THEN 0 ELSE settled END,
           '00000000-0000-0000-0000-000000000000'
    FROM tenants t CROSS JOIN unnest(names) AS wanted (name)
    WHERE NOT EXISTS (SELECT 1 FROM subscriptions known WHERE known.tenant_id = t.id AND known.name = wanted.name)
    ON CONFLICT DO NOTHING;
    FOR subscription IN
        SELECT s.* FROM subscriptions s
        WHERE s.name = ANY (names) AND (s.next_try_at IS NULL OR s.next_try_at <= now())
          AND (s.attended_at IS NULL OR s.attended_at < now() - unanswered)
        ORDER BY s.attended_at NULLS FIRST FOR UPDATE SKIP LOCKED
    LOOP
        PERFORM set_config('app.tenant_id', subscription.tenant_id::text, true);
        CONTINUE WHEN NOT EXISTS (
            SELECT 1 FROM deal_events e
            WHERE e.tenant_id = subscription.tenant_id AND e.written_by < settled
              AND (e.written_by, e.id) > (subscription.cursor_written_by, subscription.cursor_event_id)
              AND e.kind NOT IN ('reordered', 'scored'));
        UPDATE subscriptions s SET attended_at = now(), rings = s.rings + 1
        WHERE s.tenant_id = subscription.tenant_id AND s.id = subscription.id
        RETURNING s.tenant_id, s.id, s.rings INTO tenant_id, subscription_id, rings;
        RETURN NEXT;
        found := found + 1;
        EXIT WHEN found >= most;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION due_subscriptions FROM PUBLIC;
"""


def upgrade() -> None:
    """The table with its wall and grants, and the relay's question."""
    op.execute(TABLE)
    wall_in("subscriptions")
    op.execute("GRANT SELECT, UPDATE ON subscriptions TO deals_app;")
    op.execute(DUE)


def downgrade() -> None:
    """Subscribers begin anew when they come back; the ledger still has every event."""
    op.execute("DROP FUNCTION due_subscriptions; DROP TABLE subscriptions;")
