"""The board: columns with exact totals over all their deals, and the first cards of each.

The number of statements is the same for any number of deals and columns, filtered or not (a test holds it).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import NotFound
from deals_app.domain.views import BoardView, CardView, ColumnView, MemberView, StageView, Total
from deals_app.models import Deal, Stage
from deals_app.services.accounts import member_views
from deals_app.services.pipelines import find_pipeline, pipeline_views, stages_of
from deals_app.services.queries.cards import ONE_CARD, CardReader, first_cards
from deals_app.services.queries.filters import CLOSED_DAYS, DealFilter, Sort, conditions, sort_of
from deals_app.services.queries.totals import Rates, Sum, as_sum, rates_to, sum_columns, total_of
from deals_app.services.statements import AnyRow
from deals_app.services.unit_of_work import reading

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
    with reading(actor) as session:
        pipelines = pipeline_views(session)
        chosen = find_pipeline(pipelines, pipeline)
        people = member_views(session)
        look = _Look(session, actor, showing)
        heads = look.heads(chosen.id, chosen.stages)
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
        rows = _Look(session, actor, showing).first_cards([stage_id], after)
        names = _names(member_views(session))
    cards, next_after = CardReader.of(actor, stages, names).stretch(rows.get(stage_id, []))
    view = next(known for known in stages if known.id == stage_id)
    return ColumnStretch(stage=view, stages=tuple(stages), cards=cards, next_after=next_after)


def card_after_move(
    actor: Actor, deal_id: UUID, touched_stages: Iterable[UUID], showing: Showing = AS_IT_COMES
) -> CardAfterMove:
    """A card as it is now, for a board that shows this, with the heads of the columns in question; raises NotFound."""
    with reading(actor) as session:
        row = session.execute(ONE_CARD, {"deal_id": deal_id}).one_or_none()
        if row is None:
            message = "There is no such deal"
            raise NotFound(message)
        stages = stages_of(session, row.pipeline_id)
        names = _names(member_views(session))
        look = _Look(session, actor, showing)
        touched = {*touched_stages, row.stage_id}
        heads = look.heads(row.pipeline_id, [stage for stage in stages if stage.id in touched])
        fits = not showing.wanted.is_narrow or look.finds(Deal.id == deal_id, *look.deals)
    card = CardReader.of(actor, stages, names).card(row)
    return CardAfterMove(card=card, stages=tuple(stages), heads=tuple(heads), fits=fits)


class _Look:
    """Deals as one showing lets them through, in one transaction."""

    def __init__(self, session: Session, actor: Actor, showing: Showing) -> None:
        self._session = session
        self._base = actor.base_currency
        self._showing = showing
        self._rates: Rates = rates_to(session, self._base)
        self.deals = conditions(showing.wanted, today=actor.today, base_currency=self._base, rates=self._rates)

    def heads(self, pipeline_id: UUID, stages: Sequence[StageView]) -> list[ColumnHead]:
        """Totals over all deals that fit, in one statement; unfiltered, the index `deals_totals` alone answers it."""
        sums: dict[UUID, list[Sum]] = {stage.id: [] for stage in stages}
        rows = self._session.execute(
            select(Deal.stage_id, *sum_columns())
            .where(Deal.pipeline_id == pipeline_id, Deal.stage_id.in_(list(sums)), *self.deals)
            .group_by(Deal.stage_id, Deal.currency)
        )
        for row in rows:
            sums[row.stage_id].append(as_sum(row))
        return [
            ColumnHead(
                stage=stage,
                total=total_of(sums[stage.id], base_currency=self._base, rates=self._rates),
                closed_days=None if stage.is_open else self._showing.wanted.closed_days,
            )
            for stage in stages
        ]

    def first_cards(self, stage_ids: Sequence[UUID], after: str | None = None) -> dict[UUID, list[AnyRow]]:
        """A stretch of rows for each of the stages, from the top or behind a cursor; raises Invalid for the cursor."""
        sort = self._sort()
        deals = self.deals if after is None else [*self.deals, sort.after(after)]
        found: dict[UUID, list[AnyRow]] = {}
        for row in self._session.execute(first_cards(Stage.id.in_(stage_ids), deals, sort)):
            found.setdefault(row.stage_id, []).append(row)
        return found

    def finds(self, *which: ColumnElement[bool]) -> bool:
        """Whether there is such a live deal."""
        found = select(exists().where(Deal.deleted_at.is_(None), *which))
        return self._session.scalars(found).one()

    def _sort(self) -> Sort:
        showing = self._showing
        return sort_of(showing.sort, descending=showing.descending, base_currency=self._base, rates=self._rates)


def _names(people: Iterable[MemberView]) -> dict[UUID, str]:
    return {person.id: person.name for person in people}
