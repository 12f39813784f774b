"""When a deal is won, somebody has to make the order: a task on the deal says so.

Run with `SUBSCRIBERS=examples.orders:orders`; the folder above `examples` must be on PYTHONPATH.
"""

from __future__ import annotations

from sqlalchemy import select

from deals_app.models import Deal
from deals_app.services.activities import add_step
from deals_app.services.event_catalogue import Event
from deals_app.services.subscribers.subscriber import Subscriber
from deals_app.services.unit_of_work import UnitOfWork


def make_order(work: UnitOfWork, event: Event) -> None:
    """In the transaction that moves the subscriber's cursor, so there is one task for each win."""
    deal_id = event.data.deal_id
    name = work.session.scalars(select(Deal.name).where(Deal.id == deal_id)).one()
    add_step(work, deal_id, f"Make the order for {name}", due_on=event.occurred_at.date())


orders = Subscriber(name="orders", events=["deal.won"], handle=make_order)
