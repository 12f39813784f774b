"""An import is seen before it happens and can be taken back: what each row would do, what was decided, what it made.

A check stages the file and writes into each row what would become of it (`verdict`, `changes`, `review`); an import
without one goes straight on. Taking an import back deletes what it made, which is why customers can be deleted now.
"""

from alembic import op

from migrations.walls import all_rows_visible

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATES = """
ALTER TABLE imports DROP CONSTRAINT imports_state_check;
ALTER TABLE imports ADD CONSTRAINT imports_state_check CHECK (state IN (
    'draft', 'checking', 'checked', 'queued', 'running', 'done', 'failed', 'cancelled', 'undoing', 'undone'));
"""

IMPORTS = """
-- What a text of the file means here, as a person said: text -> id of the stage or the person, null for "none".
ALTER TABLE imports ADD COLUMN stage_map jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(stage_map) = 'object');
ALTER TABLE imports ADD COLUMN owner_map jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(owner_map) = 'object');
-- Files with the same columns are read the same way the next time.
ALTER TABLE imports ADD COLUMN header_key text NOT NULL DEFAULT '';
CREATE INDEX imports_same_header ON imports (tenant_id, header_key, created_at DESC) WHERE header_key <> '';
-- Rows a person left out by hand count like all others.
ALTER TABLE imports ADD COLUMN skipped integer NOT NULL DEFAULT 0;
ALTER TABLE imports DROP CONSTRAINT rows_add_up;
ALTER TABLE imports ADD CONSTRAINT rows_add_up
    CHECK (processed = created + updated + unchanged + failed + skipped AND processed <= total);
-- The check: what it found, by verdict, and how far it is.
ALTER TABLE imports ADD COLUMN checked_at timestamptz;
ALTER TABLE imports ADD COLUMN checked_line integer NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN plan jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(plan) = 'object');
-- Taken back: when, and how many rows of each kind.
ALTER TABLE imports ADD COLUMN undone_at timestamptz;
ALTER TABLE imports ADD COLUMN undo jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(undo) = 'object');
"""

ROWS = """
ALTER TABLE import_rows ADD COLUMN verdict text
    CHECK (verdict IN ('create', 'update', 'unchanged', 'reject'));
-- field -> [what the deal has, what the file says]
ALTER TABLE import_rows ADD COLUMN changes jsonb;
-- [{"deal_id" or "line", "why"}]: what it may be the same as; never merged by itself
ALTER TABLE import_rows ADD COLUMN review jsonb;
ALTER TABLE import_rows ADD COLUMN decision text CHECK (decision IN ('skip'));
-- whether this row gave its deal the name it has in the other system
ALTER TABLE import_rows ADD COLUMN made_ref boolean NOT NULL DEFAULT false;
ALTER TABLE import_rows DROP CONSTRAINT import_rows_outcome_check;
ALTER TABLE import_rows ADD CONSTRAINT import_rows_outcome_check
    CHECK (outcome IN ('created', 'updated', 'unchanged', 'failed', 'skipped'));
CREATE INDEX import_rows_review ON import_rows (tenant_id, import_id, line) WHERE review IS NOT NULL;
"""

MADE_BY = """
ALTER TABLE customers ADD COLUMN deleted_at timestamptz;
ALTER TABLE customers ADD COLUMN import_id uuid;
CREATE INDEX customers_of_import ON customers (tenant_id, import_id) WHERE import_id IS NOT NULL;
GRANT DELETE ON external_refs TO deals_app;
"""

BEFORE = """
REVOKE DELETE ON external_refs FROM deals_app;
ALTER TABLE customers DROP COLUMN import_id, DROP COLUMN deleted_at;
ALTER TABLE import_rows DROP CONSTRAINT import_rows_outcome_check;
UPDATE import_rows SET outcome = 'unchanged' WHERE outcome = 'skipped';
ALTER TABLE import_rows ADD CONSTRAINT import_rows_outcome_check
    CHECK (outcome IN ('created', 'updated', 'unchanged', 'failed'));
ALTER TABLE import_rows DROP COLUMN verdict, DROP COLUMN changes, DROP COLUMN review, DROP COLUMN decision,
    DROP COLUMN made_ref;
ALTER TABLE imports DROP CONSTRAINT rows_add_up;
UPDATE imports SET unchanged = unchanged + skipped;
ALTER TABLE imports ADD CONSTRAINT rows_add_up
    CHECK (processed = created + updated + unchanged + failed AND processed <= total);
ALTER TABLE imports DROP CONSTRAINT imports_state_check;
UPDATE imports SET state = CASE WHEN state IN ('undoing', 'undone') THEN 'done' ELSE 'cancelled' END
    WHERE state IN ('checking', 'checked', 'undoing', 'undone');
ALTER TABLE imports ADD CONSTRAINT imports_state_check
    CHECK (state IN ('draft', 'queued', 'running', 'done', 'failed', 'cancelled'));
ALTER TABLE imports DROP COLUMN stage_map, DROP COLUMN owner_map, DROP COLUMN header_key, DROP COLUMN skipped,
    DROP COLUMN checked_at, DROP COLUMN checked_line, DROP COLUMN plan, DROP COLUMN undone_at, DROP COLUMN undo;
"""


def upgrade() -> None:
    """States first, then the columns."""
    for part in (STATES, IMPORTS, ROWS, MADE_BY):
        op.execute(part)


def downgrade() -> None:
    """As 0005 had it; imports that were only checked or taken back count as cancelled and done."""
    with all_rows_visible("imports", "import_rows"):
        op.execute(BEFORE)
