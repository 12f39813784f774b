"""The people beside a deal's owner. They are named on it; who may change a deal is decided by its owner alone."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Invalid, NotFound, RuleBroken
from deals_app.models import Collaborator, Membership
from deals_app.services.audit import record
from deals_app.services.locking import locked_deal
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

ROLES = ("collaborator", "watcher")
MOST = 50


def add_collaborator(actor: Actor, deal_id: UUID, user_id: UUID, *, role: str = "collaborator") -> None:
    """Put a person beside a deal's owner; who is there already gets the role.

    Raises NotFound, Forbidden, Invalid for a stranger or a role that is none, RuleBroken TOO_MANY_COLLABORATORS.
    """
    if role not in ROLES:
        raise Invalid(FieldProblem("role", f"must be one of {', '.join(ROLES)}"))
    with unit_of_work(actor) as work:
        locked_deal(work, deal_id)
        if work.session.get(Membership, (actor.tenant_id, user_id)) is None:
            raise Invalid(FieldProblem("user_id", "there is no such person in this team"))
        there = work.session.get(Collaborator, (actor.tenant_id, deal_id, user_id))
        if there is not None and there.role == role:
            return
        if there is None:
            _check_room(work, deal_id)
        row = {"tenant_id": actor.tenant_id, "deal_id": deal_id, "user_id": user_id, "role": role}
        work.session.execute(
            insert(Collaborator)
            .values(**row, actor=actor.reference)
            .on_conflict_do_update(index_elements=["tenant_id", "deal_id", "user_id"], set_={"role": role})
        )
        record(work, "collaborator.added", f"deal:{deal_id}", {"user_id": str(user_id), "role": role})


def remove_collaborator(actor: Actor, deal_id: UUID, user_id: UUID) -> str:
    """Take a person off; returns the role they had. Raises NotFound, Forbidden."""
    with unit_of_work(actor) as work:
        locked_deal(work, deal_id)
        role = work.session.scalar(
            delete(Collaborator)
            .where(Collaborator.deal_id == deal_id, Collaborator.user_id == user_id)
            .returning(Collaborator.role)
        )
        if role is None:
            message = "This person is not at this deal"
            raise NotFound(message)
        record(work, "collaborator.removed", f"deal:{deal_id}", {"user_id": str(user_id), "role": role})
        return role


def _check_room(work: UnitOfWork, deal_id: UUID) -> None:
    there = select(func.count()).select_from(Collaborator).where(Collaborator.deal_id == deal_id)
    if (work.session.scalar(there) or 0) >= MOST:
        message = f"A deal may have {MOST} people beside its owner"
        raise RuleBroken(message, code="TOO_MANY_COLLABORATORS")
