"""What happened to a deal after the version somebody has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.models import DealEvent, Stage
from deals_app.services.queries.names import ActorNames
from deals_app.services.queries.timeline import LABELS
from deals_app.services.unit_of_work import reading


@dataclass(frozen=True, kw_only=True)
class Since:
    """The change that tells the story: the newest one of stage, else the newest of all.

    `stage_name` is where it put the deal, None when it moved nothing; `labels` are the fields it changed;
    `stage_ids` are all stages the deal has been in since.
    """

    actor_name: str
    is_own: bool
    at: datetime
    kind: str
    stage_name: str | None
    labels: tuple[str, ...]
    stage_ids: frozenset[UUID]


def changes_since(actor: Actor, deal_id: UUID, version: int) -> Since | None:
    """Who did what to a deal after that version, and when; None when nobody did anything."""
    with reading(actor) as session:
        events = session.scalars(
            select(DealEvent)
            .where(DealEvent.deal_id == deal_id, DealEvent.version > version)
            .where(DealEvent.kind.not_in(("reordered", "scored")))
            .order_by(DealEvent.id.desc())
        ).all()
        if not events:
            return None
        told = next((event for event in events if "stage_id" in event.after), events[0])
        stages = {str(row.id): row.name for row in session.execute(select(Stage.id, Stage.name))}
        return Since(
            actor_name=ActorNames(session).of(told.actor),
            is_own=told.actor == actor.reference,
            at=told.at,
            kind=told.kind,
            stage_name=stages.get(told.after.get("stage_id", "")),
            labels=tuple(label for field, label in LABELS.items() if field in told.after),
            stage_ids=_stages_in(events),
        )


def _stages_in(events: Sequence[DealEvent]) -> frozenset[UUID]:
    sides = [side for event in events for side in (event.before, event.after)]
    return frozenset(UUID(side["stage_id"]) for side in sides if "stage_id" in side)
