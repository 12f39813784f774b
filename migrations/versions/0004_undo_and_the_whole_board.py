"""What the board needs beyond a card in a column: operations that can be undone, back-dating, next steps, questions.

Every ledger entry names the operation it belongs to (one transaction of one actor, a bulk change of 500 deals
included) and, when it takes one back, the operation it undoes. The time of a change may be said by the schema's owner
alone: whoever works as the application's role cannot back-date.
"""

from alembic import op

from migrations.walls import all_rows_visible

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE deal_events ADD COLUMN operation uuid, ADD COLUMN undoes uuid;
UPDATE deal_events SET operation = COALESCE(cause, id);
ALTER TABLE deal_events ALTER COLUMN operation SET NOT NULL;
CREATE INDEX deal_events_operation ON deal_events (tenant_id, operation);
CREATE INDEX deal_events_undoes ON deal_events (tenant_id, undoes) WHERE undoes IS NOT NULL;
-- "my latest change", for Ctrl-Z; what programs and imports do is not undone by a key
CREATE INDEX deal_events_by_hand ON deal_events (tenant_id, actor, id DESC) WHERE door = 'page';

-- What a stage asks of a deal before it may come in.
ALTER TABLE stages ADD COLUMN required_fields text[] NOT NULL DEFAULT '{}'
    CONSTRAINT askable CHECK (required_fields <@ ARRAY['value', 'expected_close_date', 'customer', 'owner',
                                                       'loss_reason', 'competitor']);

-- The next step of a card: its earliest activity that is planned and not done.
CREATE INDEX activities_next ON activities (tenant_id, deal_id, due_on)
    WHERE due_on IS NOT NULL AND done_at IS NULL;

-- Closed columns sum up the last days only, and estimated values apart.
DROP INDEX deals_totals;
CREATE INDEX deals_totals ON deals (tenant_id, pipeline_id, stage_id, currency)
    INCLUDE (value, probability, value_estimated, actual_close_date) WHERE deleted_at IS NULL;
"""

CHANGE_TIME = """
-- The moment a change is said to have happened: now, unless the owner of the schema says otherwise in `app.at`.
CREATE FUNCTION change_time() RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE said text := current_setting('app.at', true);
BEGIN
    IF said IS NULL OR said = '' THEN
        RETURN now();
    END IF;
    IF NOT pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = 'public.deals'::regclass), 'USAGE') THEN
        RAISE EXCEPTION 'only the owner of the schema may say when a change happened'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF said::timestamptz > now() THEN
        RAISE EXCEPTION 'a change cannot happen in the future: %', said USING ERRCODE = 'check_violation';
    END IF;
    RETURN said::timestamptz;
END $$;

-- The ledger's triggers run as the owner; this one runs as whoever writes, and so guards the time they will record.
CREATE FUNCTION guard_change_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM change_time();
    RETURN NULL;
END $$;
CREATE TRIGGER no_back_dating BEFORE INSERT OR UPDATE ON deals
    FOR EACH STATEMENT EXECUTE FUNCTION guard_change_time();

ALTER TABLE deals ALTER COLUMN created_at SET DEFAULT change_time(),
    ALTER COLUMN stage_entered_at SET DEFAULT change_time();
ALTER TABLE activities ALTER COLUMN at SET DEFAULT change_time(), ALTER COLUMN created_at SET DEFAULT change_time();
ALTER TABLE deal_events ALTER COLUMN at SET DEFAULT change_time();
ALTER TABLE customers ALTER COLUMN created_at SET DEFAULT change_time();
"""

NEW_ID = """
-- RFC 9562 version 7 with its method 3: the 12 bits behind the milliseconds are a finer clock, so that the entries of
-- one deal, which its row's lock puts in order, are in that order by id.
CREATE OR REPLACE FUNCTION new_id() RETURNS uuid LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
DECLARE microseconds bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
BEGIN
    RETURN (lpad(to_hex(microseconds / 1000), 12, '0') || '7'
            || lpad(to_hex(microseconds % 1000 * 4096 / 1000), 3, '0')
            || right(gen_random_uuid()::text, 17))::uuid;
