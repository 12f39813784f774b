"""Loading the demo on a first start: once, going on after an interruption, touching only what is its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import NotFound
from deals_app.models import AuditEntry, Deal, Workspace
from deals_app.services.accounts import actor_for_tenant, add_member, create_tenant, members
from deals_app.services.audit import record
from deals_app.services.demo.company import NORTHBEAM, PASSWORD, SMALL_HARBOUR, Company
from deals_app.services.demo.plans import story_of
from deals_app.services.demo.rates import write_rates
from deals_app.services.demo.telling import known_of, tell
from deals_app.services.pipelines import insert_pipeline, pipelines
from deals_app.services.unit_of_work import reading, unit_of_work

BEGUN, TOLD = "demo.begun", "demo.told"
# The large one last: when it is told, everything is.
COMPANIES = (SMALL_HARBOUR, NORTHBEAM)


def demo_is_loaded() -> bool:
    """Whether there is nothing to do: all is told, or the tenant of that name is not ours to fill."""
    try:
        return _is_settled(_system(NORTHBEAM))
    except NotFound:
        return False


def load_demo_once(*, scale: float = 1.0, until: datetime | None = None) -> list[tuple[str, str, str]]:
    """Make the demo tenants unless they are there; (tenant, e-mail, password) of the logins worth showing.

    `scale` takes a share of the large one's deals, and their history ends `until` that moment, now if not said. A
    loading that was interrupted goes on with its own scale and moment.
    """
    if not demo_is_loaded():
        until = until or datetime.now(UTC)
        write_rates(until.date(), NORTHBEAM.months)
        for company in COMPANIES:
            _load(company, until, scale if company is NORTHBEAM else 1.0)
    return [
        (company.name, person.email, PASSWORD)
        for company in reversed(COMPANIES)
        for person in company.people
        if person.is_shown
    ]


def _load(company: Company, until: datetime, scale: float) -> None:
    setup = _tenant(company)
    if _is_settled(setup):
        return
    _add_people(setup, company)
    _add_pipelines(setup, company)
    begun = _begin(setup, {"until": until.isoformat(), "scale": scale})
    until = datetime.fromisoformat(begun["until"])
    story = story_of(company, until=until, time_zone=setup.time_zone, scale=begun["scale"])
    tell(known_of(setup, _people(setup)), story)
    with unit_of_work(setup) as work:
        record(work, TOLD, f"tenant:{setup.tenant_id}", {"steps": len(story)})


def _is_settled(setup: Actor) -> bool:
    """All told, or begun by nobody here and yet not empty: a tenant of that name that somebody else has filled."""
    with reading(setup) as session:
        marks = set(session.scalars(select(AuditEntry.action).where(AuditEntry.action.in_((BEGUN, TOLD)))))
        return TOLD in marks or (not marks and session.scalar(select(Deal.id).limit(1)) is not None)


def _begin(setup: Actor, details: dict[str, Any]) -> dict[str, Any]:
    """What is being told, written down before the first deal; what was begun earlier is gone on with."""
    with unit_of_work(setup) as work:
        begun = work.session.scalar(select(AuditEntry.details).where(AuditEntry.action == BEGUN))
        if begun is None:
            record(work, BEGUN, f"tenant:{setup.tenant_id}", details)
        return begun or details


def _system(company: Company) -> Actor:
    return actor_for_tenant(company.slug, reference="system:demo", door="demo")


def _tenant(company: Company) -> Actor:
    try:
        return _system(company)
    except NotFound:
        owner = company.people[0]
        create_tenant(
            slug=company.slug, name=company.name, owner_email=owner.email, owner_name=owner.name, password=PASSWORD
        )
        return _system(company)


def _add_people(setup: Actor, company: Company) -> None:
    known = {member.email for member in members(setup)}
    for person in company.people:
        if person.email not in known:
            add_member(setup, email=person.email, name=person.name, role=person.role, password=PASSWORD)


def _add_pipelines(setup: Actor, company: Company) -> None:
    known = {pipeline.name for pipeline in pipelines(setup)}
    with unit_of_work(setup) as work:
        workspace_id = work.session.scalars(select(Workspace.id).where(Workspace.is_default)).one()
        for sale in company.sales:
            if sale.pipeline not in known:
                insert_pipeline(work, workspace_id, name=sale.pipeline, stages=sale.stages, is_default=False)


def _people(setup: Actor) -> dict[str, Actor]:
    """Everybody as themselves, so that the ledger tells of people, with no more rights than they have."""
    return {
        member.email: Actor(
            tenant_id=setup.tenant_id,
            reference=f"user:{member.id}",
            role=Role(member.role),
            door="demo",
            user_id=member.id,
            name=member.name,
            email=member.email,
            tenant_name=setup.tenant_name,
            time_zone=setup.time_zone,
            base_currency=setup.base_currency,
        )
        for member in members(setup)
    }
