"""Which deal a thing that came in is about, by the rules of DESIGN.md's `dedupe`.

By its id in the other system, alone, where it has one. Otherwise by what it says (the same thing again is known even
after its deal was closed), else by name and company among the open deals of the pipeline, when that is unique. What
is only alike is told to people and never merged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from deals_app.domain.drafts import DealDraft
from deals_app.domain.inbound import Understood
from deals_app.domain.matching import match_key
from deals_app.models import Customer, Deal, ExternalRef
from deals_app.services.unit_of_work import UnitOfWork

# Whose ids are not ids but fingerprints, and Message-IDs.
SAID, MAIL = "said", "mail"
LONGEST_ID = 255
MOST_ALIKE = 5


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """The deal that is meant, if there is one, how it was found, and open deals that may be the same."""

    deal_id: UUID | None = None
    by: str = ""
    source_updated_at: datetime | None = None
    is_reply: bool = False
    """By its thread: another mail of the conversation, not the same one again."""
    is_former: bool = False
    """By the id of a deal that was merged into this one: what comes under it says nothing of this one."""
    alike: tuple[UUID, ...] = ()


def recognise(work: UnitOfWork, understood: Understood, draft: DealDraft, pipeline_id: UUID, said: str) -> Recognised:
    """The deal of a draft; the names it goes by are held until the transaction ends, so that none is made twice."""
    session = work.session
    names = [(SAID, said)]
    if draft.external_id is not None:
        ids = [draft.external_id, *understood.merged_ids]
        names = [(understood.system, reference_id(each)) for each in ids]
    thread = [(MAIL, reference_id(one)) for one in _mail_ids(understood)]
    name_key, company_key = match_key(draft.name), match_key(draft.company or "")
    _hold(work, [f"{system}:{known_as}" for system, known_as in [*thread, *names]])
    _hold(work, [f"{pipeline_id}:{name_key}:{company_key}"])
    own = understood.mail.message_id if understood.mail else None
    if found := _referred(session, thread):
        is_reply = own is None or found.known_as != reference_id(own)
        return Recognised(deal_id=found.deal_id, by="thread", is_reply=is_reply)
    if found := _referred(session, names):
        by = "id" if draft.external_id else "text"
        is_former = (understood.system, found.known_as) == names[0] and _is_former(session, understood.system, found)
        return Recognised(deal_id=found.deal_id, by=by, source_updated_at=found.source_updated_at, is_former=is_former)
    if draft.external_id is not None:
        return Recognised(alike=_alike(session, pipeline_id, name_key))
    namesakes = _namesakes(session, pipeline_id, name_key, company_key)
    if len(namesakes) == 1:
        return Recognised(deal_id=namesakes[0], by="name")
    return Recognised(alike=tuple(namesakes) or _alike(session, pipeline_id, name_key))


def references_of(understood: Understood, draft: DealDraft, said: str) -> list[tuple[str, str]]:
    """All names by which the deal is to be known from now on: (system, id)."""
    named = (understood.system, reference_id(draft.external_id)) if draft.external_id else (SAID, said)
    merged = [(understood.system, reference_id(each)) for each in understood.merged_ids]
    own = understood.mail.message_id if understood.mail else None
    return [named, *merged, *([(MAIL, reference_id(own))] if own else [])]


def fingerprint(source: str, payload: Mapping[str, Any]) -> str:
    """What the same thing sent again has in common with itself."""
    canonical = json.dumps(payload, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(f"{source}:{canonical}".encode("utf-8", "surrogatepass")).hexdigest()[:40]


def reference_id(text: str) -> str:
    """An id of another system as it is stored: a longer one than a key can hold by its hash."""
    return text if len(text) <= LONGEST_ID else hashlib.sha256(text.encode()).hexdigest()


def _mail_ids(understood: Understood) -> list[str]:
    mail = understood.mail
    return [] if mail is None else [*([mail.message_id] if mail.message_id else []), *mail.thread[:50]]


def _hold(work: UnitOfWork, names: Sequence[str]) -> None:
    """In one order, so that two who want the same names never wait for each other."""
    for name in sorted(names):
        lock = func.hashtextextended(f"inbound:{work.actor.tenant_id}:{name}", 0)
        work.session.execute(select(func.pg_advisory_xact_lock(lock)))


@dataclass(frozen=True)
class _Reference:
    deal_id: UUID
    known_as: str
    source_updated_at: datetime | None


def _referred(session: Session, names: Sequence[tuple[str, str]]) -> _Reference | None:
    for system, known_as in names:
        found = session.execute(
            select(ExternalRef.deal_id, ExternalRef.source_updated_at).where(
                ExternalRef.system == system, ExternalRef.external_id == known_as
            )
        ).one_or_none()
        if found is not None:
            return _Reference(found.deal_id, known_as, found.source_updated_at)
    return None


def _is_former(session: Session, system: str, found: _Reference) -> bool:
    """Without a time of its own, beside a name that has one (`elsewhere.take_over`)."""
    if found.source_updated_at is not None:
        return False
    others = select(ExternalRef.external_id).where(
        ExternalRef.system == system,
        ExternalRef.deal_id == found.deal_id,
        ExternalRef.external_id != found.known_as,
        ExternalRef.source_updated_at.is_not(None),
    )
    return session.scalar(others.limit(1)) is not None


def _open_deals(pipeline_id: UUID) -> Any:
    return (
        select(Deal.id)
        .outerjoin(Customer, (Customer.tenant_id == Deal.tenant_id) & (Customer.id == Deal.customer_id))
        .where(Deal.pipeline_id == pipeline_id, Deal.status == "open", Deal.deleted_at.is_(None))
        .order_by(Deal.id)
    )


def _namesakes(session: Session, pipeline_id: UUID, name_key: str, company_key: str) -> list[UUID]:
    """Open deals with the same name and the same company; no company equals no company."""
    same_company = Customer.match_key == company_key if company_key else Deal.customer_id.is_(None)
    found = _open_deals(pipeline_id).where(Deal.match_key == name_key, same_company).limit(MOST_ALIKE)
    return list(session.scalars(found))


def _alike(session: Session, pipeline_id: UUID, name_key: str) -> tuple[UUID, ...]:
    """Open deals with the same name, of whomever; for people to look at."""
    return tuple(session.scalars(_open_deals(pipeline_id).where(Deal.match_key == name_key).limit(MOST_ALIKE)))
