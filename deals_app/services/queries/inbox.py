"""What came in: by source with its figures, as a list, and one item with all that was made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, func, literal, or_, select
from sqlalchemy import cast as cast_to
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Invalid, NotFound
from deals_app.domain.inbox_views import OUTCOMES, ItemRow, ItemView, Sent, Step
from deals_app.domain.shown_text import indented, pieces
from deals_app.domain.views import Page
from deals_app.models import Deal, InboundItem, Lead
from deals_app.services.statements import AnyRow, AnySelect
from deals_app.services.unit_of_work import reading

ROWS_PER_STRETCH = 50
# Words are looked for among the newest only: no index knows them.
MOST_SEARCHED = 20_000
LONGEST_SHOWN = 20_000
# Of a step, what has a place of its own on the page.
IN_THEIR_PLACE = {"step", "says", "found_in", "deal", "alike", "lead"}


@dataclass(frozen=True, kw_only=True)
class ItemFilter:
    """Which items; empty means all. `q` is looked for in what was understood and in what was wrong."""

    source: str = ""
    outcome: str = ""
    q: str = ""


def inbox_items(actor: Actor, wanted: ItemFilter, after: str | None = None) -> Page[ItemRow]:
    """The newest first, by keyset; reps see those of their deals and of nobody's. Raises Invalid. One statement."""
    statement = _rows().where(*_visible(actor), *_wanted(wanted))
    if after:
        statement = statement.where(InboundItem.id < _read(after))
    with reading(actor) as session:
        found = session.execute(statement.order_by(InboundItem.id.desc()).limit(ROWS_PER_STRETCH + 1)).all()
    items = tuple(_row(each) for each in found[:ROWS_PER_STRETCH])
    return Page(items=items, next_after=str(items[-1].id) if len(found) > ROWS_PER_STRETCH else None)


def last_errors(actor: Actor, source: str, number: int = 10) -> tuple[ItemRow, ...]:
    """What was refused last of a source; nothing for who may not see it. One statement."""
    statement = _rows().where(*_visible(actor), InboundItem.source == source, InboundItem.outcome == "rejected")
    with reading(actor) as session:
        return tuple(_row(each) for each in session.execute(statement.order_by(InboundItem.id.desc()).limit(number)))


def items_of_lead(session: Session, actor: Actor, lead_ids: Sequence[UUID]) -> tuple[ItemRow, ...]:
    """What came from these people, inside a transaction; one statement."""
    statement = _rows().where(*_visible(actor), InboundItem.lead_id.in_(lead_ids))
    return tuple(_row(each) for each in session.execute(statement.order_by(InboundItem.id.desc()).limit(20)))


def inbox_item(actor: Actor, item_id: UUID) -> ItemView:
    """One item; raises NotFound, also for what a rep may not see. One statement."""
    body = func.substring(InboundItem.body, 1, LONGEST_SHOWN * 4).label("body")
    further = (
        InboundItem.content_type, InboundItem.signature_verdict, InboundItem.context, InboundItem.settled_at,
        func.octet_length(InboundItem.body).label("size_bytes"), body, Lead.email,
    )  # fmt: skip
    statement = _rows().add_columns(*further).outerjoin(Lead, _of_item(Lead, InboundItem.lead_id))
    with reading(actor) as session:
        found = session.execute(statement.where(InboundItem.id == item_id, *_visible(actor))).one_or_none()
    if found is None:
        raise _missing()
    text, is_text, is_cut = _text(found.body, found.size_bytes)
    words = {fact: said for step in found.steps for fact, said in step.get("found_in", {}).items()}
    return ItemView(
        row=_row(found),
        content_type=found.content_type,
        size_bytes=found.size_bytes,
        pieces=pieces(text, words),
        is_text=is_text,
        is_cut=is_cut,
        signature_verdict=found.signature_verdict,
        context=found.context,
        steps=tuple(_step(each) for each in found.steps),
        problems=_problems(found),
        settled_at=found.settled_at,
        lead_name=found.email,
    )


def item_body(actor: Actor, item_id: UUID) -> bytes:
    """An item as it came, whole; raises NotFound as `inbox_item` does."""
    statement = select(InboundItem.body).outerjoin(Deal, _of_item(Deal, InboundItem.deal_id))
    with reading(actor) as session:
        found = session.scalar(statement.where(InboundItem.id == item_id, *_visible(actor)))
    if found is None:
        raise _missing()
    return found


def sent_item(actor: Actor, item_id: UUID) -> Sent | None:
    """What became of something that was sent from a page a moment ago; None when there is no such thing."""
    with reading(actor) as session:
        found = session.execute(_rows().where(InboundItem.id == item_id)).one_or_none()
    if found is None:
        return None
    return Sent(item_id=found.id, action=found.outcome, deal_id=found.deal_id, deal_name=found.deal_name)


