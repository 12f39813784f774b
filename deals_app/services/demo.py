"""The demo tenants of a first start: a lived-in team and a small second one, made through the services people use.

Deterministic but for the dates, which lie around today. Going on after an interruption adds what is missing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from deals_app.domain.actor import Actor, Role
from deals_app.domain.calendar import today_in
from deals_app.domain.errors import NotFound
from deals_app.domain.views import MemberView
from deals_app.models import Deal, FxRate
from deals_app.services.accounts import actor_for_tenant, add_member, create_tenant, members
from deals_app.services.activities import note_deal
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.stage_transition import lose_deal, move_deal, win_deal
from deals_app.services.unit_of_work import reading, unit_of_work

PASSWORD = "demo-demo"  # noqa: S105 (printed for everyone to see)
MAIN, SECOND = "demo", "demo-two"
SEED = 20_261_121

PEOPLE = (
    ("Dana Whitfield", "admin@demo.example", "admin"),
    ("Marcus Okafor", "manager@demo.example", "manager"),
    ("Priya Raman", "priya@demo.example", "rep"),
    ("Tomás Herrera", "tomas@demo.example", "rep"),
    ("Elin Sørensen", "elin@demo.example", "rep"),
)
CUSTOMERS = (
    "Harbor & Pine Logistics", "Kessler Maschinenbau GmbH", "Brightwater Clinics", "Oakridge School District",
    "Lumen Optics Ltd", "Cascadia Foods", "Ateliers Moreau", "Thornbury Rail", "Nordlys Energi",
    "Fairhaven Credit Union", "Vanguard Textiles", "Pelican Bay Resorts", "Schreiner & Söhne", "Quantock Breweries",
    "Ironvale Steel", "Juniper Health", "Castellan Insurance", "Meridian Airfreight", "Blue Heron Books",
    "Stonegate Properties",
)  # fmt: skip
PROJECTS = (
    "Warehouse rollout", "Annual licence", "Pilot, two sites", "Fleet upgrade", "Service contract", "Phase two",
    "Training package", "Replacement of legacy system", "Analytics add-on", "Multi-year renewal",
)  # fmt: skip
TAGS = ("enterprise", "renewal", "upsell", "fast-track", "public sector")
LOSS_REASONS = ("Price", "Chose a competitor", "No budget this year", "Project stopped")
COMPETITORS = ("Pipeworks", "Salesbridge", None)
NOTES = (
    "Spoke with purchasing; they want the offer split by site.",
    "Legal is reviewing the contract, answer expected next week.",
    "Demo went well. The operations lead asked for references.",
    "Champion is on leave until the 1st; follow up afterwards.",
)
# Units of USD for one unit, as of a plausible day; only for the demo.
RATES = {"EUR": Decimal("1.0840"), "GBP": Decimal("1.2710")}
UNKNOWN_VALUES = 0.06
STAGE_PLAN = (
    ("lead", 13), ("qualified", 11), ("proposal", 9), ("negotiation", 7), ("closed_won", 13), ("closed_lost", 8),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """One deal of the demo, decided before anything is written."""

    new: NewDeal
    stage: str
    expected: date
    closed_on: date
    loss_reason: str
    competitor: str | None
    note: str | None


def load_demo_once() -> list[tuple[str, str, str]]:
    """Make the demo tenants unless they are there; (tenant, e-mail, password) of the logins worth showing."""
    _rates()
    _load_tenant(MAIN, "Northbeam Systems", PEOPLE, plans=STAGE_PLAN, customers=CUSTOMERS)
    second = (("Noor Haddad", "admin@demo-two.example", "admin"), ("Sam Lindqvist", "sam@demo-two.example", "rep"))
    few = (("lead", 2), ("proposal", 2), ("closed_won", 1))
    _load_tenant(SECOND, "Small Harbour Studio", second, plans=few, customers=CUSTOMERS[:4])
    logins = (PEOPLE[0], PEOPLE[1], PEOPLE[2])
    return [("Northbeam Systems", email, PASSWORD) for _, email, _ in logins] + [
        ("Small Harbour Studio", second[0][1], PASSWORD)
    ]


def _load_tenant(
    slug: str,
    name: str,
    people: Sequence[tuple[str, str, str]],
    *,
    plans: Sequence[tuple[str, int]],
    customers: Sequence[str],
) -> None:
    setup = _setup(slug, name, people)
    with reading(setup) as session:
        known = set(session.scalars(select(Deal.name)))
    team = members(setup)
    reps = [person for person in team if person.role == Role.REP]
    for plan in _plans(random.Random(SEED), reps, plans, customers):  # noqa: S311 (the same demo every time)
        if plan.new.name not in known:
            _make(_acting(setup, team, plan.new.assigned_to), plan)


def _setup(slug: str, name: str, people: Sequence[tuple[str, str, str]]) -> Actor:
    """The tenant with its people, made where they are missing."""
    owner_name, owner_email, _ = people[0]
    try:
        setup = actor_for_tenant(slug, reference="system:demo", door="demo")
    except NotFound:
        create_tenant(slug=slug, name=name, owner_email=owner_email, owner_name=owner_name, password=PASSWORD)
        setup = actor_for_tenant(slug, reference="system:demo", door="demo")
    known = {person.email for person in members(setup)}
    for person, email, role in people[1:]:
        if email not in known:
            add_member(setup, email=email, name=person, role=role, password=PASSWORD)
    return setup


def _plans(
    chance: random.Random, reps: Sequence[MemberView], stages: Sequence[tuple[str, int]], customers: Sequence[str]
) -> list[_Plan]:
    today = today_in("UTC")
    pairs = [(project, customer) for customer in customers for project in PROJECTS]
    chance.shuffle(pairs)
    plans: list[_Plan] = []
    for stage, count in stages:
        for _ in range(count):
            project, customer = pairs.pop()
            owner = chance.choice([*reps, *reps, None]) if stage == "lead" else chance.choice(reps)
            new = NewDeal(
                name=f"{project} – {customer.split(' ')[0]}",
                customer_name=customer,
                value=None if chance.random() < UNKNOWN_VALUES else round(chance.lognormvariate(10, 0.9)) // 50 * 5000,
                currency=chance.choice(("USD", "USD", "USD", "EUR", "EUR", "GBP")),
                assigned_to=owner.id if owner else None,
                source=chance.choice(("inbound", "inbound", "outbound", "referral", "partner")),
                tags=tuple(chance.sample(TAGS, chance.choice((0, 0, 1, 1, 2)))),
            )
            plans.append(
                _Plan(
                    new=new,
                    stage=stage,
                    expected=today + timedelta(days=chance.choice((-12, -4, 2, 5, 9, 16, 24, 38, 55, 80, 110))),
                    closed_on=today - timedelta(days=chance.randrange(1, 300)),
                    loss_reason=chance.choice(LOSS_REASONS),
                    competitor=chance.choice(COMPETITORS),
                    note=chance.choice((*NOTES, None, None)),
                )
            )
    return plans


def _make(actor: Actor, plan: _Plan) -> None:
    """As a rep would: make it, date it, write a note, move it on, close it."""
    deal_id = create_deal(actor, plan.new)
    edit_deal(actor, deal_id, DealEdit(expected_close_date=plan.expected))
    if plan.note:
        note_deal(actor, deal_id, plan.note)
    if plan.stage == "closed_won":
        move_deal(actor, deal_id, stage="negotiation")
        win_deal(actor, deal_id, close_date=plan.closed_on)
    elif plan.stage == "closed_lost":
        move_deal(actor, deal_id, stage="proposal")
        lose_deal(actor, deal_id, close_date=plan.closed_on, reason=plan.loss_reason, competitor=plan.competitor)
    elif plan.stage != "lead":
        move_deal(actor, deal_id, stage=plan.stage)


def _acting(setup: Actor, team: Sequence[MemberView], user_id: UUID | None) -> Actor:
    """The deal's owner, so that the timeline tells of people; the demo itself for a deal without one."""
    person = next((person for person in team if person.id == user_id), None)
    if person is None:
        return setup
    return Actor(
        tenant_id=setup.tenant_id,
        reference=f"user:{person.id}",
        role=Role.MANAGER,
        door="demo",
        user_id=person.id,
        name=person.name,
    )


def _rates() -> None:
    """Exchange rates of all tenants are the owner's to write."""
    nobody = Actor(tenant_id=UUID(int=0), reference="system:demo", role=Role.SYSTEM, door="demo")
    with unit_of_work(nobody, as_owner=True) as work:
        for currency, rate in RATES.items():
            work.session.execute(
                insert(FxRate)
                .values(base=currency, quote="USD", on_date=today_in("UTC"), rate=rate, source="demo")
                .on_conflict_do_nothing()
            )
