"""Mailboxes: where mails come from, by a mail service's webhook or fetched over IMAP, and how far each was read."""

from alembic import op

from migrations.walls import wall_in

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE mailboxes (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL DEFAULT new_id(),
    kind text NOT NULL CHECK (kind IN ('imap', 'sendgrid', 'mailgun', 'postmark')),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    -- SHA-256 of the token in the webhook's path, by which it is found
    token_hash bytea UNIQUE CHECK (octet_length(token_hash) = 32),
    -- the token itself, the password, the signing key: encrypted with a key made from SECRET_KEY
    sealed bytea NOT NULL,
    host text CHECK (char_length(host) BETWEEN 1 AND 253),
    port integer CHECK (port BETWEEN 1 AND 65535),
    user_name text CHECK (char_length(user_name) BETWEEN 1 AND 254),
    security text CHECK (security IN ('tls', 'none')),
    begins_with text NOT NULL DEFAULT 'unread' CHECK (begins_with IN ('new', 'unread', 'all')),
    marks_seen boolean NOT NULL DEFAULT false,
    -- of the deals that its mails make
    pipeline_id uuid,
    owner_id uuid,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused')),
    -- mails up to last_uid have been taken; of those below old_below only what was unread, or came since a day
    uid_validity bigint,
    last_uid bigint NOT NULL DEFAULT 0 CHECK (last_uid >= 0),
    old_below bigint NOT NULL DEFAULT 0 CHECK (old_below >= 0),
    old_since date,
    taken bigint NOT NULL DEFAULT 0 CHECK (taken >= 0),
    refused bigint NOT NULL DEFAULT 0 CHECK (refused >= 0),
    last_taken_at timestamptz,
    looked_at timestamptz,
    last_error text CHECK (char_length(last_error) <= 500),
    failing_since timestamptz,
    failures_in_row integer NOT NULL DEFAULT 0 CHECK (failures_in_row >= 0),
    next_look_at timestamptz NOT NULL DEFAULT now(),
    -- when a worker was last rung for it; and the lease of who is looking: its number of looks, and until when
    rung_at timestamptz,
    leased_until timestamptz,
    looks bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, pipeline_id) REFERENCES pipelines (tenant_id, id) ON DELETE SET NULL (pipeline_id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES memberships (tenant_id, user_id) ON DELETE SET NULL (owner_id),
    CONSTRAINT imap_says_where CHECK (
        (kind = 'imap') = (num_nonnulls(host, port, user_name, security) = 4)
        AND num_nonnulls(host, port, user_name, security) IN (0, 4)),
    CONSTRAINT posted_has_an_address CHECK ((kind <> 'imap') = (token_hash IS NOT NULL))
);
CREATE INDEX mailboxes_due ON mailboxes (next_look_at) WHERE kind = 'imap' AND state = 'active';

-- Mailgun's tokens, each of which signs one post; older than the time a signature holds they are swept away.
CREATE TABLE mailbox_tokens (
    tenant_id uuid NOT NULL,
    mailbox_id uuid NOT NULL,
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, mailbox_id, token_hash),
    FOREIGN KEY (tenant_id, mailbox_id) REFERENCES mailboxes (tenant_id, id) ON DELETE CASCADE
);
"""

DOORS = """
-- For the look-up before a tenant is known, and for the schedule, which works for every tenant at once.
CREATE POLICY schedule_sees_all ON mailboxes TO CURRENT_USER USING (true) WITH CHECK (true);

CREATE FUNCTION mailbox_of_token(p_token_hash bytea)
    RETURNS TABLE (mailbox_id uuid, tenant_id uuid, kind text, name text, is_active boolean,
                   tenant_name text, time_zone text, base_currency text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT m.id, m.tenant_id, m.kind, m.name, m.state = 'active', t.name, t.time_zone, t.base_currency
    FROM mailboxes m JOIN tenants t ON t.id = m.tenant_id WHERE m.token_hash = p_token_hash $$;
REVOKE ALL ON FUNCTION mailbox_of_token FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mailbox_of_token TO deals_app;

GRANT SELECT, INSERT, UPDATE, DELETE ON mailboxes TO deals_app;
GRANT SELECT, INSERT, DELETE ON mailbox_tokens TO deals_app;
"""


def upgrade() -> None:
    """Tables, walls, the look-up and grants."""
    op.execute(TABLES)
    for table in ("mailboxes", "mailbox_tokens"):
        wall_in(table)
    op.execute(DOORS)


def downgrade() -> None:
    """What came through them stays in the inbox."""
    op.execute("DROP FUNCTION mailbox_of_token; DROP TABLE mailbox_tokens, mailboxes;")
