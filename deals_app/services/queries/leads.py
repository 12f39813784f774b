"""Leads as their list, their page and the API show them; who was merged is shown at whom they were merged into."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Invalid, NotFound
from deals_app.domain.lead_views import LEAD_STATUSES, LeadCounts, LeadDealView, LeadName, LeadPage, LeadView
from deals_app.domain.views import Page
from deals_app.models import Deal, InboundItem, Lead, LeadDeal, Stage, User
from deals_app.services.queries.cursor import cursor_of, read_cursor
from deals_app.services.queries.inbox import items_of_lead
from deals_app.services.statements import AnySelect
from deals_app.services.unit_of_work import reading

ROWS_PER_STRETCH = 50
MOST_ALIKE = 5
MOST_DEALS = 50
COLUMNS = (
    "id", "email", "first_name", "last_name", "company", "phone", "message", "source", "status", "ai_score",
    "ai_qualification_summary", "is_spam", "facts", "assigned_to", "merged_into", "customer_id", "contact_id",
    "deal_id", "version", "created_at", "updated_at",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class LeadFilter:
    """Which leads; None and empty mean all, but spam is shown only where it is asked for."""

    status: str | None = None
    is_spam: bool = False
    source: str | None = None
    assigned_to: UUID | None = None
    unassigned: bool = False
    q: str = ""


def lead_rows(
    actor: Actor, wanted: LeadFilter, after: str | None = None, limit: int = ROWS_PER_STRETCH
) -> Page[LeadView]:
    """The newest first, by keyset; raises Invalid for a status or a cursor that is none. One statement."""
    statement = _leads().where(Lead.merged_into.is_(None), *_narrowed(wanted))
    if after:
        at, last_id = read_cursor(after, datetime.fromisoformat)
        statement = statement.where(tuple_(Lead.created_at, Lead.id) < tuple_(at, last_id))
    statement = statement.order_by(Lead.created_at.desc(), Lead.id.desc()).limit(limit + 1)
    with reading(actor) as session:
        rows = session.execute(statement).mappings().all()
    items = tuple(LeadView(**row) for row in rows[:limit])
    return Page(items=items, next_after=_cursor(items[-1]) if len(rows) > limit else None)


def lead_counts(actor: Actor) -> LeadCounts:
    """How many there are of each status; one statement."""
    counted = select(Lead.status, Lead.is_spam, func.count()).where(Lead.merged_into.is_(None))
    with reading(actor) as session:
        rows = session.execute(counted.group_by(Lead.status, Lead.is_spam)).all()
    return LeadCounts(
        by_status={status: number for status, is_spam, number in rows if not is_spam},
        spam=sum(number for _, is_spam, number in rows if is_spam),
    )


def lead(actor: Actor, lead_id: UUID) -> LeadView:
    """One lead, also one that was merged; raises NotFound."""
    with reading(actor) as session:
        row = session.execute(_leads().where(Lead.id == lead_id)).mappings().one_or_none()
    if row is None:
        raise _missing()
    return LeadView(**row)


def lead_id_at(actor: Actor, email: str) -> UUID:
    """Who has this address; raises Invalid when nobody has."""
    found = select(Lead.id).where(Lead.email_key == email.strip().lower(), Lead.merged_into.is_(None))
    with reading(actor) as session:
        lead_id = session.scalar(found)
    if lead_id is None:
        raise Invalid(FieldProblem("email", "no lead has this address"))
    return lead_id


def lead_page(actor: Actor, lead_id: UUID) -> LeadPage:
    """A lead with what belongs to it; raises NotFound. Five statements."""
    with reading(actor) as session:
        row = session.execute(_leads().where(Lead.id == lead_id)).mappings().one_or_none()
        if row is None:
            raise _missing()
        view = LeadView(**row)
        merged = tuple(_name(each) for each in session.scalars(select(Lead).where(Lead.merged_into == lead_id)))
        people = [lead_id, *(each.id for each in merged)]
        deals = session.execute(_deals(people)).mappings()
        return LeadPage(
            lead=view,
            deals=tuple(LeadDealView(**each) for each in deals),
            items=items_of_lead(session, actor, people),
            alike=tuple(_name(each) for each in session.scalars(_alike(view))),
            merged=merged,
        )


def _narrowed(wanted: LeadFilter) -> list[ColumnElement[bool]]:
    if wanted.status is not None and wanted.status not in LEAD_STATUSES:
        raise Invalid(FieldProblem("status", f"must be one of {', '.join(LEAD_STATUSES)}"))
    narrowed: list[ColumnElement[bool]] = [Lead.is_spam.is_(wanted.is_spam)]
    if wanted.status is not None:
        narrowed.append(Lead.status == wanted.status)
    if wanted.source:
        narrowed.append(Lead.source == wanted.source)
    if wanted.unassigned:
        narrowed.append(Lead.assigned_to.is_(None))
    elif wanted.assigned_to is not None:
        narrowed.append(Lead.assigned_to == wanted.assigned_to)
    if text := wanted.q.strip():
        name = func.concat_ws(" ", Lead.first_name, Lead.last_name)
        said = (Lead.email, name, Lead.company)
        narrowed.append(or_(*(each.icontains(text, autoescape=True) for each in said)))
    return narrowed


def _leads() -> AnySelect:
    """The rows of LeadViews."""
    other = aliased(Lead)
    people = select(other.id).where(or_(other.id == Lead.id, other.merged_into == Lead.id)).correlate(Lead)
    live = and_(Deal.tenant_id == LeadDeal.tenant_id, Deal.id == LeadDeal.deal_id, Deal.deleted_at.is_(None))
    deals = select(func.count(LeadDeal.deal_id.distinct())).join(Deal, live).where(LeadDeal.lead_id.in_(people))
    last = select(func.max(InboundItem.created_at)).where(InboundItem.lead_id.in_(people))
    return select(
        *(getattr(Lead, name) for name in COLUMNS),
        User.name.label("owner_name"),
        deals.correlate(Lead).scalar_subquery().label("deal_count"),
        last.correlate(Lead).scalar_subquery().label("last_at"),
    ).outerjoin(User, User.id == Lead.assigned_to)


def _deals(people: list[UUID]) -> AnySelect:
    theirs = select(LeadDeal.deal_id).where(LeadDeal.lead_id.in_(people))
    return (
        select(
            Deal.id, Deal.name, Stage.name.label("stage_name"), Deal.status, Deal.value, Deal.currency,
            Deal.value_estimated,
        )
        .join(Stage, and_(Stage.tenant_id == Deal.tenant_id, Stage.id == Deal.stage_id))
        .where(Deal.id.in_(theirs), Deal.deleted_at.is_(None))
        .order_by(Deal.id.desc())
        .limit(MOST_DEALS)
    )  # fmt: skip


def _alike(view: LeadView) -> AnySelect:
    """Others of the same name, or of the same company; for people to look at."""
    name = func.lower(func.concat_ws(" ", Lead.first_name, Lead.last_name))
    same: list[ColumnElement[bool]] = []
    if view.first_name and view.last_name:
        same.append(name == view.name.lower())
    if view.company:
        same.append(func.lower(Lead.company) == view.company.lower())
    alike = select(Lead).where(or_(false(), *same), Lead.id != view.id, Lead.merged_into.is_(None))
    return alike.order_by((name == view.name.lower()).desc(), Lead.id.desc()).limit(MOST_ALIKE)


def _name(row: Lead) -> LeadName:
    name = " ".join(part for part in (row.first_name, row.last_name) if part)
    return LeadName(id=row.id, email=row.email, name=name or row.email)


def _cursor(last: LeadView) -> str:
    """With a Z for its zone: a plus that somebody does not encode would arrive as a blank."""
    at = last.created_at.astimezone(UTC).replace(tzinfo=None)
    return cursor_of(f"{at.isoformat()}Z", last.id)


def _missing() -> NotFound:
    return NotFound("There is no such lead")
