"""Taking an import back leaves what people changed since: which fields of a row's deal, changed by whom and when."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column that an import never writes, and its index: what is kept is little."""
    op.execute(
        """
        -- [{"field", "actor", "at"}]
        ALTER TABLE import_rows ADD COLUMN kept jsonb;
        CREATE INDEX import_rows_kept ON import_rows (tenant_id, import_id, line) WHERE kept IS NOT NULL;
        """
    )


def downgrade() -> None:
    """What was kept stays in the deals; only the list is gone."""
    op.execute("ALTER TABLE import_rows DROP COLUMN kept")