def rejected_items(actor: Actor, wanted: ItemFilter, most: int) -> list[tuple[UUID, str]]:
    """Id and source of the rejected items of a filter, the newest first."""
    statement = select(InboundItem.id, InboundItem.source).outerjoin(Deal, _of_item(Deal, InboundItem.deal_id))
    statement = statement.where(*_visible(actor), *_wanted(wanted), InboundItem.outcome == "rejected")
    with reading(actor) as session:
        return [(row.id, row.source) for row in session.execute(statement.order_by(InboundItem.id.desc()).limit(most))]


def _rows() -> AnySelect:
    """A deal that was deleted has no page to lead to."""
    return select(
        InboundItem.id, InboundItem.source, InboundItem.outcome, InboundItem.steps, InboundItem.problems,
        InboundItem.lead_id, InboundItem.created_at, Deal.id.label("deal_id"), Deal.name.label("deal_name"),
    ).outerjoin(Deal, and_(_of_item(Deal, InboundItem.deal_id), Deal.deleted_at.is_(None)))  # fmt: skip


def _of_item(model: type[Any], id_column: Any) -> ColumnElement[bool]:
    return and_(model.tenant_id == InboundItem.tenant_id, model.id == id_column)


def _visible(actor: Actor) -> list[ColumnElement[bool]]:
    """Whoever sees a deal as their own, or could take it, sees what it came from; the rest is for managers."""
    if actor.manages:
        return []
    return [Deal.id.is_not(None), or_(Deal.assigned_to.is_(None), Deal.assigned_to == actor.user_id)]


def _wanted(wanted: ItemFilter) -> list[ColumnElement[bool]]:
    if wanted.outcome and wanted.outcome not in OUTCOMES:
        raise Invalid(FieldProblem("outcome", f"must be one of {', '.join(OUTCOMES)}"))
    narrowed: list[ColumnElement[bool]] = []
    if wanted.source:
        narrowed.append(InboundItem.source == wanted.source)
    if wanted.outcome:
        narrowed.append(InboundItem.outcome == wanted.outcome)
    if text := wanted.q.strip():
        newest = select(InboundItem.id).where(*narrowed).order_by(InboundItem.id.desc())
        oldest = newest.offset(MOST_SEARCHED).limit(1).scalar_subquery()
        said = cast_to(InboundItem.steps, Text) + literal(" ") + func.coalesce(cast_to(InboundItem.problems, Text), "")
        narrowed += [or_(oldest.is_(None), InboundItem.id > oldest), said.icontains(text, autoescape=True)]
    return narrowed


def _row(found: AnyRow) -> ItemRow:
    steps = cast("Sequence[Mapping[str, Any]]", found.steps)
    understood = next((str(step["says"]) for step in steps if step["step"] == "understood"), "")
    problems = [f"{each.field}: {each.message}".removeprefix(": ") for each in _problems(found)]
    return ItemRow(
        id=found.id,
        source=found.source,
        outcome=found.outcome,
        title=understood,
        says="; ".join(problems),
        deal_id=found.deal_id,
        deal_name=found.deal_name,
        lead_id=found.lead_id,
        received_at=found.created_at,
    )


def _problems(found: AnyRow) -> tuple[FieldProblem, ...]:
    return tuple(FieldProblem(**each) for each in cast("Sequence[Mapping[str, str]]", found.problems or ()))


def _step(taken: Mapping[str, Any]) -> Step:
    name = str(taken["step"])
    details = tuple((key, _said(value)) for key, value in taken.items() if key not in IN_THEIR_PLACE)
    deals = [taken["deal"]] if "deal" in taken else taken.get("alike", [])
    return Step(
        step=name,
        says=str(taken.get("says", "")),
        found_in=tuple((fact, str(words)) for fact, words in taken.get("found_in", {}).items()),
        details=details,
        deal_ids=tuple(UUID(each) for each in deals),
    )


def _said(value: Any) -> str:
    return ", ".join(map(str, cast("Sequence[Any]", value))) if isinstance(value, list) else str(value)


def _text(body: bytes, size_bytes: int) -> tuple[str, bool, bool]:
    """As much of it as is shown, whether it is a text at all, and whether there is more."""
    whole = len(body) == size_bytes
    text = body.decode("utf-8", "strict" if whole else "ignore") if _is_text(body, whole=whole) else ""
    shown = text[:LONGEST_SHOWN]
    if shown.lstrip()[:1] in {"{", "["}:
        shown = indented(shown)
    return shown, bool(text) or not body, not whole or len(text) > LONGEST_SHOWN


def _is_text(body: bytes, *, whole: bool) -> bool:
    try:
        body.decode("utf-8", "strict" if whole else "ignore")
    except UnicodeDecodeError:
        return False
    return b"\0" not in body


def _read(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError as error:
        raise Invalid(FieldProblem("after", "is not a cursor of this list")) from error


def _missing() -> NotFound:
    return NotFound("There is no such item")
