"""Leads: one per address, changed by who may, merged and taken apart again, converted once."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.models import AuditEntry, Contact, Customer, Deal
from deals_app.services.deals import delete_deal
from deals_app.services.ingesting.inbox import Raw
from deals_app.services.ingesting.receiving import receive
from deals_app.services.lead_converting import convert_lead
from deals_app.services.lead_editing import change_lead, mark_spam
from deals_app.services.lead_merging import merge_leads, unmerge_lead
from deals_app.services.queries.leads import LeadFilter, lead, lead_counts, lead_page, lead_rows
from deals_app.services.unit_of_work import reading
from tests.people import People

JANE = {
    "email": "Jane@Company.example", "first_name": "Jane", "last_name": "Doe", "company": "Company Inc",
    "message": "Interested", "product_interest": "Enterprise",
}  # fmt: skip
OTHER = {"email": "jd@private.example", "first_name": "Jane", "last_name": "Doe", "phone": "+1 555", "utm_source": "ad"}


def came(actor: Actor, **facts: str) -> UUID:
    """By a web form; the lead's id."""
    outcome = receive(actor, "web_form", Raw(body=json.dumps(facts).encode()))
    assert outcome.lead_id is not None, outcome.problems
    return outcome.lead_id


@pytest.fixture
def jane(people: People) -> UUID:
    return came(people.ada, **JANE)


def audited(actor: Actor) -> list[str]:
    with reading(actor) as session:
        entries = select(AuditEntry.action).where(AuditEntry.action.like("lead.%")).order_by(AuditEntry.id)
        return list(session.scalars(entries))


def counted(actor: Actor, model: type[Deal | Customer | Contact]) -> int:
    with reading(actor) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_status_and_owner_are_changed_and_told(people: People, jane: UUID) -> None:
    before = change_lead(people.alice, jane, {"status": "qualified", "assigned_to": people.alice.user_id})
    assert before == {"status": "new", "assigned_to": None}
    found = lead(people.alice, jane)
    assert (found.status, found.owner_name, found.version) == ("qualified", "Alice", 2)
    change_lead(people.alice, jane, {"status": "qualified"})
    assert (lead(people.alice, jane).version, audited(people.ada)) == (2, ["lead.changed"])


