"""How to make one of each thing that a path or a body can name, in a given tenant."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from json import dumps
from uuid import UUID

from sqlalchemy import update

from deals_app.domain.actor import Actor
from deals_app.domain.calendar import today_in
from deals_app.models import WebhookDelivery
from deals_app.services.activities import plan_step
from deals_app.services.api_keys import create_api_key
from deals_app.services.attachments import attach_file, remove_attachment
from deals_app.services.collaborators import add_collaborator
from deals_app.services.competitors import add_competitor, remove_competitor
from deals_app.services.connections.editing import create_connection, disconnect
from deals_app.services.connections.syncing import start_sync
from deals_app.services.contacts import add_contact, remove_contact
from deals_app.services.customer_editing import delete_customer
from deals_app.services.customers import create_customer
from deals_app.services.deals import NewDeal, create_deal, delete_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.forms import create_form, delete_form
from deals_app.services.ingesting.inbox import Raw
from deals_app.services.ingesting.processing import Outcome
from deals_app.services.ingesting.receiving import receive
from deals_app.services.lead_merging import merge_leads
from deals_app.services.mailboxes.editing import MailboxFacts, create_mailbox, post_address, switch_mailbox
from deals_app.services.pipeline_editing import NewPipeline, create_pipeline
from deals_app.services.pipelines import pipelines
from deals_app.services.queries.webhooks import webhooks
from deals_app.services.saved_views import delete_view, save_view
from deals_app.services.stage_transition import win_deal
from deals_app.services.undo import latest_of_deal, undo_operation
from deals_app.services.unit_of_work import unit_of_work
from deals_app.services.webhooks.endpoints import create_webhook, delete_webhook, send_test
from tests.checked import check_file
from tests.filled import import_file, queue_file

FILE = "Deal Name,Company,Value,Stage\nAlpha {n},Acme Inc.,100,Lead\n,nobody,1,Lead\n"
MOST_WEBHOOKS = 10
numbers = count(1)


@dataclass(frozen=True, kw_only=True)
class Made:
    """What has been made for one request so far, by the admin of a tenant, for somebody who will use it."""

    admin: Actor
    user: Actor
    owner: UUID | None = None
    ids: dict[str, str] = field(default_factory=dict[str, str])


Make = Callable[[Made], object]


def a_deal(made: Made) -> UUID:
    """Nobody's unless it is said whose, so that reps may change it."""
    new = NewDeal(name=f"Rollout {next(numbers)}", currency="USD", value=10_000, assigned_to=made.owner)
    return create_deal(made.admin, new)


def a_won_deal(made: Made) -> UUID:
    deal_id = a_deal(made)
    win_deal(made.admin, deal_id, close_date=made.admin.today)
    return deal_id


def a_deleted_deal(made: Made) -> UUID:
    deal_id = a_deal(made)
    delete_deal(made.admin, deal_id)
    return deal_id


def a_deal_they_changed(made: Made) -> UUID:
    deal_id = a_deal(made)
    edit_deal(made.user, deal_id, DealEdit(name="Renamed"))
    return deal_id


def an_operation(made: Made) -> UUID:
    return latest_of_deal(made.user, a_deal_they_changed(made))


def a_step(made: Made) -> UUID:
    due_on = today_in("UTC") + timedelta(days=1)
    return plan_step(made.admin, UUID(made.ids["deal_id"]), body="Call", due_on=due_on)


def a_customer(made: Made) -> UUID:
    return create_customer(made.admin, name=f"Globex {next(numbers)}")


def a_pipeline(made: Made) -> UUID:
    return create_pipeline(made.admin, NewPipeline(name=f"Second {next(numbers)}")).id


def a_stage(made: Made) -> UUID:
    """Of the pipeline made before it, else of the default one: an open one that is not the first."""
    wanted = made.ids.get("pipeline_id")
    return next(each for each in pipelines(made.admin) if wanted in {None, str(each.id)}).stages[2].id


def a_key(made: Made) -> UUID:
    return create_api_key(made.admin, name=f"shop {next(numbers)}", role="ingest").key_id


def a_connection(made: Made) -> UUID:
    """Signed in, to an account that is no other's."""
    facts = {"portal_id": str(next(numbers)), "access_token": "good for nothing"}
    return create_connection(made.admin, system="hubspot", facts=facts)


def a_disconnected_connection(made: Made) -> UUID:
    connection_id = a_connection(made)
    disconnect(made.admin, connection_id)
    return connection_id


def a_sync(made: Made) -> UUID:
    """Of the connection that was made before it."""
    return start_sync(made.admin, UUID(made.ids["connection_id"]))


def a_webhook(made: Made) -> UUID:
    """A tenant may have only so many: the oldest go."""
    for old in webhooks(made.admin)[:-MOST_WEBHOOKS]:
        delete_webhook(made.admin, old.id)
    return create_webhook(made.admin, url=f"https://example.com/hooks/{next(numbers)}").endpoint_id


