"""Views that people save: the words of a page's address under a name, for oneself or for the team."""

from alembic import op

from migrations.walls import wall_in

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE saved_views (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL DEFAULT new_id(),
    -- a reference as in the ledger: a person, or a program's key
    owner text NOT NULL,
    page text NOT NULL CHECK (page IN ('deals', 'board')),
    name text NOT NULL CHECK (name = btrim(name) AND char_length(name) BETWEEN 1 AND 100),
    words jsonb NOT NULL CHECK (jsonb_typeof(words) = 'object'),
    is_shared boolean NOT NULL DEFAULT false,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX saved_views_name ON saved_views (tenant_id, owner, page, lower(name)) WHERE deleted_at IS NULL;
CREATE INDEX saved_views_shared ON saved_views (tenant_id, page) WHERE deleted_at IS NULL AND is_shared;
"""

GRANTS = """
GRANT SELECT, INSERT ON saved_views TO deals_app;
GRANT UPDATE (name, words, is_shared, deleted_at) ON saved_views TO deals_app;
"""


def upgrade() -> None:
    """Table, wall, grants."""
    op.execute(TABLE)
    wall_in("saved_views")
    op.execute(GRANTS)


def downgrade() -> None:
    """The addresses themselves still work."""
    op.execute("DROP TABLE saved_views;")
