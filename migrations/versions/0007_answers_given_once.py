"""The answers to requests with an Idempotency-Key: kept in the transaction of what they did."""

from alembic import op

from migrations.walls import wall_in

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE given_answers (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    -- what was asked: the same key for something else is a mistake of the caller
    request_hash bytea NOT NULL,
    status integer NOT NULL CHECK (status BETWEEN 200 AND 299),
    headers jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(headers) = 'object'),
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX given_answers_old ON given_answers (tenant_id, created_at);
"""


def upgrade() -> None:
    """Table, wall, grants."""
    op.execute(TABLE)
    wall_in("given_answers")
    op.execute("GRANT SELECT, INSERT, DELETE ON given_answers TO deals_app;")


def downgrade() -> None:
    """Without it a repeated request is a second one."""
    op.execute("DROP TABLE given_answers;")
