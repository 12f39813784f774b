"""The import's job."""

from __future__ import annotations

from deals_app.services.importing.run import run_import as run


def run_import(tenant_id: str, outbox_id: str) -> None:
    """Bring an import to its end, or as far as this worker lives; safe to ring twice."""
    run(tenant_id, outbox_id)
