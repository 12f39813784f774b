"""Many versions of many objects, each delivered several times, shuffled, by several senders at once."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from deals_app.domain.actor import Actor
from deals_app.models import Deal, DealEvent, ExternalRef, InboundItem
from deals_app.services.unit_of_work import reading
from tests.people import api_key

PATH = "/api/sales/deals/hubspot/batch-sync"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
AT_ONCE = 20


def version(number: int, update: int) -> dict[str, Any]:
    """An object of HubSpot's at one of its updates, each with an amount of its own."""
    changed = BEGIN + timedelta(seconds=update)
    properties = {
        "dealname": f"Deal {number}",
        "amount": f"{number * 1000 + update}.00",
        "dealstage": "appointmentscheduled",
        "hs_lastmodifieddate": changed.isoformat(),
    }
    return {"id": str(9_000_000 + number), "properties": properties, "archived": False}


def storm(
    app: Flask, actor: Actor, *, objects: int, updates: int, most: int, senders: int, seed: int
) -> dict[str, int]:
    """Deliver all of it, each version 1 to `most` times, and check what must hold; the figures."""
    chance = random.Random(seed)
    sent = [
        version(number, update)
        for number in range(objects)
        for update in range(updates)
        for _ in range(chance.randint(1, most))
    ]
    chance.shuffle(sent)
    pieces = [sent[start : start + AT_ONCE] for start in range(0, len(sent), AT_ONCE)]
    headers = api_key(actor)

    def send(piece: Sequence[dict[str, Any]]) -> int:
        answer = app.test_client().post(PATH, data=json.dumps(piece), headers=headers, content_type="application/json")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        said: Any = answer.json
        assert said["failed"] == 0, said
        return said["created"] + said["updated"]

    with ThreadPoolExecutor(senders) as pool:
        applied = sum(pool.map(send, pieces))
    with reading(actor) as session:
        values = dict(
            session.execute(
                select(ExternalRef.external_id, Deal.value).join(Deal, Deal.id == ExternalRef.deal_id)
            ).all()
        )
        deals = session.scalar(select(func.count()).select_from(Deal))
        entries = session.scalar(select(func.count()).select_from(DealEvent).where(DealEvent.kind != "scored"))
        versions = session.scalar(select(func.sum(Deal.version)))
        kept = session.scalar(select(func.count()).select_from(InboundItem))
    newest = {str(9_000_000 + number): (number * 1000 + updates - 1) * 100 for number in range(objects)}
    assert values == newest
    assert (deals, kept) == (objects, len(sent))
    assert entries == versions == applied
    return {"objects": objects, "delivered": len(sent), "applied": applied}
