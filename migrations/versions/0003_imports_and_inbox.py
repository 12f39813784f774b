"""What comes in: the inbox that keeps everything raw, and imports with their files and rows."""

from alembic import op

from migrations.walls import wall_in

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE inbound_items (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL DEFAULT new_id(),
    source text NOT NULL,
    content_type text NOT NULL DEFAULT '',
    body bytea NOT NULL,
    signature_verdict text,
    parsed jsonb,
    decision jsonb,
    outcome text NOT NULL DEFAULT 'received'
        CHECK (outcome IN ('received', 'created', 'updated', 'unchanged', 'rejected', 'held')),
    deal_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, deal_id) REFERENCES deals (tenant_id, id)
);
CREATE INDEX inbound_items_newest ON inbound_items (tenant_id, source, created_at DESC);

CREATE TABLE imports (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL DEFAULT new_id(),
    pipeline_id uuid NOT NULL,
    filename text NOT NULL CHECK (char_length(filename) BETWEEN 1 AND 255),
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    shape jsonb NOT NULL,
    mapping jsonb NOT NULL,
    system text NOT NULL,
    state text NOT NULL DEFAULT 'draft'
        CHECK (state IN ('draft', 'queued', 'running', 'done', 'failed', 'cancelled')),
    problem text,
    total integer NOT NULL DEFAULT 0,
    processed integer NOT NULL DEFAULT 0,
    created integer NOT NULL DEFAULT 0,
    updated integer NOT NULL DEFAULT 0,
    unchanged integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    staged_at timestamptz,
    cursor_line integer NOT NULL DEFAULT 0,
    actor text NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, pipeline_id) REFERENCES pipelines (tenant_id, id),
    CONSTRAINT rows_add_up CHECK (processed = created + updated + unchanged + failed AND processed <= total)
);
CREATE INDEX imports_newest ON imports (tenant_id, created_at DESC, id DESC);

-- The uploaded file in parts of one megabyte: any machine's worker can read it, and none needs it whole in memory.
CREATE TABLE import_files (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    part integer NOT NULL,
    content bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, import_id, part),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id)
);

-- A row of the file: its cells as they came, what was understood, and what became of it.
CREATE TABLE import_rows (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    line integer NOT NULL,
    cells jsonb NOT NULL,
    problems jsonb,
    name text,
    match_key text,
    company text,
    company_key text,
    value bigint,
    currency text,
    stage_id uuid,
    status text,
    probability numeric(5, 2),
    owner_id uuid,
    expected_close_date date,
    actual_close_date date,
    ref_system text,
    external_id text,
    source text,
    loss_reason text,
    tags text[],
    custom_fields jsonb,
    metadata jsonb,
    outcome text CHECK (outcome IN ('created', 'updated', 'unchanged', 'failed')),
    deal_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, import_id, line),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id),
    FOREIGN KEY (tenant_id, deal_id) REFERENCES deals (tenant_id, id)
);
CREATE INDEX import_rows_failed ON import_rows (tenant_id, import_id, line) WHERE outcome = 'failed';
"""


def upgrade() -> None:
    """Tables, walls, grants."""
    op.execute(TABLES)
    for table in ("inbound_items", "imports", "import_files", "import_rows"):
        wall_in(table)
    op.execute(
        "GRANT SELECT, INSERT, UPDATE ON inbound_items, imports, import_rows TO deals_app;"
        "GRANT DELETE ON import_rows TO deals_app;"
        "GRANT SELECT, INSERT ON import_files TO deals_app;"
    )


def downgrade() -> None:
    """Children first."""
    op.execute("DROP TABLE import_rows, import_files, imports, inbound_items;")
