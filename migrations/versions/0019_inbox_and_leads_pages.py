"""How often each source came to what; leads that are merged so that it can be undone, and converted."""

from alembic import op

from migrations.walls import all_rows_visible, wall_in

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

COUNTS = """
-- How often what came by a source came to an outcome; it only grows, whatever becomes of the items. Several slots,
-- so that two who count at the same moment need not wait for each other.
CREATE TABLE ingestion_counts (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    source text NOT NULL,
    outcome text NOT NULL CHECK (
        outcome IN ('created', 'updated', 'unchanged', 'rejected', 'held', 'set_aside')),
    slot integer NOT NULL CHECK (slot >= 0),
    number bigint NOT NULL CHECK (number >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, source, outcome, slot)
);
"""

# Imports that have ended; one that runs counts itself when it ends.
COUNTED_SO_FAR = """
INSERT INTO ingestion_counts (tenant_id, source, outcome, slot, number)
SELECT tenant_id, source, outcome, 0, count(*) FROM inbound_items WHERE outcome <> 'received' GROUP BY 1, 2, 3
UNION ALL
SELECT tenant_id, 'csv', outcome, 0, sum(number) FROM imports, LATERAL (VALUES
    ('created', created), ('updated', updated), ('unchanged', unchanged), ('rejected', failed)
) AS each (outcome, number) WHERE finished_at IS NOT NULL AND staged_at IS NOT NULL AND number > 0 GROUP BY 1, 3;
"""

FOR_OPERATORS = """
CREATE POLICY summed_by_function ON ingestion_counts FOR SELECT TO CURRENT_USER USING (true);
CREATE FUNCTION ingested_deals()
    RETURNS TABLE (source text, outcome text, number bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.source, c.outcome, sum(c.number)::bigint FROM ingestion_counts c GROUP BY 1, 2 ORDER BY 1, 2 $$;
REVOKE ALL ON FUNCTION ingested_deals FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ingested_deals TO deals_app;
"""

# A source's outcomes of the last days are counted from the index alone.
INDEX = """
DROP INDEX inbound_items_newest;
CREATE INDEX inbound_items_newest ON inbound_items (tenant_id, source, created_at DESC) INCLUDE (outcome);
CREATE INDEX inbound_items_lead ON inbound_items (tenant_id, lead_id) WHERE lead_id IS NOT NULL;
"""

LEADS = """
UPDATE leads SET status = 'qualified' WHERE status = 'converted';
ALTER TABLE leads
    -- What it gave to the lead that it was merged into, so that this can be taken back: {fields, facts, leads}.
    ADD COLUMN gave jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(gave) = 'object'),
    -- What it was converted to.
    ADD COLUMN customer_id uuid,
    ADD COLUMN contact_id uuid,
    ADD COLUMN deal_id uuid,
    ADD FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
    ADD FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts (tenant_id, id),
    ADD FOREIGN KEY (tenant_id, deal_id) REFERENCES deals (tenant_id, id),
    ADD CONSTRAINT converted_to_something CHECK (
        status <> 'converted' OR (customer_id IS NOT NULL AND deal_id IS NOT NULL));
CREATE INDEX leads_merged ON leads (tenant_id, merged_into) WHERE merged_into IS NOT NULL;
"""

BEFORE = """
DROP FUNCTION ingested_deals;
DROP TABLE ingestion_counts;
DROP INDEX inbound_items_lead, inbound_items_newest, leads_merged;
CREATE INDEX inbound_items_newest ON inbound_items (tenant_id, source, created_at DESC);
ALTER TABLE leads DROP CONSTRAINT converted_to_something, DROP COLUMN gave, DROP COLUMN customer_id,
    DROP COLUMN contact_id, DROP COLUMN deal_id;
"""


def upgrade() -> None:
    """The counts with what came in so far, then the leads' columns."""
    op.execute(COUNTS)
    with all_rows_visible("inbound_items", "imports"):
        op.execute(COUNTED_SO_FAR)
    wall_in("ingestion_counts")
    op.execute("GRANT SELECT, INSERT, UPDATE ON ingestion_counts TO deals_app;")
    op.execute(FOR_OPERATORS)
    op.execute(INDEX)
    with all_rows_visible("leads"):
        op.execute(LEADS)


def downgrade() -> None:
    """As it was."""
    op.execute(BEFORE)