END $$;
-- PostgreSQL 18 has the same of its own.
DO $$
BEGIN
    IF current_setting('server_version_num')::integer >= 180000 THEN
        CREATE OR REPLACE FUNCTION new_id() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS 'SELECT uuidv7()';
    END IF;
END $$;
"""

# Who uses a key is looked up with every request: the write that notes it is tried once a minute, not each time.
KEY_LOOKUP = """
CREATE OR REPLACE FUNCTION api_key_actor(p_prefix text, p_key_hash bytea)
    RETURNS TABLE (key_id uuid, tenant_id uuid, name text, role text,
                   tenant_name text, time_zone text, base_currency text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE noted timestamptz;
BEGIN
    SELECT COALESCE(last_used_at, '-infinity') INTO noted FROM api_keys
    WHERE prefix = p_prefix AND key_hash = p_key_hash;
    IF noted < now() - interval '1 minute' THEN
        UPDATE api_keys SET last_used_at = now() WHERE prefix = p_prefix AND key_hash = p_key_hash;
    END IF;
    RETURN QUERY SELECT k.id, k.tenant_id, k.name, k.role, t.name, t.time_zone, t.base_currency
    FROM api_keys k JOIN tenants t ON t.id = k.tenant_id
    WHERE k.prefix = p_prefix AND k.key_hash = p_key_hash
      AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now());
END $$;
"""

KEY_LOOKUP_BEFORE = """
CREATE OR REPLACE FUNCTION api_key_actor(p_prefix text, p_key_hash bytea)
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
"""

LEDGER = """
DROP FUNCTION change_context();
CREATE FUNCTION change_context(OUT actor text, OUT door text, OUT cause uuid, OUT request_id text,
                               OUT operation uuid, OUT undoes uuid)
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    actor := NULLIF(current_setting('app.actor', true), '');
    door := NULLIF(current_setting('app.door', true), '');
    cause := NULLIF(current_setting('app.cause', true), '')::uuid;
    request_id := COALESCE(current_setting('app.request_id', true), '');
    operation := NULLIF(current_setting('app.operation', true), '')::uuid;
    undoes := NULLIF(current_setting('app.undoes', true), '')::uuid;
    IF actor IS NULL OR door IS NULL OR operation IS NULL THEN
        RAISE EXCEPTION 'a deal may only be changed by a named actor through a named door, in a named operation'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION record_new_deals() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    WITH events AS (
        INSERT INTO deal_events (tenant_id, deal_id, kind, version, before, after,
                                 actor, door, cause, request_id, operation)
        SELECT n.tenant_id, n.id, 'created', n.version, '{}',
               jsonb_strip_nulls(to_jsonb(n) - '{tenant_id,id,version,match_key,updated_at}'::text[]),
               c.actor, c.door, c.cause, c.request_id, c.operation
        FROM new_rows n CROSS JOIN change_context() c
        RETURNING tenant_id, id, deal_id, kind, version)
    INSERT INTO outbox (tenant_id, id, topic, payload)
    SELECT tenant_id, id, topic_of_event(kind),
           jsonb_build_object('event_id', id, 'deal_id', deal_id, 'version', version)
    FROM events;
    RETURN NULL;
END $$;

