"""A person says of what was held whether it is spam; both ways can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from deals_app.domain.actor import Actor
from deals_app.domain.errors import DealsError, Forbidden, NotFound, RuleBroken
from deals_app.integrations.sources import source
from deals_app.models import InboundItem
from deals_app.services.audit import record
from deals_app.services.deals import delete_deal, restore_deal
from deals_app.services.ingesting.guarding import REVIEWED
from deals_app.services.ingesting.inbox import sender_of
from deals_app.services.ingesting.processing import Outcome, process_item
from deals_app.services.ingesting.understanding import understand
from deals_app.services.leads import lead_of, mark_spam
from deals_app.services.queries.held import IS_HELD
from deals_app.services.unit_of_work import UnitOfWork, one_transaction, reading, unit_of_work

SAYS = {"taken_in": "Taken in", "called_spam": "Called spam", "put_back": "Put back"}


def take_in(actor: Actor, item_ids: Sequence[UUID]) -> list[Outcome]:
    """Work on what was held as if nothing had been suspicious; what is held no more is left out. Raises Forbidden."""
    _demand_manager(actor)
    return [taken for item_id in item_ids if (taken := _taken_in(actor, item_id)) is not None]


def call_spam(actor: Actor, item_ids: Sequence[UUID]) -> list[UUID]:
    """Set aside what was held, and hold what comes from its address from now on; raises Forbidden."""
    _demand_manager(actor)
    return [item_id for item_id in item_ids if _called_spam(actor, item_id)]


def put_back(actor: Actor, item_ids: Sequence[UUID]) -> list[UUID]:
    """Hold again what somebody has decided on: its deal goes, and its address is no spammer's. Raises Forbidden."""
    _demand_manager(actor)
    return [item_id for item_id in item_ids if _was_put_back(actor, item_id)]


def _taken_in(actor: Actor, item_id: UUID) -> Outcome | None:
    found = _held(actor, item_id)
    if found is None:
        return None
    sender = sender_of(actor, found.source)
    if found.deal_id is not None:
        # It was in before, and its deal went when it was put back.
        with suppress(NotFound, RuleBroken):
            restore_deal(sender, found.deal_id)
    try:
        return process_item(sender, item_id, first=_deciding(item_id, "taken_in"))
    except _DecidedAlready:
        return None


def _deciding(item_id: UUID, what: str) -> Callable[[UnitOfWork], None]:
    def decide(work: UnitOfWork) -> None:
        item = _locked(work, item_id)
        if item is None or item.outcome != "held":
            raise _DecidedAlready(what)
        _write(work, item, what, outcome="received", settled_at=None, context=item.context | _reviewed(work))

    return decide


def _called_spam(actor: Actor, item_id: UUID) -> bool:
    with unit_of_work(actor) as work:
        item = _locked(work, item_id)
        if item is None or item.outcome != "held":
            return False
        lead_id = _mark(work, item, is_spam=True)
        context = item.context | _reviewed(work)
        _write(work, item, "called_spam", outcome="set_aside", settled_at=func.now(), context=context, lead_id=lead_id)
        return True


def _was_put_back(actor: Actor, item_id: UUID) -> bool:
    with one_transaction(actor) as work:
        item = _locked(work, item_id)
        if item is None or REVIEWED not in item.context or item.outcome == "held":
            return False
        if item.outcome == "created" and item.deal_id is not None:
            delete_deal(actor, item.deal_id)
        if item.outcome == "set_aside":
            _mark(work, item, is_spam=False)
        context = {name: value for name, value in item.context.items() if name != REVIEWED}
        _write(work, item, "put_back", outcome="held", settled_at=func.now(), context=context)
        return True


def _mark(work: UnitOfWork, item: InboundItem, *, is_spam: bool) -> UUID | None:
    """The address behind an item is a spammer's, or is not; None for an item without one."""
    if source(item.source) is None:
        return None
    draft = lead_of(understand(work, item)[0])
    return mark_spam(work, draft, source=item.source, is_spam=is_spam) if draft else None


def _write(work: UnitOfWork, item: InboundItem, what: str, **values: Any) -> None:
    step = {"step": what, "says": f"{SAYS[what]} by {work.actor.name or work.actor.reference}", "was": item.outcome}
    held = [each for each in item.steps if each["step"] in {"held", *SAYS}]
    # What it came to when it was in before is not forgotten when it comes to the same again.
    was = next((each["was"] for each in reversed(held) if each["step"] == "put_back"), item.outcome)
    before = [{"step": "replayed", "before": was}] if what == "taken_in" else []
    values |= {"steps": [*before, *held, step], "problems": None}
    work.session.execute(update(InboundItem).where(InboundItem.id == item.id).values(values))
    record(work, f"inbound.{what}", f"inbound_item:{item.id}", {})


def _reviewed(work: UnitOfWork) -> dict[str, str]:
    return {REVIEWED: work.actor.reference}


def _locked(work: UnitOfWork, item_id: UUID) -> InboundItem | None:
    return work.session.scalars(select(InboundItem).where(InboundItem.id == item_id).with_for_update()).one_or_none()


def _held(actor: Actor, item_id: UUID) -> InboundItem | None:
    with reading(actor) as session:
        return session.scalars(select(InboundItem).where(InboundItem.id == item_id, IS_HELD)).one_or_none()


class _DecidedAlready(DealsError):
    """Somebody else was quicker; nothing is done."""


def _demand_manager(actor: Actor) -> None:
    if not actor.manages:
        message = "Managers and admins decide on what was held"
        raise Forbidden(message)
