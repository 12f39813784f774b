"""Where mails come from, and how far each mailbox was read. Legal states: migrations/versions/0018."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from deals_app.extensions import Base
from deals_app.models.columns import Id, MadeAt, Moment, String, TenantId


class Mailbox(Base):
    """A mailbox: fetched over IMAP, or posted to us by a mail service. `looks` is the lease of who looks into it."""

    __tablename__ = "mailboxes"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    kind: Mapped[String]
    name: Mapped[String]
    token_hash: Mapped[bytes | None]
    sealed: Mapped[bytes] = mapped_column(deferred=True)
    host: Mapped[String | None]
    port: Mapped[int | None]
    user_name: Mapped[String | None]
    security: Mapped[String | None]
    begins_with: Mapped[String] = mapped_column(server_default="unread")
    marks_seen: Mapped[bool] = mapped_column(server_default="false")
    pipeline_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    state: Mapped[String] = mapped_column(server_default="active")
    uid_validity: Mapped[int | None] = mapped_column(BigInteger)
    last_uid: Mapped[int] = mapped_column(BigInteger, server_default="0")
    old_below: Mapped[int] = mapped_column(BigInteger, server_default="0")
    old_since: Mapped[date | None]
    taken: Mapped[int] = mapped_column(BigInteger, server_default="0")
    refused: Mapped[int] = mapped_column(BigInteger, server_default="0")
    last_taken_at: Mapped[Moment | None]
    looked_at: Mapped[Moment | None]
    last_error: Mapped[String | None]
    failing_since: Mapped[Moment | None]
    failures_in_row: Mapped[int] = mapped_column(server_default="0")
    next_look_at: Mapped[MadeAt]
    rung_at: Mapped[Moment | None]
    leased_until: Mapped[Moment | None]
    looks: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class MailboxToken(Base):
    """A token of Mailgun's that has signed a post, by its hash."""

    __tablename__ = "mailbox_tokens"
    tenant_id: Mapped[TenantId]
    mailbox_id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]