def test_what_may_not_be_is_refused(people: People, jane: UUID) -> None:
    for facts, field in (
        ({"status": "lost"}, "status"), ({"status": "converted"}, "status"), ({"assigned_to": uuid4()}, "assigned_to"),
        ({"email": "x@y.example"}, "email"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            change_lead(people.ada, jane, facts)
        assert refused.value.problems[0].field == field
    with pytest.raises(Conflict):
        change_lead(people.ada, jane, {"status": "contacted"}, version=7)
    with pytest.raises(NotFound):
        change_lead(people.charlie, jane, {"status": "contacted"})
    change_lead(people.ada, jane, {"assigned_to": people.alice.user_id})
    for change in (
        lambda: change_lead(people.bob, jane, {"status": "contacted"}),
        lambda: mark_spam(people.bob, jane, is_spam=True),
        lambda: convert_lead(people.bob, jane),
    ):
        with pytest.raises(Forbidden):
            change()


def test_spam_is_out_of_sight_and_comes_back(people: People, jane: UUID) -> None:
    mark_spam(people.ada, jane, is_spam=True)
    mark_spam(people.ada, jane, is_spam=True)
    assert lead_rows(people.ada, LeadFilter()).items == ()
    assert [each.id for each in lead_rows(people.ada, LeadFilter(is_spam=True)).items] == [jane]
    assert (lead_counts(people.ada).spam, lead_counts(people.ada).by_status) == (1, {})
    mark_spam(people.ada, jane, is_spam=False)
    assert lead_counts(people.ada).by_status == {"new": 1}
    assert audited(people.ada) == ["lead.spam", "lead.not_spam"]


def test_merged_leads_are_one_and_can_be_two_again(people: People, jane: UUID) -> None:
    other = came(people.ada, **OTHER)
    merge_leads(people.ada, jane, other)
    found = lead_page(people.ada, jane)
    assert (found.lead.deal_count, len(found.deals), len(found.items)) == (2, 2, 2)
    assert (found.lead.phone, found.lead.facts["utm_source"], found.lead.company) == ("+1 555", "ad", "Company Inc")
    assert [each.email for each in found.merged] == ["jd@private.example"]
    assert [each.id for each in lead_rows(people.ada, LeadFilter()).items] == [jane]
    assert came(people.ada, **OTHER | {"product_interest": "Later"}) == jane
    with pytest.raises(RuleBroken):
        change_lead(people.ada, other, {"status": "contacted"})
    assert unmerge_lead(people.ada, other) == jane
    apart = lead_page(people.ada, jane)
    assert (apart.lead.phone, "utm_source" in apart.lead.facts, apart.merged) == (None, False, ())
    assert lead(people.ada, other).merged_into is None
    assert audited(people.ada) == ["lead.merged", "lead.unmerged"]
    with pytest.raises(RuleBroken):
        unmerge_lead(people.ada, other)


def test_what_was_changed_since_stays_when_a_merging_is_taken_back(people: People, jane: UUID) -> None:
    other = came(people.ada, **OTHER)
    merge_leads(people.ada, jane, other)
    came(people.ada, **JANE | {"phone": "+1 777"})
    unmerge_lead(people.ada, other)
    assert lead(people.ada, jane).phone == "+1 777"


def test_who_was_merged_before_follows(people: People, jane: UUID) -> None:
    second, third = came(people.ada, **OTHER), came(people.ada, email="third@x.example")
    merge_leads(people.ada, second, third)
    merge_leads(people.ada, jane, second)
    assert {each.id for each in lead_page(people.ada, jane).merged} == {second, third}
    assert lead(people.ada, jane).deal_count == 3
    unmerge_lead(people.ada, second)
    assert [each.id for each in lead_page(people.ada, second).merged] == [third]
    assert lead_page(people.ada, jane).merged == ()


def test_a_lead_is_not_merged_with_itself_nor_with_a_strangers(people: People, jane: UUID) -> None:
    with pytest.raises(Invalid):
        merge_leads(people.ada, jane, jane)
    foreign = came(people.charlie, **OTHER)
    with pytest.raises(NotFound):
        merge_leads(people.ada, jane, foreign)
    assert lead(people.charlie, foreign).merged_into is None


def test_converting_takes_what_is_there_and_happens_once(people: People, jane: UUID) -> None:
    made = convert_lead(people.alice, jane)
    assert (made.is_new, made.made_deal) == (True, False)
    found = lead_page(people.alice, jane)
    assert (found.lead.status, found.lead.deal_id) == ("converted", found.deals[0].id)
    with reading(people.ada) as session:
        contact = session.scalars(select(Contact)).one()
        assert (contact.email, contact.name, contact.customer_id) == (JANE["email"], "Jane Doe", made.customer_id)
        assert session.scalar(select(Customer.name).where(Customer.id == made.customer_id)) == "Company Inc"
    again = convert_lead(people.alice, jane)
    assert (again.deal_id, again.contact_id, again.is_new) == (made.deal_id, made.contact_id, False)
    assert [counted(people.ada, model) for model in (Deal, Customer, Contact)] == [1, 1, 1]
    assert audited(people.ada) == ["lead.converted"]
    change_lead(people.alice, jane, {"status": "qualified"})
    assert convert_lead(people.alice, jane).deal_id == made.deal_id


def test_converting_makes_what_is_not_there(people: People) -> None:
    lead_id = came(people.ada, email="solo@x.example", first_name="Solo")
    with reading(people.ada) as session:
        [deal_id] = session.scalars(select(Deal.id))
    delete_deal(people.ada, deal_id)
    made = convert_lead(people.alice, lead_id)
    assert made.made_deal
    with reading(people.ada) as session:
        deal = session.scalars(select(Deal).where(Deal.id == made.deal_id)).one()
        assert (deal.name, deal.assigned_to, deal.customer_id) == (
            "Solo – Enquiry", people.alice.user_id, made.customer_id,
        )  # fmt: skip
        assert session.scalar(select(Customer.kind).where(Customer.id == made.customer_id)) == "person"


def test_the_list_is_narrowed_and_read_on(people: People, jane: UUID) -> None:
    solo = came(people.ada, email="solo@x.example")
    change_lead(people.ada, solo, {"assigned_to": people.alice.user_id, "status": "contacted"})

    def ids(**wanted: object) -> list[UUID]:
        return [each.id for each in lead_rows(people.ada, LeadFilter(**wanted)).items]  # type: ignore[arg-type]

    assert ids() == [solo, jane]
    assert ids(status="contacted") == ids(assigned_to=people.alice.user_id) == ids(q="SOLO@") == [solo]
    assert ids(unassigned=True) == ids(q="jane doe") == ids(q="company inc") == [jane]
    assert ids(source="email") == ids(q="%") == []
    first = lead_rows(people.ada, LeadFilter(), limit=1)
    assert [each.id for each in lead_rows(people.ada, LeadFilter(), first.next_after).items] == [jane]
    with pytest.raises(Invalid):
        lead_rows(people.ada, LeadFilter(), "nonsense")
    assert lead_rows(people.charlie, LeadFilter()).items == ()
