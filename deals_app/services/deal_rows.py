"""Deals with the names that a view shows, read from the table or just written."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, FromClause, bindparam, select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.calendar import is_overdue
from deals_app.domain.errors import NotFound
from deals_app.domain.views import DealView
from deals_app.models import Customer, Deal, Pipeline, Stage, User
from deals_app.services.statements import AnyRow, AnySelect, table
from deals_app.services.straight import Straight

# A customer this likely to leave puts its open deals at risk (DESIGN.md, `is_at_risk`).
HIGH_CHURN_RISK = Decimal("0.7")
LOW_HEALTH = 40

# Built once, and on tables: it is read after every change, and the ORM doubled its price.
deals, customers, users = table(Deal), table(Customer), table(User)
stages, pipelines = table(Stage), table(Pipeline)
# What a view shows of the row itself; its metadata comes by another name, as rows have one of their own.
SHOWN = {each.name for each in fields(DealView)} - {"metadata"}


def in_full(rows: FromClause) -> AnySelect:
    """Rows of deals, from the table or just written, with the names that a view shows."""
    return (
        select(
            *(column for column in rows.c if column.name in SHOWN),
            rows.c.metadata.label("extra"),
            customers.c.name.label("customer_name"),
            customers.c.churn_risk,
            users.c.name.label("owner_name"),
            stages.c.key.label("stage_key"),
            stages.c.name.label("stage_name"),
            pipelines.c.name.label("pipeline_name"),
        )
        .join(stages, stages.c.id == rows.c.stage_id)
        .join(pipelines, pipelines.c.id == rows.c.pipeline_id)
        .outerjoin(customers, customers.c.id == rows.c.customer_id)
        .outerjoin(users, users.c.id == rows.c.assigned_to)
    )


IN_FULL: AnySelect = in_full(deals).where(deals.c.deleted_at.is_(None))
LIVE = Straight(select(deals.c.id).where(deals.c.id == bindparam("deal_id"), deals.c.deleted_at.is_(None)))
ONE = Straight(IN_FULL.where(deals.c.id == bindparam("deal_id")))


def deal_view(through: Connection | Session, actor: Actor, deal_id: UUID) -> DealView:
    """`deal`, inside a transaction."""
    row = ONE.one_or_none(through, deal_id=deal_id)
    if row is None:
        message = "There is no such deal"
        raise NotFound(message)
    return as_deal_view(actor, row)


def demand_deal(through: Connection | Session, deal_id: UUID) -> None:
    """Raises NotFound unless there is such a live deal."""
    if LIVE.one_or_none(through, deal_id=deal_id) is None:
        message = "There is no such deal"
        raise NotFound(message)


def as_deal_view(actor: Actor, row: AnyRow) -> DealView:
    """A row of `in_full` as the view of it."""
    return DealView(
        id=row.id,
        customer_id=row.customer_id,
        customer_name=row.customer_name,
        assigned_to=row.assigned_to,
        owner_name=row.owner_name,
        name=row.name,
        value=row.value,
        currency=row.currency,
        value_estimated=row.value_estimated,
        pipeline_id=row.pipeline_id,
        pipeline_name=row.pipeline_name,
        stage_id=row.stage_id,
        stage_key=row.stage_key,
        stage_name=row.stage_name,
        status=row.status,
        probability=row.probability,
        source=row.source,
        ingested_from=row.ingested_from,
        expected_close_date=row.expected_close_date,
        actual_close_date=row.actual_close_date,
        stage_entered_at=row.stage_entered_at,
        loss_reason=row.loss_reason,
        competitor=row.competitor,
        tags=tuple(row.tags),
        custom_fields=row.custom_fields,
        metadata=row.extra,
        health_score=row.health_score,
        risk_level=row.risk_level,
        insights=tuple(row.insights),
        is_at_risk=_is_at_risk(actor, row),
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _is_at_risk(actor: Actor, row: AnyRow) -> bool:
    return row.status == "open" and (
        (row.churn_risk is not None and row.churn_risk >= HIGH_CHURN_RISK)
        or (row.health_score is not None and row.health_score < LOW_HEALTH)
        or is_overdue(row.expected_close_date, actor.today)
    )
