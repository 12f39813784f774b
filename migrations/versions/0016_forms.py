"""Public forms: what they ask, where what they bring goes, and who may show them; every tenant has one."""

from alembic import op

from migrations.walls import all_rows_visible, wall_in

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE forms (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL DEFAULT new_id(),
    -- In the address of its page, so it is unique over all tenants and not to be guessed.
    form_key text NOT NULL UNIQUE DEFAULT substr(replace(gen_random_uuid()::text, '-', ''), 1, 20)
        CHECK (form_key ~ '^[a-z0-9]{20}$'),
    name text NOT NULL CHECK (name = btrim(name) AND char_length(name) BETWEEN 1 AND 200),
    title text NOT NULL DEFAULT '',
    intro text NOT NULL DEFAULT '',
    -- Those that are shown, in order: [{"name", "label", "is_required"}]
    fields jsonb NOT NULL CHECK (jsonb_typeof(fields) = 'array'),
    products text[] NOT NULL DEFAULT '{}',
    -- What a deal may be worth: {"51-200": "50000"}, major units of the base currency; empty means the usual table.
    company_size_values jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(company_size_values) = 'object'),
    thank_you text NOT NULL DEFAULT '',
    -- What a person agrees to by ticking; none is asked where it is empty.
    consent text NOT NULL DEFAULT '',
    allowed_origins text[] NOT NULL DEFAULT '{}',
    pipeline_id uuid,
    stage_id uuid,
    owner_id uuid,
    is_active boolean NOT NULL DEFAULT true,
    deleted_at timestamptz,
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, pipeline_id) REFERENCES pipelines (tenant_id, id),
    -- A stage may be removed; what comes then starts in the first one.
    FOREIGN KEY (tenant_id, stage_id) REFERENCES stages (tenant_id, id) ON DELETE SET NULL (stage_id),
    FOREIGN KEY (tenant_id, owner_id) REFERENCES memberships (tenant_id, user_id),
    CONSTRAINT stage_of_a_pipeline CHECK (stage_id IS NULL OR pipeline_id IS NOT NULL)
);
CREATE INDEX forms_first ON forms (tenant_id, created_at, id) WHERE deleted_at IS NULL;

-- What a manager called spam, to be looked through and taken back.
CREATE INDEX inbound_items_spam ON inbound_items (tenant_id, settled_at DESC, id DESC)
    WHERE outcome = 'set_aside' AND context ? 'reviewed_by';
"""

ONE_EACH = """
INSERT INTO forms (tenant_id, name, title, fields, thank_you)
SELECT id, 'Contact', 'Get in touch', '[
    {"name": "first_name", "label": "First name", "is_required": false},
    {"name": "last_name", "label": "Last name", "is_required": false},
    {"name": "email", "label": "Work e-mail", "is_required": true},
    {"name": "company", "label": "Company", "is_required": false},
    {"name": "company_size", "label": "Company size", "is_required": false},
    {"name": "message", "label": "How can we help?", "is_required": false}
]', 'Thank you. We will be in touch soon.' FROM tenants;
"""

LOOKUP = """
-- The look-ups before a tenant is known run as the owner, whom forced row security binds too.
CREATE POLICY lookup_before_tenant ON forms FOR SELECT TO CURRENT_USER USING (true);

CREATE FUNCTION form_of_key(p_form_key text)
    RETURNS TABLE (id uuid, tenant_id uuid, form_key text, name text, title text, intro text, fields jsonb,
                   products text[], company_size_values jsonb, thank_you text, consent text, allowed_origins text[],
                   version integer, tenant_name text, time_zone text, base_currency text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT f.id, f.tenant_id, f.form_key, f.name, f.title, f.intro, f.fields, f.products, f.company_size_values,
           f.thank_you, f.consent, f.allowed_origins, f.version, t.name, t.time_zone, t.base_currency
    FROM forms f JOIN tenants t ON t.id = f.tenant_id
    WHERE f.form_key = p_form_key AND f.is_active AND f.deleted_at IS NULL $$;

-- A browser asks whether a site may post before it says through which form.
CREATE FUNCTION form_origin_known(p_origin text) RETURNS TABLE (is_known boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM forms f
                   WHERE f.is_active AND f.deleted_at IS NULL AND p_origin = ANY (f.allowed_origins)) $$;

REVOKE ALL ON FUNCTION form_of_key, form_origin_known FROM PUBLIC;
GRANT EXECUTE ON FUNCTION form_of_key, form_origin_known TO deals_app;
GRANT SELECT, INSERT, UPDATE ON forms TO deals_app;
"""


def upgrade() -> None:
    """The table with a form for each tenant, its wall, and the look-ups."""
    op.execute(TABLE)
    with all_rows_visible("tenants"):
        op.execute(ONE_EACH)
    wall_in("forms")
    op.execute(LOOKUP)


def downgrade() -> None:
    """What came in through forms stays."""
    op.execute("DROP INDEX inbound_items_spam; DROP FUNCTION form_of_key, form_origin_known; DROP TABLE forms;")
