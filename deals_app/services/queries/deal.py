"""One deal in full: as it is, and as its page shows it."""

from __future__ import annotations

from uuid import UUID

from deals_app.domain.actor import Actor
from deals_app.domain.deal_views import DealPage
from deals_app.domain.views import DealView
from deals_app.services.accounts import member_views
from deals_app.services.deal_rows import deal_view
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
        )
