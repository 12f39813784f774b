"""Who may send a delivery, until when; and what is written down about it afterwards.

A lease is the delivery's `attempts` number at the moment it was taken, as in the outbox: whoever was thought dead finds
another number and writes nothing. Per deal and endpoint one delivery at a time is free to be taken, the oldest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select, text, update
from sqlalchemy.orm import Session, aliased

from deals_app.domain.webhooks import retry_after
from deals_app.integrations.webhook_sending import WHOLE_SECONDS, Outcome
from deals_app.models import DealEvent, WebhookDelivery, WebhookEndpoint
from deals_app.services.webhooks.planning import after_cursor

# Longer than any attempt takes, so only a process that stood still can be overtaken by its heir.
LEASE = timedelta(seconds=2 * WHOLE_SECONDS)
# As the ledger's index of versions says it.
_TAKES_A_VERSION = text("kind NOT IN ('reordered', 'scored')")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to send one delivery once."""

    delivery_id: UUID
    event_id: UUID
    event_type: str
    attempt: int
    tries: int
    planned_at: datetime


def claim(session: Session, endpoint: WebhookEndpoint, most: int) -> Sequence[Claim]:
    """Take what is due, the longest waiting first; each with a lease."""
    due = (
        select(WebhookDelivery.id)
        .where(
            WebhookDelivery.endpoint_id == endpoint.id,
            WebhookDelivery.state == literal_column("'pending'"),
            WebhookDelivery.next_attempt_at <= func.now(),
            or_(WebhookDelivery.leased_until.is_(None), WebhookDelivery.leased_until <= func.now()),
            or_(WebhookDelivery.deal_id.is_(None), _is_next_of_its_deal(endpoint)),
        )
        .order_by(WebhookDelivery.next_attempt_at, WebhookDelivery.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    rows = session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id.in_(session.scalars(due).all()))
        .values(
            leased_until=func.now() + LEASE,
            attempted_at=func.now(),
            attempts=WebhookDelivery.attempts + 1,
            tries=WebhookDelivery.tries + 1,
        )
        .returning(
            WebhookDelivery.id.label("delivery_id"),
            WebhookDelivery.event_id,
            WebhookDelivery.event_type,
            WebhookDelivery.attempts.label("attempt"),
            WebhookDelivery.tries,
            WebhookDelivery.created_at.label("planned_at"),
        ),
        execution_options={"synchronize_session": False},
    )
    return [Claim(**row) for row in rows.mappings()]


def settle(session: Session, claimed: Claim, outcome: Outcome) -> None:
    """Write down what came of an attempt; nothing if another worker has taken the delivery over."""
    values: dict[str, Any] = {
        "leased_until": None,
        "status_code": outcome.status,
        "error": outcome.error,
        "response": outcome.response,
        "duration_ms": outcome.duration_ms,
    }
    if outcome.got_through:
        values |= {"state": "delivered", "delivered_at": func.now()}
    elif (wait := retry_after(claimed.tries)) is None:
        values |= {"state": "failed"}
    else:
        values |= {"next_attempt_at": func.now() + wait}
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id == claimed.delivery_id, WebhookDelivery.attempts == claimed.attempt)
        .where(WebhookDelivery.state == "pending")
        .values(values),
        execution_options={"synchronize_session": False},
    )


def _is_next_of_its_deal(endpoint: WebhookEndpoint) -> ColumnElement[bool]:
    """No older version of the deal waits, neither planned nor still ahead in the ledger.

    The ledger's order is that of transactions' beginnings: of two that changed a deal one after the other, the later
    change may stand first. Versions say which was first, and the older one is never far behind.
    """
    older = aliased(WebhookDelivery)
    waits = (
        select(older.id)
        .where(
            older.endpoint_id == endpoint.id,
            older.state == literal_column("'pending'"),
            older.deal_id == WebhookDelivery.deal_id,
            older.deal_version < WebhookDelivery.deal_version,
        )
        .limit(1)
    )
    is_ahead = (
        select(DealEvent.id)
        .where(
            DealEvent.deal_id == WebhookDelivery.deal_id,
            DealEvent.version < WebhookDelivery.deal_version,
            _TAKES_A_VERSION,
            after_cursor(endpoint),
        )
        .limit(1)
    )
    # Looked up for each row in its turn until there are enough. As NOT EXISTS it became a join of everything that
    # waits: 900 ms instead of 2 with 3,000 messages waiting.
    return and_(waits.scalar_subquery().is_(None), is_ahead.scalar_subquery().is_(None))
