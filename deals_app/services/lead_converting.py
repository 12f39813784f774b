"""A lead becomes business: a customer, a contact there and a deal, found where they are known and made where not."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, or_, select

from deals_app.domain.actor import Actor
from deals_app.domain.lead_views import CONVERTED
from deals_app.domain.lengths import LONGEST_NAME, LONGEST_PHONE
from deals_app.models import Contact, Customer, Deal, Lead, LeadDeal
from deals_app.services.audit import record
from deals_app.services.contacts import add_contact
from deals_app.services.customers import create_customer, customer_named
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.lead_editing import locked_lead, write_lead
from deals_app.services.leads import link_lead
from deals_app.services.locking import locked_deal
from deals_app.services.unit_of_work import UnitOfWork, one_transaction
from deals_app.services.writing import write_deal


@dataclass(frozen=True, kw_only=True)
class Converted:
    """What a lead was converted to; `is_new` says that this call did it, `made_deal` that the deal is new."""

    customer_id: UUID
    contact_id: UUID | None
    deal_id: UUID
    is_new: bool
    made_deal: bool = False


def convert_lead(actor: Actor, lead_id: UUID) -> Converted:
    """Customer, contact and deal of a lead, which is `converted` from now on; once more it is the same ones.

    Its newest open deal is the deal; without one a deal is made, the lead's owner's or the actor's. All in one
    transaction. Raises NotFound, Forbidden, Invalid, RuleBroken LEAD_MERGED.
    """
    with one_transaction(actor) as work:
        lead = locked_lead(work, lead_id)
        if lead.status == CONVERTED and lead.customer_id and lead.deal_id:
            return Converted(
                customer_id=lead.customer_id, contact_id=lead.contact_id, deal_id=lead.deal_id, is_new=False
            )
        deal = _open_deal(work, lead)
        customer_id = _customer(work, lead, deal.customer_id if deal else None)
        contact_id = _contact(work, lead, customer_id)
        deal_id = _made_deal(actor, lead, customer_id) if deal is None else deal.id
        if deal is not None and deal.customer_id is None:
            locked = locked_deal(work, deal.id)
            write_deal(work, deal.id, {"customer_id": customer_id, "version": locked.version + 1})
        link_lead(work, lead.id, deal_id)
        made = {"customer_id": customer_id, "contact_id": contact_id, "deal_id": deal_id}
        write_lead(work, lead, made | {"status": CONVERTED})
        record(work, "lead.converted", f"lead:{lead_id}", {name: str(value) for name, value in made.items()})
        return Converted(
            customer_id=customer_id, contact_id=contact_id, deal_id=deal_id, is_new=True, made_deal=deal is None
        )


def _open_deal(work: UnitOfWork, lead: Lead) -> Deal | None:
    """The one it was converted to before, else the newest that the actor may change."""
    people = select(Lead.id).where(or_(Lead.id == lead.id, Lead.merged_into == lead.id))
    theirs = select(LeadDeal.deal_id).where(LeadDeal.lead_id.in_(people))
    live = select(Deal).where(Deal.id.in_(theirs), Deal.deleted_at.is_(None), Deal.status == "open")
    found = work.session.scalars(live.order_by((Deal.id == lead.deal_id).desc(), Deal.id.desc())).all()
    return next((deal for deal in found if work.actor.may_change(deal.assigned_to)), None)


def _customer(work: UnitOfWork, lead: Lead, of_deal: UUID | None) -> UUID:
    if of_deal is not None:
        return of_deal
    known = select(Customer.id).where(Customer.id == lead.customer_id, Customer.deleted_at.is_(None))
    if lead.customer_id is not None and work.session.scalar(known) is not None:
        return lead.customer_id
    if lead.company:
        return customer_named(work, lead.company)
    return create_customer(work.actor, name=_name(lead), kind="person")


def _contact(work: UnitOfWork, lead: Lead, customer_id: UUID) -> UUID:
    same = (Contact.customer_id == customer_id, func.lower(Contact.email) == lead.email_key)
    known = select(Contact.id).where(*same, Contact.deleted_at.is_(None)).order_by(Contact.id).limit(1)
    if (found := work.session.scalar(known)) is not None:
        return found
    phone = lead.phone if lead.phone and len(lead.phone) <= LONGEST_PHONE else None
    return add_contact(work.actor, customer_id, name=_name(lead), email=lead.email, phone=phone).id


def _made_deal(actor: Actor, lead: Lead, customer_id: UUID) -> UUID:
    """Named as what comes by a web form is."""
    interest = str(lead.facts.get("product_interest") or "Enquiry")
    new = NewDeal(
        name=f"{lead.company or _name(lead)} – {interest}"[:LONGEST_NAME].strip(),
        currency=actor.base_currency,
        customer_id=customer_id,
        assigned_to=lead.assigned_to or actor.user_id,
        ingested_from=actor.door,
    )
    return create_deal(actor, new)


def _name(lead: Lead) -> str:
    return (" ".join(part for part in (lead.first_name, lead.last_name) if part) or lead.email)[:LONGEST_NAME].strip()
