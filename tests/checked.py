"""A file through the check, in this process."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.models import OutboxRow
from deals_app.services.importing.checking import TOPIC, check_import, run_check
from deals_app.services.importing.intake import receive_file
from deals_app.services.importing.run import run_import
from deals_app.services.importing.starting import TOPIC as STARTED
from deals_app.services.importing.starting import start_import
from deals_app.services.unit_of_work import reading


def queue_check(actor: Actor, content: str | bytes | Path, *, filename: str = "deals.csv") -> UUID:
    """A file received and its check queued, its work yet to be done."""
    raw = (
        content.encode() if isinstance(content, str) else content.read_bytes() if isinstance(content, Path) else content
    )
    import_id = receive_file(actor, content.name if isinstance(content, Path) else filename, io.BytesIO(raw))
    check_import(actor, import_id)
    return import_id


def check_file(actor: Actor, content: str | bytes | Path, *, filename: str = "deals.csv") -> UUID:
    """A file received and checked; the import's id."""
    import_id = queue_check(actor, content, filename=filename)
    work(actor, import_id, TOPIC, run_check)
    return import_id


def apply_checked(actor: Actor, import_id: UUID) -> None:
    """Start a checked import and bring it to its end."""
    start_import(actor, import_id)
    work(actor, import_id, STARTED, run_import)


def work(actor: Actor, import_id: UUID, topic: str, job: Callable[[str, str], None]) -> None:
    """What a worker does when it is rung for this import."""
    job(str(actor.tenant_id), str(outbox_id(actor, import_id, topic)))


def outbox_id(actor: Actor, import_id: UUID, topic: str) -> UUID:
    """The newest outbox row of that topic behind an import."""
    with reading(actor) as session:
        return session.scalars(
            select(OutboxRow.id)
            .where(OutboxRow.topic == topic, OutboxRow.payload["import_id"].astext == str(import_id))
            .order_by(OutboxRow.created_at.desc())
            .limit(1)
        ).one()
