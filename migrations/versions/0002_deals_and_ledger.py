"""Customers, pipelines, deals, their ledger, and the outbox that the ledger feeds.

The ledger is written by statement triggers, whatever code changed a deal: append-only for the application, one event
per version, and a version that does not follow its predecessor is refused. State = fold of the ledger.
"""

from alembic import op

from migrations.walls import wall_in

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE customers (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL DEFAULT new_id(),
    name text NOT NULL CHECK (name = btrim(name) AND char_length(name) BETWEEN 1 AND 200),
    kind text NOT NULL DEFAULT 'company' CHECK (kind IN ('company', 'person')),
    match_key text NOT NULL,
    domain text CHECK (domain = lower(domain)),
    churn_risk numeric(5, 4) CHECK (churn_risk BETWEEN 0 AND 1),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX customers_match ON customers (tenant_id, match_key);
CREATE INDEX customers_name ON customers (tenant_id, lower(name), id);

CREATE TABLE pipelines (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT new_id(),
    workspace_id uuid NOT NULL,
    name text NOT NULL CHECK (name = btrim(name) AND char_length(name) BETWEEN 1 AND 100),
    description text,
    is_active boolean NOT NULL DEFAULT true,
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, workspace_id) REFERENCES workspaces (tenant_id, id)
);
CREATE UNIQUE INDEX pipelines_name ON pipelines (tenant_id, lower(name));
CREATE UNIQUE INDEX pipelines_one_default ON pipelines (tenant_id) WHERE is_default;

CREATE TABLE stages (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT new_id(),
    pipeline_id uuid NOT NULL,
    key text NOT NULL CHECK (key ~ '^[a-z0-9_]{1,60}$'),
    name text NOT NULL CHECK (name = btrim(name) AND char_length(name) BETWEEN 1 AND 100),
    description text,
    position integer NOT NULL,
    probability numeric(5, 2) NOT NULL CHECK (probability BETWEEN 0 AND 100),
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed_won', 'closed_lost')),
    rotting_days integer CHECK (rotting_days > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, pipeline_id) REFERENCES pipelines (tenant_id, id),
    UNIQUE (tenant_id, pipeline_id, key),
    UNIQUE (tenant_id, pipeline_id, position) DEFERRABLE INITIALLY DEFERRED,
    -- what a deal refers to: its stage, pipeline and status at once, so that the three can never disagree
    UNIQUE (tenant_id, pipeline_id, id, status),
    CONSTRAINT won_is_certain CHECK (status <> 'closed_won' OR probability = 100),
    CONSTRAINT lost_is_hopeless CHECK (status <> 'closed_lost' OR probability = 0)
);

CREATE TABLE deals (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL DEFAULT new_id(),
    customer_id uuid,
    assigned_to uuid,
    name text NOT NULL CHECK (name = btrim(name) AND char_length(name) BETWEEN 1 AND 200),
    match_key text NOT NULL,
    value bigint CHECK (value >= 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    value_estimated boolean NOT NULL DEFAULT false,
    pipeline_id uuid NOT NULL,
    stage_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('open', 'closed_won', 'closed_lost')),
    probability numeric(5, 2) NOT NULL CHECK (probability BETWEEN 0 AND 100),
    source text NOT NULL DEFAULT 'inbound' CHECK (source IN ('inbound', 'outbound', 'referral', 'partner')),
    ingested_from text NOT NULL,
    expected_close_date date,
    actual_close_date date,
    stage_entered_at timestamptz NOT NULL DEFAULT now(),
    loss_reason text CHECK (loss_reason <> ''),
    competitor text CHECK (competitor <> ''),
    tags text[] NOT NULL DEFAULT '{}',
    custom_fields jsonb NOT NULL DEFAULT '{}',
    metadata jsonb NOT NULL DEFAULT '{}',
    position numeric NOT NULL,
    health_score smallint CHECK (health_score BETWEEN 0 AND 100),
    risk_level text CHECK (risk_level IN ('low', 'medium', 'high')),
    insights jsonb NOT NULL DEFAULT '[]',
    win_probability numeric(5, 4) CHECK (win_probability BETWEEN 0 AND 1),
    predicted_close_date date,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
    FOREIGN KEY (tenant_id, assigned_to) REFERENCES memberships (tenant_id, user_id),
    CONSTRAINT status_follows_stage FOREIGN KEY (tenant_id, pipeline_id, stage_id, status)
        REFERENCES stages (tenant_id, pipeline_id, id, status),
    CONSTRAINT closed_means_dated CHECK ((status = 'open') = (actual_close_date IS NULL)),
    CONSTRAINT won_is_certain CHECK (status <> 'closed_won' OR probability = 100),
    CONSTRAINT lost_is_hopeless CHECK (status <> 'closed_lost' OR probability = 0),
    CONSTRAINT only_lost_has_reason CHECK (loss_reason IS NULL OR status = 'closed_lost')
);
CREATE INDEX deals_board ON deals (tenant_id, stage_id, position, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_totals ON deals (tenant_id, pipeline_id, stage_id, currency)
    INCLUDE (value, probability, value_estimated) WHERE deleted_at IS NULL;
CREATE INDEX deals_customer ON deals (tenant_id, customer_id) WHERE deleted_at IS NULL;
CREATE INDEX deals_assigned ON deals (tenant_id, assigned_to) WHERE deleted_at IS NULL;
CREATE INDEX deals_expected_close ON deals (tenant_id, expected_close_date) WHERE deleted_at IS NULL;
CREATE INDEX deals_actual_close ON deals (tenant_id, actual_close_date) WHERE deleted_at IS NULL;
CREATE INDEX deals_newest ON deals (tenant_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX deals_updated ON deals (tenant_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_tags ON deals USING gin (tags) WHERE deleted_at IS NULL;
CREATE INDEX deals_match ON deals (tenant_id, pipeline_id, match_key)
    WHERE deleted_at IS NULL AND status = 'open';

CREATE TABLE external_refs (
    tenant_id uuid NOT NULL,
    system text NOT NULL,
    external_id text NOT NULL CHECK (char_length(external_id) BETWEEN 1 AND 255),
    deal_id uuid NOT NULL,
    source_updated_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, system, external_id),
    FOREIGN KEY (tenant_id, deal_id) REFERENCES deals (tenant_id, id)
);
CREATE INDEX external_refs_deal ON external_refs (tenant_id, deal_id);

CREATE TABLE activities (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT new_id(),
    deal_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('note', 'call', 'email', 'meeting', 'task')),
    body text NOT NULL CHECK (char_length(body) BETWEEN 1 AND 20000),
    actor text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    due_on date,
    done_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, deal_id) REFERENCES deals (tenant_id, id)
);
CREATE INDEX activities_deal ON activities (tenant_id, deal_id, at DESC, id DESC);

