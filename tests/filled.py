"""A tenant with something in every table: deals, notes, an import, a key, a session, an inbox item."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import insert, select

from deals_app.domain.actor import Actor
from deals_app.domain.import_views import ImportView
from deals_app.models import InboundItem, OutboxRow
from deals_app.services.activities import note_deal
from deals_app.services.api_keys import create_api_key
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.given_answers import Answer, asked_once
from deals_app.services.importing.intake import receive_file
from deals_app.services.importing.run import run_import
from deals_app.services.importing.starting import start_import
from deals_app.services.queries.imports import import_view
from deals_app.services.sign_in import sign_in
from deals_app.services.stage_transition import move_deal
from deals_app.services.unit_of_work import reading, unit_of_work
from tests.people import PASSWORD

SMALL_FILE = "Deal Name,Company,Value,Stage\nAlpha,Acme Inc.,100,Lead\nBeta,Beta GmbH,200.50,Proposal\n,nobody,1,Lead\n"


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What `fill` made."""

    deal_id: UUID
    import_id: UUID


def fill(actor: Actor) -> Filled:
    """At least one row of the actor's tenant in every table that has a tenant; the actor must be an admin."""
    new = NewDeal(name="Rollout", currency="USD", value=10_000, assigned_to=actor.user_id, customer_name="Globex")
    deal_id = create_deal(actor, new)
    move_deal(actor, deal_id, stage="proposal", note="They asked for an offer")
    note_deal(actor, deal_id, "Call them on Monday")
    create_api_key(actor, name="shop", role="ingest")
    sign_in(actor.email, PASSWORD, user_agent="test")
    with asked_once(actor, "filled", b"asked") as asking:
        asking.keep(Answer(status=200, headers={}, body=b"{}"))
    imported = import_file(actor, SMALL_FILE)
    with unit_of_work(actor) as work:
        work.session.execute(
            insert(InboundItem).values(tenant_id=actor.tenant_id, source="email", body=b"Hi", deal_id=deal_id)
        )
    return Filled(deal_id=deal_id, import_id=imported.id)


def import_file(
    actor: Actor,
    content: str | bytes | Path,
    *,
    filename: str = "deals.csv",
    chosen: dict[str, str] | None = None,
) -> ImportView:
    """A file through the whole import in this process; the import as it ended."""
    import_id = queue_file(actor, content, filename=filename, chosen=chosen)
    run_import(str(actor.tenant_id), str(outbox_id_of(actor, import_id)))
    return import_view(actor, import_id)


def queue_file(
    actor: Actor, content: str | bytes | Path, *, filename: str = "deals.csv", chosen: dict[str, str] | None = None
) -> UUID:
    """A file received and started, its work yet to be done."""
    raw = (
        content.encode() if isinstance(content, str) else content.read_bytes() if isinstance(content, Path) else content
    )
    name = content.name if isinstance(content, Path) else filename
    import_id = receive_file(actor, name, io.BytesIO(raw), chosen=chosen)
    start_import(actor, import_id)
    return import_id


def outbox_id_of(actor: Actor, import_id: UUID) -> UUID:
    """The outbox row behind an import."""
    with reading(actor) as session:
        return session.scalars(
            select(OutboxRow.id).where(OutboxRow.payload["import_id"].astext == str(import_id))
        ).one()
