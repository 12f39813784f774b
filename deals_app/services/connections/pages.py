"""Objects that were asked for go the way of everything that comes in: kept raw, then worked on one by one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deals_app.domain.actor import Actor
from deals_app.services.ingesting.inbox import Delivery, Raw, keep_in
from deals_app.services.ingesting.processing import process_item
from deals_app.services.unit_of_work import UnitOfWork


def keep_objects(work: UnitOfWork, objects: Sequence[Mapping[str, Any]], context: Mapping[str, Any]) -> Delivery | None:
    """Keep the vendor's objects inside a transaction of the connection; None for none."""
    if not objects:
        return None
    things = [Raw(body=as_sent(each), context=context, verdict="asked for") for each in objects]
    return keep_in(work, work.actor.door, things)


def work_on(actor: Actor, delivery: Delivery, *, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Bring every object to its end; `meanwhile` is called between two. Raises Unavailable."""
    *first, last = delivery.item_ids
    for item_id in first:
        process_item(actor, item_id)
        meanwhile()
    process_item(actor, last, last_of=delivery.id)


def as_sent(found: Mapping[str, Any]) -> bytes:
    """As JSON; a Decimal as the text of its digits, which the sources read as well."""
    return json.dumps(found, ensure_ascii=False, default=str).encode()
