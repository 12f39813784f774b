"""One deal in full: as it is, and as its page shows it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.deal_views import DealPage, Reasons
from deals_app.domain.health import Factor
from deals_app.domain.views import DealView
from deals_app.models import DealAnalysis
from deals_app.services.accounts import member_views
from deals_app.services.deal_rows import deal_view
from deals_app.services.queries.around import around_deal
from deals_app.services.queries.timeline import LedgerNames, activities, timeline
from deals_app.services.unit_of_work import looking, reading


def deal(actor: Actor, deal_id: UUID) -> DealView:
    """The deal; raises NotFound, also for a deleted one."""
    with looking(actor) as work:
        return deal_view(work.connection, actor, deal_id)


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
            analysis=_reasons(session, deal_id),
            around=around_deal(session, deal_id, names.actors),
        )


def _reasons(session: Session, deal_id: UUID) -> Reasons | None:
    row = session.execute(
        select(DealAnalysis.factors, DealAnalysis.analysed_at).where(DealAnalysis.deal_id == deal_id)
    ).one_or_none()
    if row is None:
        return None
    return Reasons(factors=tuple(Factor(**factor) for factor in row.factors), analysed_at=row.analysed_at)
