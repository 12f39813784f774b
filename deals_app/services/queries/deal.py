"""One deal in full, and lists of deals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.calendar import is_overdue, today_in
from deals_app.domain.errors import NotFound
from deals_app.domain.views import DealRow, DealView, Page, StageView
from deals_app.models import Customer, Deal, Pipeline, Stage, User
from deals_app.services.pipelines import stages_of
from deals_app.services.queries.cursor import cursor_of, read_cursor
from deals_app.services.statements import AnyRow, AnySelect
from deals_app.services.unit_of_work import reading

ROWS_PER_STRETCH = 50
# A customer this likely to leave puts its open deals at risk (DESIGN.md, `is_at_risk`).
HIGH_CHURN_RISK = Decimal("0.7")
LOW_HEALTH = 40


@dataclass(frozen=True, kw_only=True)
class DealFilter:
    """What a list of deals is narrowed to; None and empty mean everything."""

    q: str = ""
    stage: str = ""
    owner: UUID | None = None
    unassigned: bool = False
    status: str = ""


def deal(actor: Actor, deal_id: UUID) -> DealView:
    """The deal; raises NotFound, also for a deleted one."""
    with reading(actor) as session:
        return deal_view(session, actor, deal_id)


def deal_with_stages(actor: Actor, deal_id: UUID) -> tuple[DealView, list[StageView]]:
    """The deal and the stages of its pipeline; raises NotFound."""
    with reading(actor) as session:
        view = deal_view(session, actor, deal_id)
        return view, stages_of(session, view.pipeline_id)


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


def deal_rows(actor: Actor, wanted: DealFilter, after: str | None = None) -> Page[DealRow]:
    """Deals newest first, by keyset; raises Invalid for a cursor that is none of ours."""
    statement = narrowed(
        select(
            Deal.id, Deal.name, Deal.value, Deal.currency, Deal.value_estimated, Deal.status, Deal.probability,
            Deal.expected_close_date, Deal.actual_close_date, Deal.created_at,
            Customer.name.label("customer_name"), User.name.label("owner_name"),
            Stage.name.label("stage_name"), Stage.key.label("stage_key"),
        )
        .join(Stage, Stage.id == Deal.stage_id)
        .outerjoin(Customer, Customer.id == Deal.customer_id)
        .outerjoin(User, User.id == Deal.assigned_to)
        .where(Deal.deleted_at.is_(None)),
        wanted,
    ).order_by(Deal.created_at.desc(), Deal.id.desc())  # fmt: skip
    if after:
        created_at, last_id = read_cursor(after, datetime.fromisoformat)
        statement = statement.where(tuple_(Deal.created_at, Deal.id) < tuple_(created_at, last_id))
    today = today_in(actor.time_zone)
    with reading(actor) as session:
        rows = session.execute(statement.limit(ROWS_PER_STRETCH + 1)).mappings().all()
    items = tuple(
        DealRow(
            **row,
            is_overdue=row["status"] == "open" and is_overdue(row["expected_close_date"], today),
        )
        for row in rows[:ROWS_PER_STRETCH]
    )
    more = len(rows) > ROWS_PER_STRETCH
    return Page(items=items, next_after=cursor_of(items[-1].created_at.isoformat(), items[-1].id) if more else None)


def narrowed(statement: AnySelect, wanted: DealFilter) -> AnySelect:
    """Apply a filter to a statement that joins stages and customers."""
    if wanted.q.strip():
        pattern = f"%{_escaped(wanted.q.strip())}%"
        statement = statement.where(or_(Deal.name.ilike(pattern), Customer.name.ilike(pattern)))
    if wanted.stage:
        statement = statement.where(Stage.key == wanted.stage)
    if wanted.status:
        statement = statement.where(Deal.status == wanted.status)
    if wanted.unassigned:
        statement = statement.where(Deal.assigned_to.is_(None))
    elif wanted.owner is not None:
        statement = statement.where(Deal.assigned_to == wanted.owner)
    return statement


def _escaped(text: str) -> str:
    """A search for `50%` looks for a percent sign."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _is_at_risk(actor: Actor, found: Deal, churn_risk: Decimal | None) -> bool:
    return found.status == "open" and (
        (churn_risk is not None and churn_risk >= HIGH_CHURN_RISK)
        or (found.health_score is not None and found.health_score < LOW_HEALTH)
        or is_overdue(found.expected_close_date, today_in(actor.time_zone))
    )
