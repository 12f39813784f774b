"""Who may use which route: the one table that the matrix asks every route by (CONTRACT.md section 4).

A route's row is that of its endpoint, else that of its blueprint. A route without a row fails the matrix.
"""

from __future__ import annotations

from enum import StrEnum


class Caller(StrEnum):
    """Who asks: people at pages and their roles' keys at the APIs; STRANGER is an admin of another tenant."""

    NOBODY = "nobody"
    INGEST = "ingest"
    REP = "rep"
    MANAGER = "manager"
    ADMIN = "admin"
    STRANGER = "stranger"


class May(StrEnum):
    """A rule; `ROLES` says whom it lets in."""

    ANYBODY = "anybody"
    # Loopback, or whoever holds METRICS_TOKEN.
    OPERATOR = "operator"
    MEMBERS = "members"
    # Reps too, where the deal is theirs or nobody's.
    OWNERS = "owners"
    MANAGERS = "managers"
    IMPORTERS = "importers"
    KEYS = "keys"
    ADMINS = "admins"


_MANAGERS = {Caller.MANAGER, Caller.ADMIN}
_MEMBERS = _MANAGERS | {Caller.REP}
ROLES: dict[May, frozenset[Caller]] = {
    May.ANYBODY: frozenset(_MEMBERS | {Caller.NOBODY, Caller.INGEST}),
    May.OPERATOR: frozenset(),
    May.MEMBERS: frozenset(_MEMBERS),
    May.OWNERS: frozenset(_MEMBERS),
    May.MANAGERS: frozenset(_MANAGERS),
    May.IMPORTERS: frozenset(_MANAGERS | {Caller.INGEST}),
    May.KEYS: frozenset(_MEMBERS | {Caller.INGEST}),
    May.ADMINS: frozenset({Caller.ADMIN}),
}

OF_BLUEPRINT: dict[str, May] = {
    "analytics": May.MEMBERS,
    "api_connections": May.ADMINS,
    "api_contacts": May.MEMBERS,
    "api_customers": May.MEMBERS,
    "api_deal_around": May.OWNERS,
    "api_deal_bulk": May.MANAGERS,
    "api_deal_life": May.MEMBERS,
    "api_deals": May.OWNERS,
    "api_docs": May.ANYBODY,
    "api_events": May.MEMBERS,
    "api_forms": May.ADMINS,
    "api_imports": May.IMPORTERS,
    "api_ingestion": May.KEYS,
    "api_keys": May.ADMINS,
    "api_leads": May.MEMBERS,
    "api_mail_posts": May.ANYBODY,
    "api_pipelines": May.ADMINS,
    "api_saved_views": May.MEMBERS,
    "api_users": May.MEMBERS,
    "api_webhooks": May.ADMINS,
    "auth": May.ANYBODY,
    "board": May.MEMBERS,
    "connections": May.ADMINS,
    "customers": May.MEMBERS,
    "deals": May.MEMBERS,
    "deals.around": May.OWNERS,
    "deals.bulk": May.MANAGERS,
    "deals.fields": May.OWNERS,
    "deals.stage": May.OWNERS,
    "deals.steps": May.OWNERS,
    "exports": May.MEMBERS,
    "forecast": May.MEMBERS,
    "form_settings": May.ADMINS,
    "held": May.MANAGERS,
    "import_check": May.MANAGERS,
    "import_columns": May.MANAGERS,
    "imports": May.MEMBERS,
    "ingest": May.MEMBERS,
    "inbox": May.MEMBERS,
    "leads": May.MEMBERS,
    "mailboxes": May.ADMINS,
    "moves": May.OWNERS,
    "ops": May.ANYBODY,
    "public_forms": May.ANYBODY,
    "settings": May.MEMBERS,
    "styleguide": May.MEMBERS,
    "undo": May.MEMBERS,
    # By the vendor's own signs: a signature, or the path itself.
    "vendor_webhooks": May.ANYBODY,
    "views": May.MEMBERS,
    "webhooks": May.ADMINS,
}

