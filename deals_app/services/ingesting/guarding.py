"""What came from strangers: whether it looks like spam, so that a person looks at it before it becomes a deal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from deals_app.domain.inbound import LeadDraft, Understood
from deals_app.domain.spam import HELD_FROM, SpamSign, haste_sign, honeypot_sign, spam_score, spam_signs
from deals_app.integrations.disposable_addresses import is_disposable
from deals_app.integrations.sources import Source
from deals_app.models import Lead
from deals_app.services.forms import reader_settings
from deals_app.services.unit_of_work import UnitOfWork

# In an item's context: how it came, and who has looked at it.
ARRIVAL, REVIEWED = "arrival", "reviewed_by"


def settings_for(work: UnitOfWork, reader: Source, context: Mapping[str, Any]) -> dict[str, Any]:
    """What a reader of forms must know of the form; what the context holds stands."""
    if reader.kind != "form":
        return dict(context.get("settings", {}))
    form: Mapping[str, Any] = context.get("form", {})
    form_id = UUID(form["id"]) if form else None
    return reader_settings(work.session, form_id) | context.get("settings", {})


def reasons_to_hold(work: UnitOfWork, understood: Understood, context: Mapping[str, Any]) -> tuple[SpamSign, ...]:
    """The signs when they are enough; none for what did not come from strangers, or was looked at already."""
    if ARRIVAL not in context or REVIEWED in context:
        return ()
    lead = understood.lead or LeadDraft()
    address = lead.email or ""
    signs = [*_arrival_signs(context[ARRIVAL]), *spam_signs(lead, is_disposable=is_disposable(address))]
    known = select(Lead.id).where(Lead.email_key == address.lower(), Lead.is_spam).limit(1)
    if address and work.session.scalar(known) is not None:
        signs.append(SpamSign("known_spammer", "What came from this address before was spam.", 60))
    return tuple(signs) if spam_score(signs) >= HELD_FROM else ()


def _arrival_signs(arrival: Mapping[str, Any]) -> list[SpamSign]:
    shown_at = arrival.get("shown_at")
    found = [
        honeypot_sign(arrival.get("honeypot")),
        haste_sign(datetime.fromisoformat(shown_at) if shown_at else None, datetime.fromisoformat(arrival["sent_at"])),
    ]
    if arrival.get("is_often"):
        found.append(SpamSign("often", "Many more came from the same address within a minute.", 60))
    return [sign for sign in found if sign]