-- Position and scores are not somebody's edit: they take no version (a drag must not fail because a job scored).
-- OFFSET 0 keeps the planner from writing to_jsonb(row) out for every field: 36 µs a row instead of 360.
CREATE OR REPLACE FUNCTION record_changed_deals() RETURNS trigger
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
                                   to_jsonb(n) - '{tenant_id,id,version,match_key,updated_at}'::text[] AS became
                            OFFSET 0) j
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(f.key, j.was -> f.key) AS before, jsonb_object_agg(f.key, f.value) AS after,
                   bool_or(f.key NOT IN ('position', 'health_score', 'risk_level', 'insights', 'win_probability',
                                         'predicted_close_date')) AS is_edit,
                   bool_or(f.key = 'position') AS is_reorder
            FROM jsonb_each(j.became) f WHERE j.was -> f.key IS DISTINCT FROM f.value) d
        WHERE d.before IS NOT NULL OR n.version <> o.version
    ), events AS (
        INSERT INTO deal_events (tenant_id, deal_id, kind, version, before, after,
                                 actor, door, cause, request_id, operation, undoes)
        SELECT tenant_id, id,
               CASE WHEN NOT is_edit AND is_reorder THEN 'reordered'
                    WHEN NOT is_edit THEN 'scored'
                    WHEN c.undoes IS NOT NULL THEN 'undone'
                    WHEN is_deletion THEN 'deleted'
                    WHEN is_restoration THEN 'restored'
                    WHEN was = 'open' AND became = 'closed_won' THEN 'won'
                    WHEN was = 'open' AND became = 'closed_lost' THEN 'lost'
                    WHEN was <> 'open' AND became = 'open' THEN 'reopened'
                    WHEN is_move THEN 'moved'
                    ELSE 'updated' END,
               CASE WHEN version = old_version + COALESCE(is_edit, false)::integer AND before IS NOT NULL THEN version
                    ELSE version_gap(id, old_version, version) END,
               before, after, c.actor, c.door, c.cause, c.request_id, c.operation, c.undoes
        FROM changes CROSS JOIN change_context() c
        RETURNING tenant_id, id, deal_id, kind, version)
    INSERT INTO outbox (tenant_id, id, topic, payload)
    SELECT tenant_id, id, topic_of_event(kind),
           jsonb_build_object('event_id', id, 'deal_id', deal_id, 'version', version)
    FROM events WHERE kind NOT IN ('reordered', 'scored');
    RETURN NULL;
END $$;
"""

COARSER_NEW_ID = """
CREATE OR REPLACE FUNCTION new_id() RETURNS uuid LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
BEGIN
    RETURN encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6),
            52, 1), 53, 1), 'hex')::uuid;
END $$;
"""
WITHOUT_LEDGER = """
DROP FUNCTION record_new_deals, record_changed_deals, version_gap, topic_of_event, change_context CASCADE;
"""
WITHOUT_THE_REST = """
ALTER TABLE deals ALTER COLUMN created_at SET DEFAULT now(), ALTER COLUMN stage_entered_at SET DEFAULT now();
ALTER TABLE activities ALTER COLUMN at SET DEFAULT now(), ALTER COLUMN created_at SET DEFAULT now();
ALTER TABLE deal_events ALTER COLUMN at SET DEFAULT now();
ALTER TABLE customers ALTER COLUMN created_at SET DEFAULT now();
DROP TRIGGER no_back_dating ON deals;
DROP FUNCTION guard_change_time, change_time;

DROP INDEX deals_totals;
CREATE INDEX deals_totals ON deals (tenant_id, pipeline_id, stage_id, currency)
    INCLUDE (value, probability, value_estimated) WHERE deleted_at IS NULL;
DROP INDEX activities_next;
ALTER TABLE stages DROP COLUMN required_fields;
ALTER TABLE deal_events DROP COLUMN operation, DROP COLUMN undoes;
DROP INDEX IF EXISTS deal_events_by_hand;
"""


def upgrade() -> None:
    """Columns first, then the functions that fill them."""
    with all_rows_visible("deal_events"):
        op.execute(COLUMNS)
    op.execute(NEW_ID)
    op.execute(KEY_LOOKUP)
    op.execute(CHANGE_TIME)
    op.execute(LEDGER)


def downgrade() -> None:
    """The ledger as revision 0002 made it; which operation undid which is forgotten."""
    op.execute(WITHOUT_LEDGER)
    op.execute(WITHOUT_THE_REST)
    op.execute(COARSER_NEW_ID)
    op.execute(KEY_LOOKUP_BEFORE)
    environment = op.get_context().environment_context
    if environment is None or (before := environment.script.get_revision("0002")) is None:
        message = "a downgrade needs the migrations before it"
        raise RuntimeError(message)
    op.execute(before.module.LEDGER)
    op.execute(before.module.LEDGER_IS_THE_OWNERS)