CREATE TABLE deal_events (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT new_id(),
    deal_id uuid NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    actor text NOT NULL,
    door text NOT NULL,
    cause uuid,
    request_id text NOT NULL DEFAULT '',
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, deal_id) REFERENCES deals (tenant_id, id) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX deal_events_deal ON deal_events (tenant_id, deal_id, id DESC);
CREATE UNIQUE INDEX deal_events_one_per_version ON deal_events (tenant_id, deal_id, version)
    WHERE kind NOT IN ('reordered', 'scored');

CREATE TABLE outbox (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL DEFAULT new_id(),
    topic text NOT NULL,
    payload jsonb NOT NULL,
    job text,
    attempts integer NOT NULL DEFAULT 0,
    rung_at timestamptz NOT NULL DEFAULT now(),
    leased_until timestamptz,
    done_at timestamptz,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
-- what the relay rings for: rows that have a job and are not done
CREATE INDEX outbox_due ON outbox (rung_at) WHERE done_at IS NULL AND job IS NOT NULL;
"""

LEDGER = """
-- The caller's context, set by the unit of work for one transaction. A change without an actor is refused.
CREATE FUNCTION change_context(OUT actor text, OUT door text, OUT cause uuid, OUT request_id text)
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    actor := NULLIF(current_setting('app.actor', true), '');
    door := NULLIF(current_setting('app.door', true), '');
    cause := NULLIF(current_setting('app.cause', true), '')::uuid;
    request_id := COALESCE(current_setting('app.request_id', true), '');
    IF actor IS NULL OR door IS NULL THEN
        RAISE EXCEPTION 'a deal may only be changed by a named actor through a named door'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE FUNCTION topic_of_event(kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'customer.deal.'
        || CASE kind WHEN 'moved' THEN 'stage_changed' WHEN 'undone' THEN 'updated' ELSE kind END $$;

CREATE FUNCTION version_gap(deal uuid, was integer, became integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'deal % went from version % to %: each change of a deal takes the next version', deal, was, became
        USING ERRCODE = 'check_violation', CONSTRAINT = 'deals_version_follows';
END $$;

CREATE FUNCTION record_new_deals() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    WITH events AS (
        INSERT INTO deal_events (tenant_id, deal_id, kind, version, before, after, actor, door, cause, request_id)
        SELECT n.tenant_id, n.id, 'created', n.version, '{}',
               jsonb_strip_nulls(to_jsonb(n) - '{tenant_id,id,version,match_key,updated_at}'::text[]),
               c.actor, c.door, c.cause, c.request_id
        FROM new_rows n CROSS JOIN change_context() c
        RETURNING tenant_id, id, deal_id, kind, version)
    INSERT INTO outbox (tenant_id, topic, payload)
    SELECT tenant_id, topic_of_event(kind),
           jsonb_build_object('event_id', id, 'deal_id', deal_id, 'version', version)
    FROM events;
    RETURN NULL;
END $$;

-- Position and scores are not somebody's edit: they take no version (a drag must not fail because a job scored).
CREATE FUNCTION record_changed_deals() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    WITH changes AS (
        SELECT n.tenant_id, n.id, n.version, o.version AS old_version, d.before, d.after,
               d.is_edit, d.is_reorder, o.status AS was, n.status AS became,
               o.deleted_at IS NULL AND n.deleted_at IS NOT NULL AS is_deletion,
               o.deleted_at IS NOT NULL AND n.deleted_at IS NULL AS is_restoration,
               o.stage_id <> n.stage_id AS is_move
        FROM new_rows n
        JOIN old_rows o ON o.tenant_id = n.tenant_id AND o.id = n.id
        CROSS JOIN LATERAL (SELECT to_jsonb(o) - '{tenant_id,id,version,match_key,updated_at}'::text[] AS was,
                                   to_jsonb(n) - '{tenant_id,id,version,match_key,updated_at}'::text[] AS became) j
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(k, j.was -> k) AS before, jsonb_object_agg(k, j.became -> k) AS after,
                   bool_or(k NOT IN ('position', 'health_score', 'risk_level', 'insights', 'win_probability',
                                     'predicted_close_date')) AS is_edit,
                   bool_or(k = 'position') AS is_reorder
            FROM jsonb_object_keys(j.became) k WHERE j.was -> k IS DISTINCT FROM j.became -> k) d
        WHERE d.before IS NOT NULL OR n.version <> o.version
    ), events AS (
        INSERT INTO deal_events (tenant_id, deal_id, kind, version, before, after, actor, door, cause, request_id)
        SELECT tenant_id, id,
               CASE WHEN NULLIF(current_setting('app.operation', true), '') IS NOT NULL
                         THEN current_setting('app.operation', true)
                    WHEN NOT is_edit AND is_reorder THEN 'reordered'
                    WHEN NOT is_edit THEN 'scored'
                    WHEN is_deletion THEN 'deleted'
                    WHEN is_restoration THEN 'restored'
                    WHEN was = 'open' AND became = 'closed_won' THEN 'won'
                    WHEN was = 'open' AND became = 'closed_lost' THEN 'lost'
                    WHEN was <> 'open' AND became = 'open' THEN 'reopened'
                    WHEN is_move THEN 'moved'
                    ELSE 'updated' END,
               CASE WHEN version = old_version + COALESCE(is_edit, false)::integer AND before IS NOT NULL THEN version
                    ELSE version_gap(id, old_version, version) END,
               before, after, c.actor, c.door, c.cause, c.request_id
        FROM changes CROSS JOIN change_context() c
        RETURNING tenant_id, id, deal_id, kind, version)
    INSERT INTO outbox (tenant_id, topic, payload)
    SELECT tenant_id, topic_of_event(kind),
           jsonb_build_object('event_id', id, 'deal_id', deal_id, 'version', version)
    FROM events WHERE kind NOT IN ('reordered', 'scored');
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_of_new AFTER INSERT ON deals REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_new_deals();
CREATE TRIGGER ledger_of_changed AFTER UPDATE ON deals REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION record_changed_deals();
"""

GRANTS = """
-- The relay works for every tenant at once, as the owner.
CREATE POLICY relay_sees_all ON outbox TO CURRENT_USER USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON customers, pipelines, stages, external_refs, activities, outbox TO deals_app;
GRANT DELETE ON stages TO deals_app;
GRANT SELECT, INSERT ON deals TO deals_app;
-- everything but what a deal is: tenant, id and the moment it was made never change
GRANT UPDATE (customer_id, assigned_to, name, match_key, value, currency, value_estimated, pipeline_id, stage_id,
    status, probability, source, ingested_from, expected_close_date, actual_close_date, stage_entered_at, loss_reason,
    competitor, tags, custom_fields, metadata, position, health_score, risk_level, insights, win_probability,
    predicted_close_date, version, updated_at, deleted_at) ON deals TO deals_app;
-- append-only: written by the triggers alone, which run as the owner
GRANT SELECT ON deal_events TO deals_app;
"""

LEDGER_IS_THE_OWNERS = """
-- Whoever may execute a trigger's function may hang it on a temporary table of their own, and so forge the ledger.
REVOKE ALL ON FUNCTION record_new_deals, record_changed_deals FROM PUBLIC;
"""


def upgrade() -> None:
    """Tables, walls, ledger, grants."""
    op.execute(TABLES)
    for table in ("customers", "pipelines", "stages", "deals", "external_refs", "activities", "outbox"):
        wall_in(table)
    op.execute(
        "ALTER TABLE deal_events ENABLE ROW LEVEL SECURITY; ALTER TABLE deal_events FORCE ROW LEVEL SECURITY;"
        "CREATE POLICY tenant_rows ON deal_events USING (tenant_id = (SELECT current_tenant()))"
        " WITH CHECK (tenant_id = (SELECT current_tenant()));"
    )
    op.execute(LEDGER)
    op.execute(GRANTS)
    op.execute(LEDGER_IS_THE_OWNERS)


def downgrade() -> None:
    """The functions go after the tables whose triggers call them."""
    op.execute(
        "DROP TABLE outbox, deal_events, activities, external_refs, deals, stages, pipelines, customers CASCADE;"
        "DROP FUNCTION record_new_deals, record_changed_deals, version_gap, topic_of_event, change_context;"
    )
