"""English: our own names, the mission's, and those of HubSpot, Salesforce and Pipedrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NAMES: Final[Mapping[str, str]] = {
    "name": "deal name, deal title, title, deal, opportunity, opportunity name, opportunity title",
    "company": (
        "company name, account, account name, organization, organisation, organization name, organisation name, "
        "customer, customer name, client, client name, associated company, associated company (primary)"
    ),
    "value": "amount, deal value, deal amount, opportunity amount",
    "currency": (
        "currency code, currency iso code, amount currency, value currency, currency of value, opportunity currency"
    ),
    "stage": "stage name, deal stage, pipeline stage, sales stage, stage (pipeline)",
    "status": "deal status",
    "probability": "probability percent, deal probability, win probability",
    "close_date": "closing date, deal close date",
    "expected_close_date": (
        "expected close on, expected close, expected closing date, estimated close date, forecast close date"
    ),
    "actual_close_date": "closed on, closed date, date closed, deal closed on",
    "won_date": "won time, won on, won date",
    "lost_date": "lost time, lost on, lost date",
    "owner": "deal owner, opportunity owner, owner name, owner id, assigned to, sales rep, sales agent",
    "contact_email": "email, email address, contact person email, person email",
    "contact_name": "contact, contact person, associated contact, primary contact, person name",
    "description": "deal description, notes, note, comments",
    "source": "lead source, deal source",
    "tags": "tag, label, labels",
    "external_id": "record id, id, deal id, opportunity id",
    "pipeline": "deal pipeline, pipeline name",
    "created_at": "create date, created date, created, creation date, deal created, created on",
    "loss_reason": "lost reason, reason lost, closed lost reason",
}
