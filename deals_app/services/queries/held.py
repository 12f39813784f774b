"""What waits for a person to say whether it is spam, and what they called spam."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Forbidden
from deals_app.domain.strict_json import strict_loads
from deals_app.models import InboundItem
from deals_app.services.unit_of_work import reading

# So many fit on a page, and into the address of its undo.
PAGE_SIZE = 25
SHOWN_CHARACTERS = 600
SAID = ("first_name", "last_name", "email", "company", "phone", "company_size", "product_interest", "message")

IS_HELD = InboundItem.outcome == "held"
IS_SPAM = (InboundItem.outcome == "set_aside") & InboundItem.context.has_key("reviewed_by")


@dataclass(frozen=True, kw_only=True)
class HeldView:
    """What came, who wrote it, and why it was held."""

    id: UUID
    received_at: datetime
    form_name: str
    said: dict[str, str]
    why: tuple[str, ...]
    score: int

    @property
    def who(self) -> str:
        """The name, or the address."""
        name = " ".join(self.said[part] for part in ("first_name", "last_name") if part in self.said)
        return name or self.said.get("email") or "Somebody"


@dataclass(frozen=True, kw_only=True)
class HeldPage:
    """A page of what is held (or is spam), newest first; both counts are of all there are."""

    items: tuple[HeldView, ...]
    held: int
    spam: int


def held_page(actor: Actor, *, spam: bool = False) -> HeldPage:
    """The newest that wait, or those that were called spam; raises Forbidden for reps."""
    if not actor.manages:
        message = "Managers and admins look through what was held"
        raise Forbidden(message)
    with reading(actor) as session:
        newest = InboundItem.settled_at.desc() if spam else InboundItem.created_at.desc()
        rows = session.scalars(
            select(InboundItem).where(IS_SPAM if spam else IS_HELD).order_by(newest, InboundItem.id.desc())
            .limit(PAGE_SIZE)
        )  # fmt: skip
        return HeldPage(items=tuple(map(_view, rows)), held=_count(session, IS_HELD), spam=_count(session, IS_SPAM))


def held_count(actor: Actor) -> int:
    """How many wait; 0 for reps, who do not decide."""
    if not actor.manages:
        return 0
    with reading(actor) as session:
        return _count(session, IS_HELD)


def _count(session: Session, which: Any) -> int:
    return session.scalar(select(func.count()).select_from(InboundItem).where(which)) or 0


def _view(item: InboundItem) -> HeldView:
    sent: Any = strict_loads(item.body)
    payload = cast("dict[str, Any]", sent) if isinstance(sent, dict) else {}
    texts = {name: payload[name] for name in SAID if isinstance(payload.get(name), str) and payload[name].strip()}
    held = next((step for step in item.steps if step["step"] == "held"), dict[str, Any]())
    return HeldView(
        id=item.id,
        received_at=item.created_at,
        form_name=item.context.get("form", {}).get("name", ""),
        said={name: text[:SHOWN_CHARACTERS] for name, text in texts.items()},
        why=tuple(held.get("why", ())),
        score=int(held.get("score", 0)),
    )