OF_ENDPOINT: dict[str, May] = {
    "api_deal_around.files": May.MEMBERS,
    "api_deal_around.people": May.MEMBERS,
    "api_deal_around.read_file": May.MEMBERS,
    "api_deal_around.rivals": May.MEMBERS,
    "api_connections.index": May.MANAGERS,
    "api_connections.read": May.MANAGERS,
    "api_connections.sync": May.MANAGERS,
    "api_connections.syncs": May.MANAGERS,
    "api_deal_life.note": May.OWNERS,
    "api_deals.create": May.MEMBERS,
    "api_deals.index": May.MEMBERS,
    "api_deals.of_stage": May.MEMBERS,
    "api_deals.pipeline_stats": May.MEMBERS,
    "api_deals.read": May.MEMBERS,
    "api_deals.reopen": May.MANAGERS,
    "api_deals.won_stats": May.MEMBERS,
    "api_forms.index": May.MANAGERS,
    "api_forms.read": May.MANAGERS,
    "api_imports.undo": May.MANAGERS,
    "api_ingestion.figures": May.MEMBERS,
    "api_pipelines.index": May.MEMBERS,
    "api_pipelines.read": May.MEMBERS,
    "api_webhooks.index": May.MANAGERS,
    "api_webhooks.log": May.MANAGERS,
    "api_webhooks.read": May.MANAGERS,
    "auth.logout": May.MEMBERS,
    "deals.around.read_file": May.MEMBERS,
    "connections.index": May.MANAGERS,
    "connections.page": May.MANAGERS,
    "connections.progress": May.MANAGERS,
    "deals.delete": May.OWNERS,
    "deals.fields.fact": May.MEMBERS,
    "deals.stage.reopen": May.MANAGERS,
    "form_settings.index": May.MANAGERS,
    "form_settings.page": May.MANAGERS,
    "import_check.progress": May.MEMBERS,
    "import_check.rows": May.MEMBERS,
    "imports.cancel": May.MANAGERS,
    "inbox.again": May.MANAGERS,
    "inbox.replay_all": May.MANAGERS,
    "imports.undo": May.MANAGERS,
    "ingest.upload": May.MANAGERS,
    "mailboxes.index": May.MANAGERS,
    "mailboxes.page": May.MANAGERS,
    "moves.card": May.MEMBERS,
    "ops.metrics": May.OPERATOR,
    "settings.add_person": May.ADMINS,
    "settings.create_key": May.ADMINS,
    "settings.keys": May.ADMINS,
    "settings.revoke_key": May.ADMINS,
    "settings.theme": May.ANYBODY,
    "static": May.ANYBODY,
    "webhooks.index": May.MANAGERS,
    "webhooks.page": May.MANAGERS,
}

# Forms that say on the page they came from that one may not (303, or 422 with the form): nothing changes there either.
TELL_ON_THE_PAGE = frozenset(
    {
        "held.back", "held.decide",
        "import_check.columns", "import_check.start", "import_columns.check", "import_columns.layout",
        "import_columns.start", "imports.cancel", "imports.undo", "inbox.replay_all", "ingest.upload", "leads.take",
        "moves.move", "undo.latest", "undo.one", "undo.redo",
    }
)  # fmt: skip


def rule_of(endpoint: str) -> May:
    """The rule of a route; raises LookupError with what to do for one that has none."""
    if endpoint in OF_ENDPOINT:
        return OF_ENDPOINT[endpoint]
    blueprint = endpoint.rpartition(".")[0]
    if blueprint in OF_BLUEPRINT:
        return OF_BLUEPRINT[blueprint]
    message = (
        f"Nobody has said who may use {endpoint}: add it to OF_ENDPOINT in tests/matrix/rights.py, "
        f"or its blueprint {blueprint!r} to OF_BLUEPRINT"
    )
    raise LookupError(message)
