"""Events can be read in an order that never grows in the middle: by the transaction that wrote them."""

from alembic import op

from migrations.walls import all_rows_visible

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMN = """
-- An id is drawn before the commit, so a slow transaction's events may come to light after younger ones: who reads by
-- id and remembers the last would miss them. Below the oldest transaction that still runs nothing is added any more.
ALTER TABLE deal_events ADD COLUMN written_by bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint;
CREATE INDEX deal_events_in_order ON deal_events (tenant_id, written_by, id);
"""


def upgrade() -> None:
    """What is there counts as written now, in the order of its ids."""
    with all_rows_visible("deal_events"):
        op.execute(COLUMN)


def downgrade() -> None:
    """By id alone again."""
    op.execute("ALTER TABLE deal_events DROP COLUMN written_by;")
