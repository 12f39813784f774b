"""Working out how deals are doing, and warning the owner of one that comes to be at high risk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from deals_app.domain.actor import Actor, Role
from deals_app.domain.health import OPEN, Health, health_of
from deals_app.domain.insights import Insight, insights_of
from deals_app.services.activities import add_step
from deals_app.services.scoring.facts import facts_of, rows_of
from deals_app.services.scoring.usual import ANALYST, Usual, usual
from deals_app.services.statements import AnyRow
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

DEALS_AT_ONCE = 1_000

# Only what is still as it was read, and locked in the order in which bulk changes lock; who changed meanwhile is
# looked at again within the hour.
SCORE = text("""
    WITH scored AS (
        SELECT * FROM jsonb_to_recordset(:found)
            AS f (id uuid, version integer, health_score smallint, risk_level text, insights jsonb)
    ), held AS (
        SELECT d.tenant_id, d.id, f.health_score, f.risk_level, f.insights
        FROM deals d JOIN scored f ON f.id = d.id AND f.version = d.version
        WHERE d.deleted_at IS NULL ORDER BY d.id FOR NO KEY UPDATE OF d
    )
    UPDATE deals d SET health_score = held.health_score, risk_level = held.risk_level, insights = held.insights
    FROM held WHERE d.tenant_id = held.tenant_id AND d.id = held.id
    RETURNING d.id
""").bindparams(bindparam("found", type_=JSONB))
EXPLAIN = text("""
    INSERT INTO deal_analyses (tenant_id, deal_id, factors)
    SELECT :tenant_id, f.deal_id, f.factors FROM jsonb_to_recordset(:found) AS f (deal_id uuid, factors jsonb)
    ON CONFLICT (tenant_id, deal_id) DO UPDATE SET factors = excluded.factors, analysed_at = excluded.analysed_at
""").bindparams(bindparam("found", type_=JSONB))


@dataclass(frozen=True)
class _Analysed:
    deal: AnyRow
    health: Health
    insights: tuple[Insight, ...]

    @property
    def written(self) -> dict[str, Any]:
        """As the deal's columns hold it."""
        return {
            "health_score": self.health.score,
            "risk_level": self.health.risk_level,
            "insights": [asdict(insight) for insight in self.insights],
        }

    @property
    def is_news(self) -> bool:
        """Whether anything is other than the deal has it."""
        return any(getattr(self.deal, column) != value for column, value in self.written.items())

    @property
    def is_alarming(self) -> bool:
        """An open deal with an owner that was no high risk and is one now, and of which no warning is open."""
        is_high, was_high = self.health.risk_level == "high", self.deal.risk_level == "high"
        has_owner = self.deal.status == OPEN and self.deal.assigned_to is not None
        return is_high and not was_high and has_owner and not self.deal.is_warned


def analyst_of(actor: Actor) -> Actor:
    """The one who analyses for the actor's tenant."""
    return replace(actor, reference=ANALYST, role=Role.SYSTEM, door="job", user_id=None, name="", email="")


def analyse_deals(actor: Actor, deal_ids: Iterable[UUID], *, warns_at_first: bool = True) -> int:
    """Work out these deals' health and insights, those that are not there left out; how many had news.

    With `warns_at_first=False` a deal that was never analysed before is no reason to warn anybody: a hundred thousand
    old deals that were just imported would be as many tasks.
    """
    wanted = sorted(set(deal_ids))
    with unit_of_work(analyst_of(actor)) as work:
        known = usual(work)
        return sum(
            analyse(work, wanted[start : start + DEALS_AT_ONCE], known, warns_at_first=warns_at_first)
            for start in range(0, len(wanted), DEALS_AT_ONCE)
        )


def analyse(work: UnitOfWork, deal_ids: Sequence[UUID], known: Usual, *, warns_at_first: bool = True) -> int:
    """`analyse_deals`, inside a transaction of the analyst; three statements and one for each warning."""
    found = [_analysed(work.actor, deal, known) for deal in rows_of(work, deal_ids)]
    news = {each.deal.id: each for each in found if each.is_news}
    written = _score(work, news.values())
    _explain(work, [each for each in found if each.deal.id in written or each.deal.id not in news])
    for deal_id in written:
        each = news[deal_id]
        if each.is_alarming and (warns_at_first or each.deal.health_score is not None):
            body = f"Deal at risk: {each.insights[0].text}"
            add_step(work, deal_id, body, due_on=work.actor.today + timedelta(days=1))
    return len(written)


def _analysed(actor: Actor, deal: AnyRow, known: Usual) -> _Analysed:
    facts = facts_of(actor, deal, known)
    return _Analysed(deal, health_of(facts), insights_of(facts, known.market(deal)))


def _score(work: UnitOfWork, news: Iterable[_Analysed]) -> set[UUID]:
    found = [{"id": str(each.deal.id), "version": each.deal.version} | each.written for each in news]
    return set(work.session.scalars(SCORE, {"found": found})) if found else set()


def _explain(work: UnitOfWork, found: Sequence[_Analysed]) -> None:
    rows = [
        {"deal_id": str(each.deal.id), "factors": [asdict(factor) for factor in each.health.factors]} for each in found
    ]
    if rows:
        work.session.execute(EXPLAIN, {"tenant_id": work.actor.tenant_id, "found": rows})
