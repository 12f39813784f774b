"""Leads: the people behind deals that came in, one per e-mail address."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from deals_app.domain.drafts import DealDraft
from deals_app.domain.inbound import LeadDraft, Understood
from deals_app.domain.qualification import qualify
from deals_app.integrations.disposable_addresses import is_disposable
from deals_app.models import Lead, LeadDeal
from deals_app.services.unit_of_work import UnitOfWork

# What a later word about the same person fills in, and never empties.
FACTS_OF_A_PERSON = ("first_name", "last_name", "company", "phone", "message")


def lead_of(understood: Understood) -> LeadDraft | None:
    """The person behind what came in: as the source names them, or the deal's contact."""
    if understood.lead is not None:
        return understood.lead
    draft = understood.draft
    if draft is None or not draft.contact_email:
        return None
    return _contact(draft)


def keep_lead(work: UnitOfWork, draft: LeadDraft, *, source: str, is_spam: bool = False) -> UUID | None:
    """Make the lead, or add to what is known of it, inside a transaction; None without an address."""
    if not draft.email:
        return None
    key = draft.email.lower()
    lock = func.hashtextextended(f"lead:{work.actor.tenant_id}:{key}", 0)
    work.session.execute(select(func.pg_advisory_xact_lock(lock)))
    said: dict[str, Any] = {name: value for name in FACTS_OF_A_PERSON if (value := getattr(draft, name))}
    known = lead_at(work, key)
    if known is None:
        values = {"tenant_id": work.actor.tenant_id, "email": draft.email, "email_key": key, "source": source}
        values |= said | _qualified(draft) | {"facts": dict(draft.facts), "is_spam": is_spam}
        return work.session.scalars(insert(Lead).values(values).returning(Lead.id)).one()
    changed = {name: value for name, value in said.items() if getattr(known, name) != value}
    if facts := {**known.facts, **draft.facts} if draft.facts else {}:
        changed |= {} if facts == known.facts else {"facts": facts}
    if changed:
        changed |= _qualified(_as_known(known, changed))
        work.session.execute(update(Lead).where(Lead.id == known.id).values(changed | {"version": known.version + 1}))
    return known.id


def mark_spam(work: UnitOfWork, draft: LeadDraft, *, source: str, is_spam: bool) -> UUID | None:
    """What comes from this address is spam, or is not, inside a transaction; None without an address."""
    lead_id = keep_lead(work, draft, source=source, is_spam=is_spam)
    if lead_id is not None:
        marked = update(Lead).where(Lead.id == lead_id, Lead.is_spam != is_spam)
        work.session.execute(marked.values(is_spam=is_spam, version=Lead.version + 1))
    return lead_id


def lead_at(work: UnitOfWork, email_key: str) -> Lead | None:
    """Who has this address, held until the end of the transaction: of a merged lead the one that was kept."""
    rows = select(Lead).where(Lead.email_key == email_key).order_by(Lead.merged_into.is_not(None), Lead.id.desc())
    found = work.session.scalars(rows.limit(1).with_for_update()).one_or_none()
    if found is None or found.merged_into is None:
        return found
    return work.session.scalars(select(Lead).where(Lead.id == found.merged_into).with_for_update()).one()


def link_lead(work: UnitOfWork, lead_id: UUID, deal_id: UUID) -> None:
    """The person stands behind the deal, inside a transaction."""
    row = {"tenant_id": work.actor.tenant_id, "lead_id": lead_id, "deal_id": deal_id}
    work.session.execute(upsert(LeadDeal).values(row).on_conflict_do_nothing())


def _qualified(lead: LeadDraft) -> dict[str, Any]:
    """By rules; the columns' names are the document's (deal-ingestion.txt)."""
    found = qualify(lead, is_disposable=is_disposable(lead.email or ""))
    return {"ai_score": found.score, "ai_qualification_summary": found.summary}


def _as_known(known: Lead, changed: dict[str, Any]) -> LeadDraft:
    """All that is known of a person once a change is written."""
    said = {name: changed.get(name, getattr(known, name)) for name in (*FACTS_OF_A_PERSON, "email", "facts")}
    return LeadDraft(**said)


def _contact(draft: DealDraft) -> LeadDraft:
    first, _, last = (draft.contact_name or "").strip().rpartition(" ")
    first, last = (first, last) if first else (last, "")
    return LeadDraft(email=draft.contact_email, first_name=first or None, last_name=last or None, company=draft.company)
