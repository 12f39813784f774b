"""Two leads that are one person: merged into the one that is kept, and taken apart again.

What belongs to a merged lead (its deals and items) stays where it is and is shown at the lead that it points to; only
facts that the kept one lacked are copied. So taking it back needs no more than that list.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Invalid, RuleBroken
from deals_app.models import Lead
from deals_app.services.audit import record
from deals_app.services.lead_editing import locked_lead, write_lead
from deals_app.services.leads import FACTS_OF_A_PERSON
from deals_app.services.unit_of_work import unit_of_work


def merge_leads(actor: Actor, kept_id: UUID, other_id: UUID) -> None:
    """The other lead is the kept one from now on: its deals, items and facts, and what comes from its address.

    Raises NotFound, Forbidden for another's lead, Invalid for a lead with itself, RuleBroken LEAD_MERGED.
    """
    if kept_id == other_id:
        raise Invalid(FieldProblem("other_lead_id", "must be another lead"))
    with unit_of_work(actor) as work:
        # In one order, so that two who merge the same leads never wait for each other.
        leads = {lead_id: locked_lead(work, lead_id) for lead_id in sorted((kept_id, other_id))}
        kept, other = leads[kept_id], leads[other_id]
        fields = [name for name in FACTS_OF_A_PERSON if getattr(other, name) and not getattr(kept, name)]
        facts = {name: value for name, value in other.facts.items() if name not in kept.facts}
        of_other = update(Lead).where(Lead.merged_into == other_id).values(merged_into=kept_id).returning(Lead.id)
        followers = sorted(str(each) for each in work.session.scalars(of_other))
        given = {name: getattr(other, name) for name in fields}
        write_lead(work, kept, given | {"facts": {**kept.facts, **facts}})
        gave = {"fields": fields, "facts": facts, "leads": followers}
        write_lead(work, other, {"merged_into": kept_id, "gave": gave})
        record(work, "lead.merged", f"lead:{kept_id}", {"lead": str(other_id), "email": other.email})


def unmerge_lead(actor: Actor, lead_id: UUID) -> UUID:
    """Take a merging back; what was changed since stays. Returns the id of the lead that it was merged into.

    Raises NotFound, Forbidden, RuleBroken UNMERGE_FAILED for one that is not merged.
    """
    with unit_of_work(actor) as work:
        into_id = work.session.scalar(select(Lead.merged_into).where(Lead.id == lead_id))
        leads = {each: locked_lead(work, each, merged=True) for each in sorted({lead_id, into_id or lead_id})}
        lead = leads[lead_id]
        if into_id is None or lead.merged_into != into_id:
            message = "cannot take apart a lead that is not merged"
            raise RuleBroken(message, code="UNMERGE_FAILED")
        kept = leads[into_id]
        followers = [UUID(each) for each in lead.gave.get("leads", [])]
        write_lead(work, kept, _without(kept, lead))
        write_lead(work, lead, {"merged_into": None, "gave": {}})
        work.session.execute(
            update(Lead).where(Lead.id.in_(followers), Lead.merged_into == into_id).values(merged_into=lead_id)
        )
        record(work, "lead.unmerged", f"lead:{into_id}", {"lead": str(lead_id), "email": lead.email})
        return into_id


def _without(kept: Lead, other: Lead) -> dict[str, Any]:
    """What the kept lead is without what the other gave, as far as nobody has changed that."""
    gave = other.gave
    back: dict[str, Any] = {
        name: None for name in gave.get("fields", []) if getattr(kept, name) == getattr(other, name)
    }
    given: dict[str, Any] = gave.get("facts", {})
    same = {name for name, value in given.items() if kept.facts.get(name) == value}
    return back | {"facts": {name: value for name, value in kept.facts.items() if name not in same}}
