"""Cards of the board: the statement behind any number of them, and its rows as the cards they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, bindparam, func, select, true

from deals_app.domain.actor import Actor
from deals_app.domain.calendar import closes_soon, is_overdue
from deals_app.domain.views import CardView, StageView, StepView
from deals_app.models import Activity, Customer, Deal, Stage
from deals_app.services.queries.cursor import cursor_of
from deals_app.services.queries.filters import Sort
from deals_app.services.statements import AnySelect
from deals_app.services.straight import Straight

CARDS_PER_STRETCH = 25
# A card has one line for its next step.
STEP_CHARACTERS = 120

CARD_COLUMNS = (
    Deal.id, Deal.name, Deal.value, Deal.currency, Deal.value_estimated, Deal.assigned_to, Deal.expected_close_date,
    Deal.actual_close_date, Deal.stage_id, Deal.status, Deal.stage_entered_at, Deal.ingested_from, Deal.tags,
    Deal.position, Deal.version,
)  # fmt: skip


def first_cards(stages: ColumnElement[bool], deals: Sequence[ColumnElement[bool]], sort: Sort) -> AnySelect:
    """A stretch of cards of each of these stages, and one more to tell whether there is a next; one statement.

    A lateral look into the deals per stage, so that an index gives each its first cards. `sort_key` is for the cursor.
    """
    first = (
        select(*CARD_COLUMNS, Deal.customer_id, sort.key.label("sort_key"))
        .where(Deal.stage_id == Stage.id, *deals)
        .order_by(*sort.order())
        .limit(CARDS_PER_STRETCH + 1)
        .lateral("first")
    )
    order = replace(sort, key=first.c.sort_key, tie=first.c.id).order()
    statement = select(*_shown(first), first.c.sort_key).select_from(Stage).join(first, true()).where(stages)
    return _with_names(statement, first).order_by(*order)


def _one_card() -> AnySelect:
    live = Deal.deleted_at.is_(None)
    which = Deal.id == bindparam("deal_id")
    one = select(*CARD_COLUMNS, Deal.customer_id, Deal.pipeline_id).where(which, live).subquery("one")
    return _with_names(select(*_shown(one), one.c.pipeline_id).select_from(one), one)


def _shown(cards: FromClause) -> list[ColumnElement[Any]]:
    return [cards.c[column.key] for column in CARD_COLUMNS]


def _with_names(statement: AnySelect, cards: FromClause) -> AnySelect:
    """With the customer's name and the next step: the earliest that is planned and not done."""
    step = (
        select(func.left(Activity.body, STEP_CHARACTERS).label("step"), Activity.due_on.label("step_due_on"))
        .where(Activity.deal_id == cards.c.id, Activity.due_on.is_not(None), Activity.done_at.is_(None))
        .order_by(Activity.due_on, Activity.id)
        .limit(1)
        .lateral("next_step")
    )
    return (
        statement.add_columns(Customer.name.label("customer_name"), step.c.step, step.c.step_due_on)
        .outerjoin(Customer, Customer.id == cards.c.customer_id)
        .outerjoin(step, true())
    )


# The card of the live deal `deal_id`, with its pipeline.
ONE_CARD = Straight(_one_card())


@dataclass(frozen=True, kw_only=True)
class CardReader:
    """What rows need to become cards, the same for all of a page: who looks and when, stages and names by id."""

    actor: Actor
    stages: Mapping[UUID, StageView]
    names: Mapping[UUID, str]
    today: date
    now: datetime

    @classmethod
    def of(cls, actor: Actor, stages: Sequence[StageView], names: Mapping[UUID, str]) -> CardReader:
        """For this moment."""
        by_id = {stage.id: stage for stage in stages}
        return cls(actor=actor, stages=by_id, names=names, today=actor.today, now=datetime.now(UTC))

    def stretch(self, rows: Sequence[Any]) -> tuple[tuple[CardView, ...], str | None]:
        """The cards of one stage, and the cursor behind them where a row more than a stretch was found."""
        cards = tuple(self.card(row) for row in rows[:CARDS_PER_STRETCH])
        if len(rows) <= CARDS_PER_STRETCH:
            return cards, None
        last = rows[CARDS_PER_STRETCH - 1]
        return cards, cursor_of(_as_text(last.sort_key), last.id)

    def card(self, row: Any) -> CardView:
        """One card."""
        stage, is_open = self.stages[row.stage_id], row.status == "open"
        days = max(0, (self.now - row.stage_entered_at).days)
        return CardView(
            id=row.id,
            name=row.name,
            customer_name=row.customer_name,
            value=row.value,
            currency=row.currency,
            value_estimated=row.value_estimated,
            owner_name=self.names.get(row.assigned_to),
            expected_close_date=row.expected_close_date,
            actual_close_date=row.actual_close_date,
            stage_id=row.stage_id,
            stage_key=stage.key,
            status=row.status,
            ingested_from=row.ingested_from,
            tags=tuple(row.tags),
            position=row.position,
            version=row.version,
            is_overdue=is_open and is_overdue(row.expected_close_date, self.today),
            closes_soon=is_open and closes_soon(row.expected_close_date, self.today),
            days_in_stage=days,
            is_rotting=is_open and stage.rotting_days is not None and days >= stage.rotting_days,
            next_step=self._step(row) if is_open and row.step_due_on is not None else None,
            may_change=self.actor.may_change(row.assigned_to),
        )

    def _step(self, row: Any) -> StepView:
        due_on: date = row.step_due_on
        return StepView(
            body=row.step, due_on=due_on, is_overdue=is_overdue(due_on, self.today), is_today=due_on == self.today
        )


def _as_text(key: object) -> str:
    """As the order's `parse` reads it back, exactly."""
    return key.isoformat() if isinstance(key, date) else str(key)
