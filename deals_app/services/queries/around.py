"""What surrounds a deal: files, people, competitors, all of it in one round trip."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, ScalarSelect, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.around_views import Around, AttachmentView, CollaboratorView, CompetitorView
from deals_app.models import Attachment, Collaborator, Competitor, StoredFile, User
from deals_app.services.deal_rows import demand_deal
from deals_app.services.queries.names import ActorNames
from deals_app.services.statements import table
from deals_app.services.straight import Straight
from deals_app.services.unit_of_work import reading

attachments, contents = table(Attachment), table(StoredFile)
collaborators, competitors, users = table(Collaborator), table(Competitor), table(User)


def _listed(rows: FromClause, *order: ColumnElement[Any], **columns: ColumnElement[Any]) -> ScalarSelect[Any]:
    """Rows as one JSON list of objects, null when there are none."""
    pairs = [each for name, column in columns.items() for each in (name, column)]
    return select(func.json_agg(aggregate_order_by(func.json_build_object(*pairs), *order))).select_from(rows)  # type: ignore[return-value]


def _of_deal(listed: Any, rows: Any) -> ScalarSelect[Any]:
    live = [rows.c.deleted_at.is_(None)] if "deleted_at" in rows.c else []
    return listed.where(rows.c.deal_id == bindparam("deal_id"), *live).scalar_subquery()


AROUND = Straight(
    select(
        _of_deal(
            _listed(
                attachments.join(
                    contents,
                    (contents.c.tenant_id == attachments.c.tenant_id) & (contents.c.sha256 == attachments.c.sha256),
                ),
                attachments.c.id.desc(),
                id=attachments.c.id,
                filename=attachments.c.filename,
                content_type=attachments.c.content_type,
                size_bytes=contents.c.size_bytes,
                sha256=func.encode(attachments.c.sha256, "hex"),
                actor=attachments.c.actor,
                at=attachments.c.created_at,
            ),
            attachments,
        ).label("attachments"),
        _of_deal(
            _listed(
                collaborators.join(users, users.c.id == collaborators.c.user_id),
                func.lower(users.c.name),
                users.c.id,
                user_id=users.c.id,
                name=users.c.name,
                email=users.c.email,
                role=collaborators.c.role,
                at=collaborators.c.created_at,
            ),
            collaborators,
        ).label("collaborators"),
        _of_deal(
            _listed(
                competitors,
                competitors.c.id,
                id=competitors.c.id,
                name=competitors.c.name,
                strength=competitors.c.strength,
                note=competitors.c.note,
                at=competitors.c.created_at,
            ),
            competitors,
        ).label("competitors"),
    )
)


def around(actor: Actor, deal_id: UUID) -> Around:
    """What surrounds a deal; raises NotFound."""
    with reading(actor) as session:
        demand_deal(session, deal_id)
        return around_deal(session, deal_id, ActorNames(session))


def around_deal(session: Session, deal_id: UUID, names: ActorNames) -> Around:
    """`around` of a deal that is there, inside a transaction; one statement."""
    row = AROUND.one_or_none(session, deal_id=deal_id)
    return Around(
        attachments=tuple(_attachment(each, names) for each in row.attachments or ()),
        collaborators=tuple(CollaboratorView(**_typed(each, "user_id")) for each in row.collaborators or ()),
        competitors=tuple(CompetitorView(**_typed(each, "id")) for each in row.competitors or ()),
    )


def _attachment(found: dict[str, Any], names: ActorNames) -> AttachmentView:
    typed = _typed(found, "id")
    typed["actor"] = names.of(found["actor"])
    return AttachmentView(**typed)


def _typed(found: dict[str, Any], key: str) -> dict[str, Any]:
    """What JSON has as texts."""
    return {**found, key: UUID(found[key]), "at": datetime.fromisoformat(found["at"])}
