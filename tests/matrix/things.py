"""What the variables of a path and the ids of a body stand for."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from deals_app.domain.actor import Actor
from tests.matrix.makers import (
    Made,
    Make,
    a_checked_import,
    a_collaborator,
    a_competitor,
    a_connection,
    a_contact,
    a_customer,
    a_deal,
    a_deal_they_changed,
    a_deleted_customer,
    a_deleted_deal,
    a_deleted_form,
    a_deleted_view,
    a_delivery,
    a_disconnected_connection,
    a_done_import,
    a_fetched_mailbox,
    a_form,
    a_key,
    a_lead,
    a_mailbox,
    a_mailbox_address,
    a_merged_lead,
    a_paused_mailbox,
    a_pipeline,
    a_queued_import,
    a_removed_attachment,
    a_removed_competitor,
    a_removed_contact,
    a_stage,
    a_step,
    a_sync,
    a_view,
    a_webhook,
    a_won_deal,
    an_attachment,
    an_item,
    an_operation,
    something_sent,
    something_undone,
)

# By the name of the variable or field. What is a word and no id means the same in every tenant.
THINGS: dict[str, Make] = {
    "activity_id": a_step,
    "attachment_id": an_attachment,
    "competitor_id": a_competitor,
    "contact_id": a_contact,
    "connection_id": a_connection,
    "customer_id": a_customer,
    "deal_id": a_deal,
    "delivery_id": a_delivery,
    "form_id": a_form,
    "import_id": a_done_import,
    "mailbox_id": a_mailbox,
    "mailbox_token": a_mailbox_address,
    "key_id": a_key,
    "operation": an_operation,
    "pipeline": a_pipeline,
    "pipeline_id": a_pipeline,
    "stage_id": a_stage,
    "step_id": a_step,
    "sync_id": a_sync,
    "user_id": lambda made: made.admin.user_id,
    "assigned_to": lambda made: made.admin.user_id,
    "email": lambda made: something_sent(made)[1],
    "item_id": an_item,
    "lead_id": a_lead,
    "other_lead_id": a_lead,
    "move_to": a_stage,
    "owner_id": lambda made: made.admin.user_id,
    "tenant_id": lambda made: made.admin.tenant_id,
    "view_id": a_view,
    "webhook_id": a_webhook,
}
# Made in what another name of the path stands for.
SECOND = {
    "activity_id",
    "attachment_id",
    "competitor_id",
    "contact_id",
    "delivery_id",
    "stage_id",
    "step_id",
    "sync_id",
    "user_id",
}
# A secret part of a path: whoever has it may, and nobody else has another tenant's.
SECRETS = {"mailbox_token"}
WORDS = {
    "connection_token": "nothing",
    "filename": "css/base.css",
    "form_key": "nothing",
    "key": "name",
    "kind": "csv",
    "page": "deals",
    "source": "manual",
    "mailbox_kind": "sendgrid",
    "stage": "lead",
}

# Routes that need theirs in a certain state; a name that is in no path is made before the request all the same.
OF_ENDPOINT: dict[str, dict[str, Make]] = {
    "api_contacts.restore": {"contact_id": a_removed_contact},
    "api_customers.restore": {"customer_id": a_deleted_customer},
    "api_deal_bulk.change": {"deal_id": a_deal},
    "api_deal_around.remove_person": {"user_id": a_collaborator},
    "api_deal_around.restore_file": {"attachment_id": a_removed_attachment},
    "api_deal_around.restore_rival": {"competitor_id": a_removed_competitor},
    "api_deals.reopen": {"deal_id": a_won_deal},
    "api_deals.restore": {"deal_id": a_deleted_deal},
    "api_deals.undo": {"deal_id": a_deal_they_changed},
    "api_leads.unmerge": {"lead_id": a_merged_lead},
    "leads.unmerge": {"lead_id": a_merged_lead},
    "api_imports.cancel": {"import_id": a_queued_import},
    "api_saved_views.restore": {"view_id": a_deleted_view},
    "customers.restore": {"customer_id": a_deleted_customer},
    "customers.restore_person": {"contact_id": a_removed_contact},
    "deals.around.remove_person": {"user_id": a_collaborator},
    "deals.around.restore_file": {"attachment_id": a_removed_attachment},
    "deals.around.restore_rival": {"competitor_id": a_removed_competitor},
    "connections.take_up": {"connection_id": a_disconnected_connection},
    "deals.stage.reopen": {"deal_id": a_won_deal},
    "form_settings.restore": {"form_id": a_deleted_form},
    "imports.cancel": {"import_id": a_queued_import},
    "mailboxes.delete": {"mailbox_id": a_paused_mailbox},
    "mailboxes.look": {"mailbox_id": a_fetched_mailbox},
    "undo.latest": {"operation": an_operation},
    "undo.redo": {"": something_undone},
    "views.restore": {"view_id": a_deleted_view},
}
OF_BLUEPRINT: dict[str, dict[str, Make]] = {
    "import_check": {"import_id": a_checked_import},
    "import_columns": {"import_id": a_checked_import},
}


def make_things(
    endpoint: str, names: Iterable[str], *, admin: Actor, user: Actor | None = None, owner: UUID | None = None
) -> dict[str, str]:
    """One of each name, in the state that the route needs; raises LookupError with what to do for an unknown name."""
    made = Made(admin=admin, user=user or admin, owner=owner)
    special = OF_BLUEPRINT.get(endpoint.rpartition(".")[0], {}) | OF_ENDPOINT.get(endpoint, {})
    for name in sorted({*names, *special}, key=lambda name: (name in SECOND, name)):
        if name in WORDS:
            made.ids[name] = WORDS[name]
        elif name in special or name in THINGS:
            made.ids[name] = str((special.get(name) or THINGS[name])(made))
        else:
            message = f"{endpoint} takes a {name!r}: say in THINGS of tests/matrix/things.py how one is made"
            raise LookupError(message)
    return made.ids
