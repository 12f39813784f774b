"""The import's job."""

from __future__ import annotations

from deals_app.services.importing.checking import run_check
from deals_app.services.importing.run import run_import as run
from deals_app.services.importing.taking_back import undo_import as undo


def run_import(tenant_id: str, outbox_id: str) -> None:
    """Bring an import to its end, or as far as this worker lives; safe to ring twice."""
    run(tenant_id, outbox_id)


def undo_import(tenant_id: str, outbox_id: str) -> None:
    """Take an import back, or as much of it as this worker lives; safe to ring twice."""
    undo(tenant_id, outbox_id)


def check_import(tenant_id: str, outbox_id: str) -> None:
    """Bring the check of an import to its end, or as far as this worker lives; safe to ring twice."""
    run_check(tenant_id, outbox_id)
