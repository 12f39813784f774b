"""What came in is worked on as a delivery, step by step; and the people behind deals are leads."""

from alembic import op

from migrations.walls import all_rows_visible, wall_in

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INBOX = """
ALTER TABLE inbound_items
    DROP COLUMN parsed, DROP COLUMN decision, DROP CONSTRAINT inbound_items_outcome_check,
    -- One request, mail or page of a sync; the outbox row of the same id brings it to its end.
    ADD COLUMN delivery_id uuid,
    ADD COLUMN position integer NOT NULL DEFAULT 0 CHECK (position >= 0),
    -- What the source must know that the body does not say: a form, a connection, an event's kind.
    ADD COLUMN context jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(context) = 'object'),
    -- What was understood, decided and done, in order: [{step, says, …}].
    ADD COLUMN steps jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(steps) = 'array'),
    ADD COLUMN problems jsonb CHECK (jsonb_typeof(problems) = 'array'),
    ADD COLUMN lead_id uuid,
    ADD COLUMN settled_at timestamptz;
UPDATE inbound_items SET delivery_id = id, problems = CASE WHEN outcome = 'rejected' THEN '[]'::jsonb END,
    settled_at = CASE WHEN outcome <> 'received' THEN updated_at END;
ALTER TABLE inbound_items ALTER COLUMN delivery_id SET NOT NULL,
    ADD CONSTRAINT inbound_items_outcome_check CHECK (
        outcome IN ('received', 'created', 'updated', 'unchanged', 'rejected', 'held', 'set_aside')),
    ADD CONSTRAINT settled_has_an_outcome CHECK ((outcome = 'received') = (settled_at IS NULL)),
    ADD CONSTRAINT rejected_says_why CHECK (outcome <> 'rejected' OR problems IS NOT NULL);
CREATE UNIQUE INDEX inbound_items_delivery ON inbound_items (tenant_id, delivery_id, position);
CREATE INDEX inbound_items_deal ON inbound_items (tenant_id, deal_id) WHERE deal_id IS NOT NULL;
CREATE INDEX inbound_items_open ON inbound_items (tenant_id, created_at) WHERE outcome IN ('received', 'held');
"""

LEADS = """
CREATE TABLE leads (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL DEFAULT new_id(),
    email text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
    -- The address without case: one lead each.
    email_key text NOT NULL CHECK (email_key = lower(email_key)),
    first_name text,
    last_name text,
    company text,
    phone text,
    message text,
    source text NOT NULL,
    status text NOT NULL DEFAULT 'new'
        CHECK (status IN ('new', 'contacted', 'qualified', 'converted', 'disqualified')),
    ai_score integer CHECK (ai_score BETWEEN 0 AND 100),
    ai_qualification_summary text,
    is_spam boolean NOT NULL DEFAULT false,
    facts jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(facts) = 'object'),
    assigned_to uuid,
    merged_into uuid,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, assigned_to) REFERENCES memberships (tenant_id, user_id),
    FOREIGN KEY (tenant_id, merged_into) REFERENCES leads (tenant_id, id),
    CONSTRAINT not_merged_into_itself CHECK (merged_into <> id)
);
CREATE UNIQUE INDEX leads_one_per_address ON leads (tenant_id, email_key) WHERE merged_into IS NULL;
CREATE INDEX leads_newest ON leads (tenant_id, created_at DESC, id DESC) WHERE merged_into IS NULL;

-- A lead may come back with another deal, and a deal may have several people behind it.
CREATE TABLE lead_deals (
    tenant_id uuid NOT NULL,
    lead_id uuid NOT NULL,
    deal_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, lead_id, deal_id),
    FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id),
    FOREIGN KEY (tenant_id, deal_id) REFERENCES deals (tenant_id, id)
);
CREATE INDEX lead_deals_deal ON lead_deals (tenant_id, deal_id);

ALTER TABLE inbound_items ADD FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id);
"""

INBOX_BEFORE = """
DROP INDEX inbound_items_open, inbound_items_deal, inbound_items_delivery;
ALTER TABLE inbound_items
    DROP CONSTRAINT inbound_items_outcome_check, DROP CONSTRAINT settled_has_an_outcome,
    DROP CONSTRAINT rejected_says_why;
DELETE FROM inbound_items WHERE outcome = 'set_aside';
ALTER TABLE inbound_items
    DROP COLUMN delivery_id, DROP COLUMN position, DROP COLUMN context,
    DROP COLUMN steps, DROP COLUMN problems, DROP COLUMN lead_id, DROP COLUMN settled_at,
    ADD COLUMN parsed jsonb, ADD COLUMN decision jsonb,
    ADD CONSTRAINT inbound_items_outcome_check
    CHECK (outcome IN ('received', 'created', 'updated', 'unchanged', 'rejected', 'held'));
DROP TABLE lead_deals, leads;
"""


def upgrade() -> None:
    """The inbox's columns, then leads with their walls and grants."""
    with all_rows_visible("inbound_items"):
        op.execute(INBOX)
    op.execute(LEADS)
    wall_in("leads")
    wall_in("lead_deals")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE ON leads TO deals_app; GRANT SELECT, INSERT, DELETE ON lead_deals TO deals_app;"
    )


def downgrade() -> None:
    """As it was; leads are gone with it."""
    with all_rows_visible("inbound_items"):
        op.execute(INBOX_BEFORE)
