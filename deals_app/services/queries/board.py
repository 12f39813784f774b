"""The board: columns with exact totals over all their deals, and the first cards of each.

The number of statements is the same for any number of deals and columns (a test holds it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select, true, tuple_
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.calendar import closes_soon, is_overdue, today_in
from deals_app.domain.errors import NotFound
from deals_app.domain.views import BoardView, CardView, ColumnView, PipelineView, StageView, Total
from deals_app.models import Customer, Deal, Stage
from deals_app.services.accounts import member_views
from deals_app.services.pipelines import find_pipeline, pipeline_views, stages_of
from deals_app.services.queries.cursor import cursor_of, read_cursor
from deals_app.services.queries.totals import Sum, as_sum, rates_to, sum_columns, total_of
from deals_app.services.statements import AnyRow, AnySelect
from deals_app.services.unit_of_work import reading

CARDS_PER_STRETCH = 25

CARD_COLUMNS = (
    Deal.id, Deal.name, Deal.customer_id, Deal.value, Deal.currency, Deal.value_estimated, Deal.assigned_to,
    Deal.expected_close_date, Deal.actual_close_date, Deal.stage_id, Deal.status, Deal.stage_entered_at,
    Deal.ingested_from, Deal.tags, Deal.position, Deal.version,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ColumnStretch:
    """Further cards of one column, and the stages a card can be moved to."""

    stage: StageView
    stages: tuple[StageView, ...]
    cards: tuple[CardView, ...]
    next_after: str | None


@dataclass(frozen=True, kw_only=True)
class ColumnHead:
    """What stands above a column."""

    stage: StageView
    total: Total


@dataclass(frozen=True, kw_only=True)
class CardAfterMove:
    """The truth after a move: the card as it is and the heads of the columns it touched."""

    card: CardView
    stages: tuple[StageView, ...]
    heads: tuple[ColumnHead, ...]


def board(actor: Actor, pipeline: str | None = None) -> BoardView:
    """The board of the pipeline with this id or name, or of the default one; raises NotFound."""
    with reading(actor) as session:
        views = pipeline_views(session)
        chosen = find_pipeline(views, pipeline)
        totals = _totals(session, actor, chosen.id, [stage.id for stage in chosen.stages])
        names = _owner_names(session)
        cards = _first_cards(session, actor, chosen, names)
    columns = tuple(
        ColumnView(stage=stage, total=totals[stage.id], cards=cards[stage.id][0], next_after=cards[stage.id][1])
        for stage in chosen.stages
    )
    return BoardView(pipeline=chosen, pipelines=tuple(views), columns=columns)


def column_stretch(actor: Actor, stage_id: UUID, after: str) -> ColumnStretch:
    """The cards of a column after a cursor; raises NotFound for the stage, Invalid for the cursor."""
    position, last_id = read_cursor(after, Decimal)
    with reading(actor) as session:
        stage = session.get(Stage, (actor.tenant_id, stage_id))
        if stage is None:
            message = "There is no such stage"
            raise NotFound(message)
        stages = stages_of(session, stage.pipeline_id)
        statement = (
            _cards(select(*CARD_COLUMNS, Customer.name.label("customer_name")))
            .where(Deal.stage_id == stage_id, tuple_(Deal.position, Deal.id) > tuple_(position, last_id))
            .limit(CARDS_PER_STRETCH + 1)
        )
        rows = session.execute(statement).all()
        names = _owner_names(session)
    cards, next_after = _stretch(actor, rows, {known.id: known for known in stages}, names)
    view = next(known for known in stages if known.id == stage_id)
    return ColumnStretch(stage=view, stages=tuple(stages), cards=cards, next_after=next_after)


def card_after_move(actor: Actor, deal_id: UUID, touched_stages: Iterable[UUID]) -> CardAfterMove:
    """A card as it is now with the heads of its own and the touched columns; raises NotFound."""
    with reading(actor) as session:
        statement = _cards(select(*CARD_COLUMNS, Deal.pipeline_id, Customer.name.label("customer_name")))
        row = session.execute(statement.where(Deal.id == deal_id)).one_or_none()
        if row is None:
            message = "There is no such deal"
            raise NotFound(message)
        stages = stages_of(session, row.pipeline_id)
        wanted = {*touched_stages, row.stage_id}
        totals = _totals(session, actor, row.pipeline_id, wanted)
        names = _owner_names(session)
    by_id = {stage.id: stage for stage in stages}
    return CardAfterMove(
        card=_card(actor, row, by_id, names, today_in(actor.time_zone)),
        stages=tuple(stages),
        heads=tuple(ColumnHead(stage=stage, total=totals[stage.id]) for stage in stages if stage.id in wanted),
    )


def _totals(session: Session, actor: Actor, pipeline_id: UUID, stage_ids: Iterable[UUID]) -> dict[UUID, Total]:
    """Exact totals per stage over all live deals, read from the covering index `deals_totals`."""
    stage_ids = list(stage_ids)
    rows = session.execute(
        select(Deal.stage_id, *sum_columns())
        .where(Deal.pipeline_id == pipeline_id, Deal.stage_id.in_(stage_ids), Deal.deleted_at.is_(None))
        .group_by(Deal.stage_id, Deal.currency)
    ).all()
    rates = rates_to(session, actor.base_currency)
    sums: dict[UUID, list[Sum]] = {stage_id: [] for stage_id in stage_ids}
    for row in rows:
        sums[row.stage_id].append(as_sum(row))
    return {
        stage_id: total_of(parts, base_currency=actor.base_currency, rates=rates) for stage_id, parts in sums.items()
    }


def _first_cards(
    session: Session, actor: Actor, pipeline: PipelineView, names: Mapping[UUID, str]
) -> dict[UUID, tuple[tuple[CardView, ...], str | None]]:
    """The first stretch of every column in one statement: a lateral look into the index per stage."""
    first = (
        select(*CARD_COLUMNS)
        .where(Deal.stage_id == Stage.id, Deal.deleted_at.is_(None))
        .order_by(Deal.position, Deal.id)
        .limit(CARDS_PER_STRETCH + 1)
        .lateral("first")
    )
    statement = (
        select(first, Customer.name.label("customer_name"))
        .select_from(Stage)
        .join(first, true())
        .outerjoin(Customer, Customer.id == first.c.customer_id)
        .where(Stage.pipeline_id == pipeline.id)
        .order_by(Stage.position, first.c.position, first.c.id)
    )
    rows: dict[UUID, list[AnyRow]] = {stage.id: [] for stage in pipeline.stages}
    for row in session.execute(statement):
        rows[row.stage_id].append(row)
    by_id = {stage.id: stage for stage in pipeline.stages}
    return {stage_id: _stretch(actor, found, by_id, names) for stage_id, found in rows.items()}


def _cards(statement: AnySelect) -> AnySelect:
    return (
        statement.outerjoin(Customer, Customer.id == Deal.customer_id)
        .where(Deal.deleted_at.is_(None))
        .order_by(Deal.position, Deal.id)
    )


def _stretch(
    actor: Actor, rows: Sequence[AnyRow], stages: Mapping[UUID, StageView], names: Mapping[UUID, str]
) -> tuple[tuple[CardView, ...], str | None]:
    """The cards of a stretch; one row more than a stretch was asked for, to know whether there is a next."""
    today = today_in(actor.time_zone)
    cards = tuple(_card(actor, row, stages, names, today) for row in rows[:CARDS_PER_STRETCH])
    more = len(rows) > CARDS_PER_STRETCH
    return cards, cursor_of(cards[-1].position, cards[-1].id) if more else None


def _card(
    actor: Actor, row: AnyRow, stages: Mapping[UUID, StageView], names: Mapping[UUID, str], today: date
) -> CardView:
    is_open = row.status == "open"
    return CardView(
        id=row.id,
        name=row.name,
        customer_name=row.customer_name,
        value=row.value,
        currency=row.currency,
        value_estimated=row.value_estimated,
        owner_id=row.assigned_to,
        owner_name=names.get(row.assigned_to),
        expected_close_date=row.expected_close_date,
        actual_close_date=row.actual_close_date,
        stage_id=row.stage_id,
        stage_key=stages[row.stage_id].key,
        status=row.status,
        stage_entered_at=row.stage_entered_at,
        ingested_from=row.ingested_from,
        tags=tuple(row.tags),
        position=row.position,
        version=row.version,
        is_overdue=is_open and is_overdue(row.expected_close_date, today),
        closes_soon=is_open and closes_soon(row.expected_close_date, today),
        may_change=actor.may_change(row.assigned_to),
    )


def _owner_names(session: Session) -> dict[UUID, str]:
    return {member.id: member.name for member in member_views(session)}
