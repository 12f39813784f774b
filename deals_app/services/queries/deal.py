"""One deal in full: as it is, and as its page shows it."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.calendar import is_overdue
from deals_app.domain.deal_views import DealPage
from deals_app.domain.errors import NotFound
from deals_app.domain.views import DealView
from deals_app.models import Customer, Deal, Pipeline, Stage, User
from deals_app.services.accounts import member_views
from deals_app.services.queries.deal_list import deal_rows
from deals_app.services.queries.filters import DealFilter
from deals_app.services.queries.timeline import LedgerNames, activities, timeline
from deals_app.services.statements import AnyRow, AnySelect
from deals_app.services.unit_of_work import reading

# The list lives in deal_list.py and filters.py; leads.py still asks for it here.
__all__ = ["DealFilter", "as_deal_view", "deal", "deal_page", "deal_rows", "deal_select", "deal_view"]

# A customer this likely to leave puts its open deals at risk (DESIGN.md, `is_at_risk`).
HIGH_CHURN_RISK = Decimal("0.7")
LOW_HEALTH = 40


def deal(actor: Actor, deal_id: UUID) -> DealView:
    """The deal; raises NotFound, also for a deleted one."""
    with reading(actor) as session:
        return deal_view(session, actor, deal_id)


def deal_page(actor: Actor, deal_id: UUID) -> DealPage:
    """The deal with its timeline, its next steps and what it can be changed to; raises NotFound."""
    with reading(actor) as session:
        view = deal_view(session, actor, deal_id)
        names = LedgerNames(session)
        planned, done = activities(session, actor, deal_id, names)
        return DealPage(
            deal=view,
            stages=tuple(names.stages_of(view.pipeline_id)),
            people=tuple(member_views(session)),
            steps=planned,
            timeline=timeline(session, actor, view, names, done),
        )


def deal_view(session: Session, actor: Actor, deal_id: UUID) -> DealView:
    """`deal`, inside a transaction."""
    row = session.execute(deal_select().where(Deal.id == deal_id)).one_or_none()
    if row is None:
        message = "There is no such deal"
        raise NotFound(message)
    return as_deal_view(actor, row)


def deal_select() -> AnySelect:
    """Live deals with the names that a view shows."""
    return (
        select(
            Deal,
            Customer.name.label("customer_name"),
            Customer.churn_risk,
            User.name.label("owner_name"),
            Stage.key.label("stage_key"),
            Stage.name.label("stage_name"),
            Pipeline.name.label("pipeline_name"),
        )
        .join(Stage, Stage.id == Deal.stage_id)
        .join(Pipeline, Pipeline.id == Deal.pipeline_id)
        .outerjoin(Customer, Customer.id == Deal.customer_id)
        .outerjoin(User, User.id == Deal.assigned_to)
        .where(Deal.deleted_at.is_(None))
    )


def as_deal_view(actor: Actor, row: AnyRow) -> DealView:
    """A row of `deal_select` as the view of it."""
    found: Deal = row.Deal
    return DealView(
        id=found.id,
        customer_id=found.customer_id,
        customer_name=row.customer_name,
        assigned_to=found.assigned_to,
        owner_name=row.owner_name,
        name=found.name,
        value=found.value,
        currency=found.currency,
        value_estimated=found.value_estimated,
        pipeline_id=found.pipeline_id,
        pipeline_name=row.pipeline_name,
        stage_id=found.stage_id,
        stage_key=row.stage_key,
        stage_name=row.stage_name,
        status=found.status,
        probability=found.probability,
        source=found.source,
        ingested_from=found.ingested_from,
        expected_close_date=found.expected_close_date,
        actual_close_date=found.actual_close_date,
        stage_entered_at=found.stage_entered_at,
        loss_reason=found.loss_reason,
        competitor=found.competitor,
        tags=tuple(found.tags),
        custom_fields=found.custom_fields,
        metadata=found.extra,
        health_score=found.health_score,
        risk_level=found.risk_level,
        insights=tuple(found.insights),
        is_at_risk=_is_at_risk(actor, found, row.churn_risk),
        version=found.version,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


def _is_at_risk(actor: Actor, found: Deal, churn_risk: Decimal | None) -> bool:
    return found.status == "open" and (
        (churn_risk is not None and churn_risk >= HIGH_CHURN_RISK)
        or (found.health_score is not None and found.health_score < LOW_HEALTH)
        or is_overdue(found.expected_close_date, actor.today)
    )
