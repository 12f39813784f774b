"""Around a deal: its files, the people beside its owner, who else bids for it; and the contacts of a customer."""

from alembic import op

from migrations.walls import all_rows_visible, wall_in

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = """
-- A content is kept once for a tenant, however often and under whatever names it is attached. An empty one is no file.
CREATE TABLE stored_files (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    size_bytes bigint NOT NULL CHECK (size_bytes BETWEEN 1 AND 26214400),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, sha256)
);

-- In parts of one megabyte, as imports keep theirs: no machine needs a file whole in memory, and none on its disk.
CREATE TABLE stored_file_parts (
    tenant_id uuid NOT NULL,
    sha256 bytea NOT NULL,
    part integer NOT NULL,
    content bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, sha256, part),
    FOREIGN KEY (tenant_id, sha256) REFERENCES stored_files (tenant_id, sha256)
);
-- What is compressed already is most of what people attach.
ALTER TABLE stored_file_parts ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE attachments (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT new_id(),
    deal_id uuid NOT NULL,
    sha256 bytea NOT NULL,
    filename text NOT NULL CHECK (char_length(filename) BETWEEN 1 AND 255 AND filename !~ '[/\\\\[:cntrl:]]'),
    content_type text NOT NULL CHECK (content_type ~ '^[!-~]+/[!-~]+$' AND char_length(content_type) <= 100),
    actor text NOT NULL,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, deal_id) REFERENCES deals (tenant_id, id),
    FOREIGN KEY (tenant_id, sha256) REFERENCES stored_files (tenant_id, sha256)
);
CREATE INDEX attachments_deal ON attachments (tenant_id, deal_id, id DESC) WHERE deleted_at IS NULL;

CREATE TABLE collaborators (
    tenant_id uuid NOT NULL,
    deal_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL DEFAULT 'collaborator' CHECK (role IN ('collaborator', 'watcher')),
    actor text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, deal_id, user_id),
    FOREIGN KEY (tenant_id, deal_id) REFERENCES deals (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES memberships (tenant_id, user_id)
);

CREATE TABLE competitors (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT new_id(),
    deal_id uuid NOT NULL,
    name text NOT NULL CHECK (name = btrim(name) AND char_length(name) BETWEEN 1 AND 200),
    match_key text NOT NULL,
    strength text CHECK (strength IN ('weak', 'even', 'strong')),
    note text CHECK (char_length(note) BETWEEN 1 AND 2000),
    actor text NOT NULL,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, deal_id) REFERENCES deals (tenant_id, id)
);
CREATE UNIQUE INDEX competitors_once ON competitors (tenant_id, deal_id, match_key) WHERE deleted_at IS NULL;

CREATE TABLE contacts (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT new_id(),
    customer_id uuid NOT NULL,
    name text NOT NULL CHECK (name = btrim(name) AND char_length(name) BETWEEN 1 AND 200),
    email text CHECK (char_length(email) BETWEEN 1 AND 254),
    phone text CHECK (char_length(phone) BETWEEN 1 AND 50),
    title text CHECK (char_length(title) BETWEEN 1 AND 200),
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)
);
CREATE INDEX contacts_customer ON contacts (tenant_id, customer_id, lower(name), id) WHERE deleted_at IS NULL;

-- That a file was attached is something people did, so the timeline tells it like a note.
ALTER TABLE activities DROP CONSTRAINT activities_kind_check;
ALTER TABLE activities ADD CONSTRAINT activities_kind_check
    CHECK (kind IN ('note', 'call', 'email', 'meeting', 'task', 'attachment'));
"""

WALLED = ("stored_files", "stored_file_parts", "attachments", "collaborators", "competitors", "contacts")

GRANTS = """
GRANT SELECT, INSERT ON stored_files, stored_file_parts TO deals_app;
GRANT SELECT, INSERT ON attachments, collaborators, competitors, contacts TO deals_app;
GRANT UPDATE (deleted_at) ON attachments TO deals_app;
GRANT UPDATE (role) ON collaborators TO deals_app;
GRANT DELETE ON collaborators TO deals_app;
GRANT UPDATE (name, match_key, strength, note, deleted_at) ON competitors TO deals_app;
GRANT UPDATE (name, email, phone, title, deleted_at) ON contacts TO deals_app;
"""

# An activity of a kind that the older table does not know becomes a note, which says the same.
BACK = """
UPDATE activities SET kind = 'note' WHERE kind = 'attachment';
ALTER TABLE activities DROP CONSTRAINT activities_kind_check;
ALTER TABLE activities ADD CONSTRAINT activities_kind_check
    CHECK (kind IN ('note', 'call', 'email', 'meeting', 'task'));
DROP TABLE contacts, competitors, collaborators, attachments, stored_file_parts, stored_files;
"""


def upgrade() -> None:
    """Tables, walls, grants."""
    op.execute(TABLES)
    for table in WALLED:
        wall_in(table)
    op.execute(GRANTS)


def downgrade() -> None:
    """The files go with their deals' lists."""
    with all_rows_visible("activities"):
        op.execute(BACK)
