"""All deals that a filter lets through, by id and version: "select all 1,234 that match"."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.models import Deal
from deals_app.services.bulk import MOST
from deals_app.services.queries.filters import DealFilter, conditions
from deals_app.services.queries.totals import rates_to
from deals_app.services.unit_of_work import reading


def seen_by(actor: Actor, wanted: DealFilter) -> dict[UUID, int]:
    """Deal id and version of what matches now; one more than may be changed at once tells that it is too many."""
    with reading(actor) as session:
        rates = rates_to(session, actor.base_currency)
        matching = conditions(wanted, today=actor.today, base_currency=actor.base_currency, rates=rates)
        rows = session.execute(select(Deal.id, Deal.version).where(*matching).limit(MOST + 1))
        return {row.id: row.version for row in rows}
