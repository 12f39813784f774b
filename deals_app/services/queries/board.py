"""The board: columns with exact totals over all their deals, and the first cards of each.

The number of statements is the same for any number of deals and columns, filtered or not (a test holds it).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Connection, Uuid, any_, bindparam, exists, select, true

from deals_app.domain.actor import Actor
from deals_app.domain.errors import NotFound
from deals_app.domain.views import BoardView, CardView, ColumnView, MemberView, StageView, Total
from deals_app.models import Deal, Stage
from deals_app.services.accounts import member_views
from deals_app.services.pipelines import find_pipeline, pipeline_views, stages_of
from deals_app.services.queries.cards import ONE_CARD, CardReader, first_cards
from deals_app.services.queries.filters import CLOSED_DAYS, DealFilter, Sort, conditions, sort_of
from deals_app.services.queries.totals import Sum, as_sum, rates_to, sum_columns, total_of
from deals_app.services.straight import Straight
from deals_app.services.unit_of_work import looking, reading

BY_HAND = "position"
RECENT = DealFilter(closed_days=CLOSED_DAYS)


@dataclass(frozen=True, kw_only=True)
class Showing:
    """What a board shows: `sort` is `position`, as cards were put, or one of SORTS; folded columns show no cards."""

    wanted: DealFilter = RECENT
    sort: str = BY_HAND
    descending: bool = False
    folded: Collection[UUID] = ()


AS_IT_COMES = Showing()


@dataclass(frozen=True, kw_only=True)
class ColumnStretch:
    """Further cards of one column, and the stages a card can be moved to."""

    stage: StageView
    stages: tuple[StageView, ...]
    cards: tuple[CardView, ...]
    next_after: str | None


@dataclass(frozen=True, kw_only=True)
class ColumnHead:
    """What stands above a column; `closed_days` as in ColumnView."""

    stage: StageView
    total: Total
    closed_days: int | None


@dataclass(frozen=True, kw_only=True)
class CardAfterMove:
    """The truth after a change: the card as it is and the heads of its own and the touched columns.

    `fits` is whether what the board shows lets the card through.
    """

    card: CardView
    stages: tuple[StageView, ...]
    heads: tuple[ColumnHead, ...]
    fits: bool


def board(actor: Actor, pipeline: str | None = None, showing: Showing = AS_IT_COMES) -> BoardView:
    """The board of the pipeline with this id or name, or of the default one; raises NotFound."""
    with looking(actor) as work:
        pipelines = pipeline_views(work.connection)
        chosen = find_pipeline(pipelines, pipeline)
        people = member_views(work.connection)
        look = _Look(work.connection, actor, showing)
        heads = look.heads(chosen.stages)
        cards = look.first_cards([stage.id for stage in chosen.stages if stage.id not in showing.folded])
        # Asked only where nothing is shown although nothing is filtered: is there nothing, or is it closed long ago?
        has_deals = showing.wanted.is_narrow or any(head.total.count for head in heads)
        has_deals = has_deals or look.finds(Deal.pipeline_id == chosen.id)
    reader = CardReader.of(actor, chosen.stages, _names(people))
    columns: list[ColumnView] = []
    for head in heads:
        shown, next_after = reader.stretch(cards.get(head.stage.id, []))
        columns.append(
            ColumnView(
                stage=head.stage,
                total=head.total,
                cards=shown,
                next_after=next_after,
                closed_days=head.closed_days,
                is_folded=head.stage.id in showing.folded,
            )
        )
    return BoardView(
        pipeline=chosen,
        pipelines=tuple(pipelines),
        people=tuple(people),
        columns=tuple(columns),
        has_deals=has_deals,
    )


def column_stretch(actor: Actor, stage_id: UUID, after: str, showing: Showing = AS_IT_COMES) -> ColumnStretch:
    """The cards of a column after a cursor; raises NotFound for the stage, Invalid for the cursor."""
    with reading(actor) as session:
        stage = session.get(Stage, (actor.tenant_id, stage_id))
        if stage is None:
            message = "There is no such stage"
            raise NotFound(message)
        stages = stages_of(session, stage.pipeline_id)
        rows = _Look(session.connection(), actor, showing).first_cards([stage_id], after)
        names = _names(member_views(session))
    cards, next_after = CardReader.of(actor, stages, names).stretch(rows.get(stage_id, []))
    view = next(known for known in stages if known.id == stage_id)
    return ColumnStretch(stage=view, stages=tuple(stages), cards=cards, next_after=next_after)


def card_after_move(
    actor: Actor, deal_id: UUID, touched_stages: Iterable[UUID], showing: Showing = AS_IT_COMES
) -> CardAfterMove:
    """A card as it is now, for a board that shows this, with the heads of the columns in question; raises NotFound."""
    with looking(actor) as work:
        row = ONE_CARD.one_or_none(work.connection, deal_id=deal_id)
        if row is None:
            message = "There is no such deal"
            raise NotFound(message)
        stages = stages_of(work.connection, row.pipeline_id)
        names = _names(member_views(work.connection))
        look = _Look(work.connection, actor, showing)
        touched = {*touched_stages, row.stage_id}
        heads = look.heads([stage for stage in stages if stage.id in touched])
        fits = not showing.wanted.is_narrow or look.finds(Deal.id == deal_id, *look.shown.deals())
    card = CardReader.of(actor, stages, names).card(row)
    return CardAfterMove(card=card, stages=tuple(stages), heads=tuple(heads), fits=fits)


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """Which deals a board shows and in which order: all that its statements depend on."""

    wanted: DealFilter
    sort: str
    descending: bool
    today: date
    base_currency: str
    rates: tuple[tuple[str, tuple[Decimal, date]], ...]

    def deals(self) -> list[ColumnElement[bool]]:
        """The conditions on `Deal`."""
        return conditions(self.wanted, today=self.today, base_currency=self.base_currency, rates=dict(self.rates))

    def order(self) -> Sort:
        """Of the cards in a column."""
        rates = dict(self.rates)
        return sort_of(self.sort, descending=self.descending, base_currency=self.base_currency, rates=rates)


# Most boards show the same, and building a statement takes longer than running it: the latest few are kept.
_KEPT = 64
# An array, so that it is the same statement for any number of columns.
_STAGE_IDS = any_(bindparam("stage_ids", type_=ARRAY(Uuid)))


@lru_cache(maxsize=_KEPT)
def _totals(shown: _Shown) -> Straight:
    """Sums over all deals that fit, by stage and currency; unfiltered, the index `deals_totals` alone answers it.

    A lateral look per stage: asked for all of them at once, PostgreSQL reads the whole table instead.
    """
    sums = (
        select(*sum_columns())
        .where(Deal.pipeline_id == Stage.pipeline_id, Deal.stage_id == Stage.id, *shown.deals())
        .group_by(Deal.currency)
        .lateral("sums")
    )
    of_stages = select(Stage.id.label("stage_id"), *sums.c).select_from(Stage)
    return Straight(of_stages.join(sums, true()).where(Stage.id == _STAGE_IDS))


@lru_cache(maxsize=_KEPT)
def _cards(shown: _Shown, after: str | None) -> Straight:
    """A stretch of cards, from the top or behind a cursor; raises Invalid for the cursor."""
    deals, order = shown.deals(), shown.order()
    behind = [] if after is None else [order.after(after)]
    return Straight(first_cards(Stage.id == _STAGE_IDS, [*deals, *behind], order))


class _Look:
    """Deals as one showing lets them through, in one transaction."""

    def __init__(self, connection: Connection, actor: Actor, showing: Showing) -> None:
        self._connection = connection
        self._rates = rates_to(connection, actor.base_currency)
        self.shown = _Shown(
            wanted=showing.wanted,
            sort=showing.sort,
            descending=showing.descending,
            today=actor.today,
            base_currency=actor.base_currency,
            rates=tuple(self._rates.items()),
        )

    def heads(self, stages: Sequence[StageView]) -> list[ColumnHead]:
        """What stands above these columns, in one statement."""
        sums: dict[UUID, list[Sum]] = {stage.id: [] for stage in stages}
        for row in _totals(self.shown).rows(self._connection, stage_ids=list(sums)):
            sums[row.stage_id].append(as_sum(row))
        return [
            ColumnHead(
                stage=stage,
                total=total_of(sums[stage.id], base_currency=self.shown.base_currency, rates=self._rates),
                closed_days=None if stage.is_open else self.shown.wanted.closed_days,
            )
            for stage in stages
        ]

    def first_cards(self, stage_ids: Sequence[UUID], after: str | None = None) -> dict[UUID, list[Any]]:
        """A stretch of rows for each of the stages, from the top or behind a cursor; raises Invalid for the cursor."""
        found: dict[UUID, list[Any]] = {}
        for row in _cards(self.shown, after).rows(self._connection, stage_ids=list(stage_ids)):
            found.setdefault(row.stage_id, []).append(row)
        return found

    def finds(self, *which: ColumnElement[bool]) -> bool:
        """Whether there is such a live deal."""
        found = select(exists().where(Deal.deleted_at.is_(None), *which))
        return bool(self._connection.scalar(found))


def _names(people: Iterable[MemberView]) -> dict[UUID, str]:
    return {person.id: person.name for person in people}