def a_mailbox(made: Made) -> UUID:
    return create_mailbox(made.admin, "postmark", MailboxFacts(name=f"Inbox {next(numbers)}"))


def a_mailbox_address(made: Made) -> str:
    """The last part of the address that a mail service posts to."""
    mailbox_id = create_mailbox(made.admin, "sendgrid", MailboxFacts(name=f"Inbox {next(numbers)}"))
    found = post_address(made.admin, mailbox_id)
    return found.path.rpartition("/")[2] if found else ""


def a_fetched_mailbox(made: Made) -> UUID:
    """Of a server that nobody finds."""
    facts = MailboxFacts(name="IMAP", host="imap.deals-test.invalid", user_name="sales", secret="secret")
    return create_mailbox(made.admin, "imap", facts)


def a_paused_mailbox(made: Made) -> UUID:
    mailbox_id = a_mailbox(made)
    switch_mailbox(made.admin, mailbox_id, is_active=False)
    return mailbox_id


def a_delivery(made: Made) -> UUID:
    """A message of the webhook that was made before it, which could not be delivered."""
    delivery_id = send_test(made.admin, UUID(made.ids["webhook_id"]))
    with unit_of_work(made.admin) as work:
        given_up = {"state": "failed", "error": "nobody was there"}
        work.session.execute(update(WebhookDelivery).where(WebhookDelivery.id == delivery_id).values(given_up))
    return delivery_id


def a_form(made: Made) -> UUID:
    return create_form(made.admin, {"name": f"Contact {next(numbers)}"}).id


def a_deleted_form(made: Made) -> UUID:
    form_id = a_form(made)
    delete_form(made.admin, form_id)
    return form_id


def an_attachment(made: Made) -> UUID:
    file = io.BytesIO(b"an offer")
    return attach_file(made.admin, UUID(made.ids["deal_id"]), filename=f"offer {next(numbers)}.txt", stream=file)


def a_removed_attachment(made: Made) -> UUID:
    attachment_id = an_attachment(made)
    remove_attachment(made.admin, UUID(made.ids["deal_id"]), attachment_id)
    return attachment_id


def a_collaborator(made: Made) -> UUID | None:
    user_id = made.admin.user_id
    if user_id is not None:
        add_collaborator(made.admin, UUID(made.ids["deal_id"]), user_id)
    return user_id


def a_competitor(made: Made) -> UUID:
    return add_competitor(made.admin, UUID(made.ids["deal_id"]), name=f"Initech {next(numbers)}")


def a_removed_competitor(made: Made) -> UUID:
    competitor_id = a_competitor(made)
    remove_competitor(made.admin, UUID(made.ids["deal_id"]), competitor_id)
    return competitor_id


def a_contact(made: Made) -> UUID:
    return add_contact(made.admin, UUID(made.ids["customer_id"]), name=f"Ann {next(numbers)}").id


def a_removed_contact(made: Made) -> UUID:
    contact_id = a_contact(made)
    remove_contact(made.admin, UUID(made.ids["customer_id"]), contact_id)
    return contact_id


def a_deleted_customer(made: Made) -> UUID:
    customer_id = a_customer(made)
    delete_customer(made.admin, customer_id)
    return customer_id


def a_view(made: Made) -> UUID:
    """Of the page that WORDS in things.py names."""
    return save_view(made.user, name=f"Mine {next(numbers)}", page="deals", words={"owner": "me"})


def a_deleted_view(made: Made) -> UUID:
    view_id = a_view(made)
    delete_view(made.user, view_id)
    return view_id


def something_sent(made: Made) -> tuple[Outcome, str]:
    """It came by the API and has made a deal, whose owner is who is wanted; and the address of its lead."""
    number = next(numbers)
    email = f"lead{number}@client.example"
    body = dumps({"name": f"Enquiry {number}", "contact_email": email}).encode()
    outcome = receive(made.admin, "api", Raw(body=body))
    if made.owner is not None and outcome.deal_id is not None:
        edit_deal(made.admin, outcome.deal_id, DealEdit(assigned_to=made.owner))
    return outcome, email


def an_item(made: Made) -> UUID:
    return something_sent(made)[0].item_id


def a_lead(made: Made) -> UUID:
    lead_id = something_sent(made)[0].lead_id
    assert lead_id is not None
    return lead_id


def a_merged_lead(made: Made) -> UUID:
    lead_id = a_lead(made)
    merge_leads(made.admin, a_lead(made), lead_id)
    return lead_id


def a_done_import(made: Made) -> UUID:
    return import_file(made.admin, FILE.format(n=next(numbers))).id


def a_queued_import(made: Made) -> UUID:
    return queue_file(made.admin, FILE.format(n=next(numbers)))


def a_checked_import(made: Made) -> UUID:
    return check_file(made.admin, FILE.format(n=next(numbers)))


def something_undone(made: Made) -> str:
    """Makes the user's latest operation an undo, for a redo."""
    undo_operation(made.user, an_operation(made))
    return ""
