"""Who else bids for a deal, each once, however the name is spelt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exc, func, select, update
from sqlalchemy.dialects.postgresql import insert

from deals_app.domain.actor import Actor
from deals_app.domain.errors import AlreadyExists, FieldProblem, Invalid, NotFound, RuleBroken
from deals_app.domain.lengths import LONGEST_NAME, LONGEST_REMARK
from deals_app.domain.matching import is_blank, match_key
from deals_app.models import Competitor
from deals_app.services.audit import record
from deals_app.services.locking import locked_deal
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

STRENGTHS = ("weak", "even", "strong")
FACTS = ("name", "strength", "note")
MOST = 50


def add_competitor(
    actor: Actor, deal_id: UUID, *, name: str, strength: str | None = None, note: str | None = None
) -> UUID:
    """Name somebody who bids for the deal too; returns the competitor's id.

    Raises NotFound, Forbidden, Invalid, AlreadyExists, RuleBroken TOO_MANY_COMPETITORS.
    """
    facts = _checked({"name": name, "strength": strength, "note": note})
    with unit_of_work(actor) as work:
        locked_deal(work, deal_id)
        there = select(func.count()).select_from(Competitor)
        live = there.where(Competitor.deal_id == deal_id, Competitor.deleted_at.is_(None))
        if (work.session.scalar(live) or 0) >= MOST:
            message = f"A deal may have {MOST} competitors"
            raise RuleBroken(message, code="TOO_MANY_COMPETITORS")
        competitor_id = _named(work, [deal_id], facts)
        if competitor_id is None:
            raise _there_already(name)
        record(work, "competitor.added", f"competitor:{competitor_id}", {"deal_id": str(deal_id), "name": name})
    return competitor_id


def change_competitor(actor: Actor, deal_id: UUID, competitor_id: UUID, facts: Mapping[str, Any]) -> None:
    """Set some of FACTS. Raises NotFound, Forbidden, Invalid, AlreadyExists."""
    with unit_of_work(actor) as work:
        locked_deal(work, deal_id)
        found = _found(work, deal_id, competitor_id)
        if found.deleted_at is not None:
            raise _missing()
        now = {fact: getattr(found, fact) for fact in FACTS}
        _write(work, found, _checked(now | dict(facts)))
        told = {"deal_id": str(deal_id), **{fact: facts[fact] for fact in FACTS if fact in facts}}
        record(work, "competitor.changed", f"competitor:{competitor_id}", told)


def remove_competitor(actor: Actor, deal_id: UUID, competitor_id: UUID) -> str:
    """Take a competitor off the list; `restore_competitor` brings it back. Returns its name.

    Raises NotFound, Forbidden.
    """
    with unit_of_work(actor) as work:
        locked_deal(work, deal_id)
        found = _found(work, deal_id, competitor_id)
        if found.deleted_at is not None:
            raise _missing()
        name = found.name
        _write(work, found, {"deleted_at": func.change_time()})
        record(work, "competitor.removed", f"competitor:{competitor_id}", {"deal_id": str(deal_id), "name": name})
        return name


def restore_competitor(actor: Actor, deal_id: UUID, competitor_id: UUID) -> str:
    """Bring a removed competitor back; returns its name. Raises NotFound, Forbidden, AlreadyExists."""
    with unit_of_work(actor) as work:
        locked_deal(work, deal_id)
        found = _found(work, deal_id, competitor_id)
        name = found.name
        if found.deleted_at is not None:
            _write(work, found, {"deleted_at": None})
            record(work, "competitor.restored", f"competitor:{competitor_id}", {"deal_id": str(deal_id), "name": name})
        return name


def lost_to(work: UnitOfWork, deal_ids: Sequence[UUID], name: str) -> None:
    """Whoever won these deals from us has bid for them, inside a transaction; nothing where that is known."""
    if len(name) <= LONGEST_NAME:
        _named(work, deal_ids, {"name": name, "match_key": match_key(name)})


def _named(work: UnitOfWork, deal_ids: Sequence[UUID], facts: Mapping[str, Any]) -> UUID | None:
    """The id of the last that is new."""
    row = {"tenant_id": work.actor.tenant_id, "actor": work.actor.reference, **facts}
    return work.session.scalars(
        insert(Competitor)
        .values([row | {"deal_id": deal_id} for deal_id in deal_ids])
        .on_conflict_do_nothing()
        .returning(Competitor.id)
    ).first()


def _write(work: UnitOfWork, found: Competitor, values: Mapping[str, Any]) -> None:
    name = str(values.get("name", found.name))
    try:
        work.session.execute(update(Competitor).where(Competitor.id == found.id).values(**values))
    except exc.IntegrityError as error:
        raise _there_already(name) from error


def _checked(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as they are stored; raises Invalid naming every wrong one."""
    name, note = (facts["name"] or "").strip(), (facts["note"] or "").strip() or None
    problems: list[FieldProblem] = []
    if is_blank(name) or len(name) > LONGEST_NAME:
        problems.append(FieldProblem("name", f"must have 1 to {LONGEST_NAME} characters"))
    if facts["strength"] is not None and facts["strength"] not in STRENGTHS:
        problems.append(FieldProblem("strength", f"must be one of {', '.join(STRENGTHS)}"))
    if note is not None and len(note) > LONGEST_REMARK:
        problems.append(FieldProblem("note", f"must have at most {LONGEST_REMARK:,} characters"))
    if problems:
        raise Invalid(*problems)
    return {"name": name, "match_key": match_key(name), "strength": facts["strength"], "note": note}


def _found(work: UnitOfWork, deal_id: UUID, competitor_id: UUID) -> Competitor:
    found = work.session.get(Competitor, (work.actor.tenant_id, competitor_id))
    if found is None or found.deal_id != deal_id:
        raise _missing()
    return found


def _there_already(name: str) -> AlreadyExists:
    return AlreadyExists(f"{name.strip()} is among this deal's competitors already")


def _missing() -> NotFound:
    return NotFound("There is no such competitor at this deal")
