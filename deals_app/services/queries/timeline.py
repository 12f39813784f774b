"""A deal's timeline: its ledger and its activities, newest first, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.money import from_minor
from deals_app.domain.views import ChangeView, TimelineEntry
from deals_app.models import Activity, ApiKey, Customer, Deal, DealEvent, Stage
from deals_app.services.accounts import member_views
from deals_app.services.unit_of_work import reading

LONGEST = 200

LABELS = {
    "name": "Name",
    "value": "Value",
    "currency": "Currency",
    "customer_id": "Customer",
    "assigned_to": "Owner",
    "stage_id": "Stage",
    "probability": "Probability",
    "source": "Source",
    "expected_close_date": "Expected close",
    "actual_close_date": "Closed on",
    "loss_reason": "Loss reason",
    "competitor": "Competitor",
    "tags": "Tags",
    "custom_fields": "Custom fields",
}


def timeline(actor: Actor, deal_id: UUID) -> list[TimelineEntry]:
    """The newest entries of a deal's ledger and activities; empty for a deal that is not there."""
    with reading(actor) as session:
        events = session.scalars(
            select(DealEvent)
            .where(DealEvent.deal_id == deal_id, DealEvent.kind.not_in(("reordered", "scored")))
            .order_by(DealEvent.at.desc(), DealEvent.id.desc())
            .limit(LONGEST)
        ).all()
        activities = session.scalars(
            select(Activity)
            .where(Activity.deal_id == deal_id)
            .order_by(Activity.at.desc(), Activity.id.desc())
            .limit(LONGEST)
        ).all()
        names = _Names(session, deal_id, events)
    entries = [
        TimelineEntry(
            id=event.id,
            at=event.at,
            kind=event.kind,
            actor_name=names.actor(event.actor),
            door=event.door,
            version=event.version,
            changes=names.changes(event),
        )
        for event in events
    ]
    entries += [
        TimelineEntry(
            id=activity.id,
            at=activity.at,
            kind=activity.kind,
            actor_name=names.actor(activity.actor),
            door="",
            body=activity.body,
        )
        for activity in activities
    ]
    return sorted(entries, key=lambda entry: (entry.at, entry.version or 0), reverse=True)[:LONGEST]


class _Names:
    """The names behind the ids in a deal's ledger, read at once."""

    def __init__(self, session: Session, deal_id: UUID, events: Sequence[DealEvent]) -> None:
        self._currency = session.scalar(select(Deal.currency).where(Deal.id == deal_id)) or "USD"
        self._people = {str(member.id): member.name for member in member_views(session)}
        self._stages = {str(row.id): row.name for row in session.execute(select(Stage.id, Stage.name))}
        wanted = {side.get("customer_id") for event in events for side in (event.before, event.after)} - {None}
        self._customers: dict[str, str] = {}
        if wanted:
            rows = session.execute(select(Customer.id, Customer.name).where(Customer.id.in_(wanted)))
            self._customers = {str(row.id): row.name for row in rows}
        self._keys = {str(row.id): row.name for row in session.execute(select(ApiKey.id, ApiKey.name))}

    def actor(self, reference: str) -> str:
        """A person's or key's name; our own jobs are Deals."""
        kind, _, name = reference.partition(":")
        if kind == "user":
            return self._people.get(name, "A former member")
        if kind == "key":
            return f"API key {self._keys.get(name, name)}"
        return "Deals"

    def changes(self, event: DealEvent) -> tuple[ChangeView, ...]:
        """The fields people care about, in the order of LABELS; a creation tells its own story."""
        if event.kind == "created":
            return ()
        return tuple(
            ChangeView(
                field=field,
                label=label,
                before=self._shown(field, event.before, event.after),
                after=self._shown(field, event.after, event.before),
            )
            for field, label in LABELS.items()
            if field in event.after
        )

    def _shown(self, field: str, side: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
        value = side.get(field)
        if value is None or value in ([], {}, ""):
            return None
        if field == "value":
            currency = side.get("currency") or other.get("currency") or self._currency
            return f"{currency} {from_minor(int(value), currency):,}"
        names = {"stage_id": self._stages, "assigned_to": self._people, "customer_id": self._customers}.get(field)
        if names is not None:
            return names.get(str(value), "unknown")
        if field == "probability":
            return f"{Decimal(str(value)).normalize():f} %"
        return _listed(value)


def _listed(value: Any) -> str:
    """A value of JSON as a line of text."""
    if isinstance(value, list):
        return ", ".join(str(item) for item in cast("list[Any]", value))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in cast("dict[str, Any]", value).items())
    return str(value)
