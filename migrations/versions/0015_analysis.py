"""How a deal's health came about: its factors with their reasons, beside the deal, which holds the score itself."""

from alembic import op

from migrations.walls import wall_in

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLE = """
-- Not columns of deals: boards and lists read those rows, and only a deal's own page reads this.
CREATE TABLE deal_analyses (
    tenant_id uuid NOT NULL,
    deal_id uuid NOT NULL,
    -- [{"name", "points", "reason"}], adding up to the deal's health_score
    factors jsonb NOT NULL,
    analysed_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, deal_id),
    FOREIGN KEY (tenant_id, deal_id) REFERENCES deals (tenant_id, id)
);
"""

SWEEPS = """
-- When a tenant's deals were looked at last: asked each minute, among a row for every event.
CREATE INDEX outbox_sweeps ON outbox (tenant_id, created_at) WHERE topic = 'analysis.sweep';
"""

QUIET_SCORES = """
-- A score is nobody's edit: who asks for what changed since a moment is not told of a deal that only grew older.
DROP TRIGGER touch ON deals;
CREATE TRIGGER touch BEFORE UPDATE ON deals FOR EACH ROW
    WHEN (new.version <> old.version OR new.position <> old.position)
    EXECUTE FUNCTION touch_updated_at();
"""

LOUD_SCORES = """
DROP TRIGGER touch ON deals;
CREATE TRIGGER touch BEFORE UPDATE ON deals FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
"""


def upgrade() -> None:
    """The table with its wall and grants; then what makes looking at every deal each hour cheap and silent."""
    op.execute(TABLE)
    wall_in("deal_analyses")
    op.execute("GRANT SELECT, INSERT, UPDATE ON deal_analyses TO deals_app;")
    op.execute(SWEEPS)
    op.execute(QUIET_SCORES)


def downgrade() -> None:
    """Scores and insights stay in the deals."""
    op.execute(LOUD_SCORES)
    op.execute("DROP INDEX outbox_sweeps; DROP TABLE deal_analyses;")
