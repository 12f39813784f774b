"""A tenant with something in every table: deals, notes, an import, a key, a session, an inbox item."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import insert, select

from deals_app.domain.actor import Actor
from deals_app.domain.import_views import ImportView
from deals_app.models import Contact, Customer, MailboxToken, OutboxRow
from deals_app.services.activities import note_deal
from deals_app.services.api_keys import create_api_key
from deals_app.services.attachments import attach_file
from deals_app.services.collaborators import add_collaborator
from deals_app.services.competitors import add_competitor
from deals_app.services.connections.editing import create_connection
from deals_app.services.connections.syncing import start_sync
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.given_answers import Answer, asked_once
from deals_app.services.importing.intake import receive_file
from deals_app.services.importing.run import run_import
from deals_app.services.importing.starting import start_import
from deals_app.services.ingesting.inbox import Raw
from deals_app.services.ingesting.receiving import receive
from deals_app.services.mailboxes.editing import MailboxFacts, create_mailbox
from deals_app.services.queries.imports import import_view
from deals_app.services.saved_views import save_view
from deals_app.services.scoring.analysing import analyse_deals
from deals_app.services.sign_in import sign_in
from deals_app.services.stage_transition import move_deal
from deals_app.services.subscribers.following import due_subscriptions
from deals_app.services.subscribers.subscriber import subscribers
from deals_app.services.unit_of_work import reading, unit_of_work
from deals_app.services.webhooks.endpoints import create_webhook, send_test
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
    analyse_deals(actor, [deal_id])
    fill_around(actor, deal_id)
    save_view(actor, name="Mine", page="deals", words={"owner": "me"})
    create_api_key(actor, name="shop", role="ingest")
    sign_in(actor.email, PASSWORD, user_agent="test")
    with asked_once(actor, "filled", b"asked") as asking:
        asking.keep(Answer(status=200, headers={}, body=b"{}"))
    fill_mailbox(actor)
    send_test(actor, create_webhook(actor, url="https://example.com/hooks").endpoint_id)
    subscribe_example()
    facts = {"portal_id": "62515", "access_token": "good for nothing"}
    start_sync(actor, create_connection(actor, system="hubspot", facts=facts))
    imported = import_file(actor, SMALL_FILE)
    receive(actor, "api", Raw(body=b'{"name": "Rollout", "company": "Globex", "contact_email": "ann@globex.example"}'))
    return Filled(deal_id=deal_id, import_id=imported.id)


def subscribe_example() -> None:
    """The README's subscriber, seen by the relay in every tenant there is."""
    subscribers.load(["examples.orders:orders"])
    due_subscriptions()
    subscribers.load([])


def fill_around(actor: Actor, deal_id: UUID) -> None:
    """A file, a person beside the owner and a competitor at a deal."""
    attach_file(actor, deal_id, filename="offer.txt", content_type="text/plain", stream=io.BytesIO(b"An offer"))
    add_competitor(actor, deal_id, name="Initech")
    if actor.user_id is not None:
        add_collaborator(actor, deal_id, actor.user_id)
    with unit_of_work(actor) as work:
        customer_id = work.session.scalars(select(Customer.id).limit(1)).one()
        work.session.execute(insert(Contact).values(tenant_id=actor.tenant_id, customer_id=customer_id, name="Peter"))


def fill_mailbox(actor: Actor) -> None:
    """A mailbox, and a token that has been used at it."""
    mailbox_id = create_mailbox(actor, "mailgun", MailboxFacts(name="Sales", secret="key"))
    with unit_of_work(actor) as work:
        used = {"tenant_id": actor.tenant_id, "mailbox_id": mailbox_id, "token_hash": bytes(32)}
        work.session.execute(insert(MailboxToken).values(used))


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
