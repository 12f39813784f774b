"""Leads changed by people and programs: their status, whose they are, and whether they are spam."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.domain.lead_views import CONVERTED, LEAD_STATUSES
from deals_app.models import Lead
from deals_app.services.audit import record
from deals_app.services.editing import reference_problems
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

FACTS = ("status", "assigned_to")


def change_lead(actor: Actor, lead_id: UUID, facts: Mapping[str, Any], *, version: int | None = None) -> dict[str, Any]:
    """Set some of FACTS; returns what they were. `converted` is for a lead that was converted before.

    Raises NotFound, Forbidden, Conflict, Invalid naming the field, RuleBroken LEAD_MERGED.
    """
    with unit_of_work(actor) as work:
        lead = locked_lead(work, lead_id)
        if version is not None and version != lead.version:
            message = f"This lead is at version {lead.version} by now"
            raise Conflict(message)
        if problems := _problems(work, lead, facts):
            raise Invalid(*problems)
        before = {fact: getattr(lead, fact) for fact in FACTS if fact in facts}
        changed = {fact: value for fact, value in facts.items() if before[fact] != value}
        if changed:
            write_lead(work, lead, changed)
            said = {fact: {"before": _plain(before[fact]), "after": _plain(value)} for fact, value in changed.items()}
            record(work, "lead.changed", f"lead:{lead_id}", said)
        return before


def mark_spam(actor: Actor, lead_id: UUID, *, is_spam: bool) -> None:
    """Put a lead among the spam, or back; what is there stays. Raises NotFound, Forbidden, RuleBroken LEAD_MERGED."""
    with unit_of_work(actor) as work:
        lead = locked_lead(work, lead_id)
        if lead.is_spam != is_spam:
            write_lead(work, lead, {"is_spam": is_spam})
            record(work, "lead.spam" if is_spam else "lead.not_spam", f"lead:{lead_id}", {"email": lead.email})


def locked_lead(work: UnitOfWork, lead_id: UUID, *, merged: bool = False) -> Lead:
    """The lead, held until the end of the transaction. Raises NotFound, Forbidden, RuleBroken LEAD_MERGED.

    With `merged` one that was merged into another is found as well.
    """
    if work.actor.role is Role.INGEST:
        message = "An ingest key changes no leads"
        raise Forbidden(message)
    lead = work.session.execute(select(Lead).where(Lead.id == lead_id).with_for_update()).scalar_one_or_none()
    if lead is None:
        message = "There is no such lead"
        raise NotFound(message)
    if lead.merged_into is not None and not merged:
        message = "This lead was merged into another; change that one, or take the merging back"
        raise RuleBroken(message, code="LEAD_MERGED")
    if not work.actor.may_change(lead.assigned_to):
        message = "This lead is another person's"
        raise Forbidden(message)
    return lead


def write_lead(work: UnitOfWork, lead: Lead, values: Mapping[str, Any]) -> None:
    """Set columns of a locked lead, as its next version."""
    work.session.execute(update(Lead).where(Lead.id == lead.id).values({**values, "version": lead.version + 1}))


def _problems(work: UnitOfWork, lead: Lead, facts: Mapping[str, Any]) -> list[FieldProblem]:
    problems = [FieldProblem(fact, "is no fact that can be changed") for fact in facts if fact not in FACTS]
    status = facts.get("status", lead.status)
    if status not in LEAD_STATUSES:
        problems.append(FieldProblem("status", f"must be one of {', '.join(LEAD_STATUSES)}"))
    elif status == CONVERTED and lead.deal_id is None:
        problems.append(FieldProblem("status", "convert the lead: that makes its customer, contact and deal"))
    return problems + reference_problems(work.session, None, facts.get("assigned_to"))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
