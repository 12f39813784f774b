"""From the ledger to deliveries: in its settled order, after the endpoint's cursor, whatever code wrote the events.

Nothing has to remember to tell anybody: an event that is in the ledger is planned, and the cursor moves in the same
transaction.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, case, insert, literal, select, tuple_
from sqlalchemy.orm import Session

from deals_app.models import DealEvent, WebhookDelivery, WebhookEndpoint
from deals_app.services.event_catalogue import BY_KIND, BY_NAME
from deals_app.services.queries.events import SETTLED

EVENTS_AT_ONCE = 1_000
_ORDER = (DealEvent.written_by, DealEvent.id)
_TYPE = case(*((DealEvent.kind == kind, each.name) for kind, each in BY_KIND.items()))


def plan_deliveries(session: Session, endpoint: WebhookEndpoint) -> int:
    """Deliveries of the next events for an endpoint that is locked; how many events were looked at."""
    ahead = (
        select(*_ORDER)
        .where(SETTLED, after_cursor(endpoint), DealEvent.kind.in_(BY_KIND))
        .order_by(*_ORDER)
        .limit(EVENTS_AT_ONCE)
    )
    looked_at = session.execute(ahead).all()
    if not looked_at:
        return 0
    # What is settled does not change any more, so a second statement sees the same events.
    last = tuple_(looked_at[-1].written_by, looked_at[-1].id)
    wanted = select(
        DealEvent.tenant_id, literal(endpoint.id), DealEvent.id, _TYPE, DealEvent.deal_id, DealEvent.version
    ).where(after_cursor(endpoint), tuple_(*_ORDER) <= last, DealEvent.kind.in_(_kinds_of(endpoint)))
    columns = ["tenant_id", "endpoint_id", "event_id", "event_type", "deal_id", "deal_version"]
    session.execute(insert(WebhookDelivery).from_select(columns, wanted.order_by(*_ORDER)))
    endpoint.cursor_written_by, endpoint.cursor_event_id = looked_at[-1].written_by, looked_at[-1].id
    session.flush()
    return len(looked_at)


def after_cursor(endpoint: WebhookEndpoint) -> ColumnElement[bool]:
    """Events that this endpoint has no deliveries of yet."""
    return tuple_(*_ORDER) > tuple_(endpoint.cursor_written_by, endpoint.cursor_event_id)


def _kinds_of(endpoint: WebhookEndpoint) -> list[str]:
    """The ledger's words for what it wants to hear."""
    return [kind for name in endpoint.event_types or BY_NAME if name in BY_NAME for kind in BY_NAME[name].kinds]
