"""Mailboxes as managers and admins see them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Forbidden, NotFound
from deals_app.domain.mailboxes import MailboxView
from deals_app.models import Mailbox
from deals_app.services.unit_of_work import reading


def mailboxes(actor: Actor) -> list[MailboxView]:
    """The tenant's mailboxes in the order they were made; raises Forbidden for reps."""
    _demand_reader(actor)
    with reading(actor) as session:
        rows = session.scalars(select(Mailbox).order_by(Mailbox.created_at, Mailbox.id))
        return [_view(row) for row in rows]


def mailbox(actor: Actor, mailbox_id: UUID) -> MailboxView:
    """One of them; raises Forbidden for reps, NotFound."""
    _demand_reader(actor)
    with reading(actor) as session:
        row = session.scalars(select(Mailbox).where(Mailbox.id == mailbox_id)).one_or_none()
        if row is None:
            message = "There is no such mailbox"
            raise NotFound(message)
        return _view(row)


def _demand_reader(actor: Actor) -> None:
    if not actor.manages:
        message = "Mailboxes are for managers and admins"
        raise Forbidden(message)


def _view(row: Mailbox) -> MailboxView:
    return MailboxView(
        id=row.id,
        kind=row.kind,
        name=row.name,
        host=row.host,
        port=row.port,
        user_name=row.user_name,
        security=row.security,
        begins_with=row.begins_with,
        marks_seen=row.marks_seen,
        pipeline_id=row.pipeline_id,
        owner_id=row.owner_id,
        state=row.state,
        taken=row.taken,
        refused=row.refused,
        last_taken_at=row.last_taken_at,
        looked_at=row.looked_at,
        last_error=row.last_error,
        failing_since=row.failing_since,
        next_look_at=row.next_look_at,
        created_at=row.created_at,
    )
