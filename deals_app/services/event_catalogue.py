"""The events that this product tells others, each with its name, version and payload.

The ledger is their source: an entry is an event. Names as CONTRACT.md section 6, "Around".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

TOPIC_PREFIX: Final = "customer."


class Change(BaseModel):
    """A field before and after: money in minor units, ids, dates and times in RFC 3339."""

    model_config = ConfigDict(frozen=True)
    before: Any = None
    after: Any = None


class DealChanged(BaseModel):
    """What every event of a deal says: which deal, at which version, and what changed."""

    model_config = ConfigDict(frozen=True)
    deal_id: UUID
    deal_version: int
    changes: Mapping[str, Change] = Field(description="field -> before and after; for a new deal all of its fields")


@dataclass(frozen=True, kw_only=True)
class EventType:
    """An event of the catalogue; `kinds` are the ledger's words for it."""

    name: str
    kinds: tuple[str, ...]
    says: str
    version: str = "1.0.0"
    payload: type[BaseModel] = DealChanged

    @property
    def topic(self) -> str:
        """As the outbox names it."""
        return TOPIC_PREFIX + self.name


CATALOGUE: Final[tuple[EventType, ...]] = (
    EventType(name="deal.created", kinds=("created",), says="A deal was made"),
    EventType(name="deal.updated", kinds=("updated", "undone"), says="Facts of a deal changed, or a change was undone"),
    EventType(name="deal.stage_changed", kinds=("moved",), says="A deal came into another open stage"),
    EventType(name="deal.won", kinds=("won",), says="A deal was won"),
    EventType(name="deal.lost", kinds=("lost",), says="A deal was lost"),
    EventType(name="deal.reopened", kinds=("reopened",), says="A closed deal was opened again"),
    EventType(name="deal.deleted", kinds=("deleted",), says="A deal was deleted"),
    EventType(name="deal.restored", kinds=("restored",), says="A deleted deal was brought back"),
)
BY_NAME: Final[Mapping[str, EventType]] = {each.name: each for each in CATALOGUE}
BY_KIND: Final[Mapping[str, EventType]] = {kind: each for each in CATALOGUE for kind in each.kinds}


class Event(BaseModel):
    """An event as it is told; `id` tells it from all others, `cursor` is where to go on reading after it."""

    model_config = ConfigDict(frozen=True)
    id: UUID
    type: str
    topic: str
    version: str
    occurred_at: datetime
    actor: str
    door: str
    data: DealChanged
    cursor: str


def event_of(entry: Any, *, actor_name: str, cursor: str) -> Event:
    """The event that an entry of the ledger is; its kind must be one of the catalogue's."""
    kind = BY_KIND[entry.kind]
    before: dict[str, Any] = entry.before or {}
    after: dict[str, Any] = entry.after or {}
    changes = {field: Change(before=before.get(field), after=after.get(field)) for field in {**before, **after}}
    return Event(
        id=entry.id,
        type=kind.name,
        topic=kind.topic,
        version=kind.version,
        occurred_at=entry.at,
        actor=actor_name,
        door=entry.door,
        data=DealChanged(deal_id=entry.deal_id, deal_version=entry.version, changes=changes),
        cursor=cursor,
    )
