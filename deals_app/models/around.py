"""What surrounds a deal: files, collaborators, competitors; and a customer's contacts. Legal states: 0012."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from deals_app.extensions import Base
from deals_app.models.columns import Id, MadeAt, Moment, String, TenantId


class StoredFile(Base):
    """A content, kept once for each tenant and found by its hash."""

    __tablename__ = "stored_files"
    tenant_id: Mapped[TenantId]
    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class StoredFilePart(Base):
    """A megabyte of a content."""

    __tablename__ = "stored_file_parts"
    tenant_id: Mapped[TenantId]
    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class Attachment(Base):
    """A content under a name, at a deal."""

    __tablename__ = "attachments"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    deal_id: Mapped[UUID]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    filename: Mapped[String]
    content_type: Mapped[String]
    actor: Mapped[String]
    deleted_at: Mapped[Moment | None]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class Collaborator(Base):
    """A person beside the owner of a deal."""

    __tablename__ = "collaborators"
    tenant_id: Mapped[TenantId]
    deal_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[String] = mapped_column(server_default="collaborator")
    actor: Mapped[String]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class Competitor(Base):
    """Who else bids for a deal; `match_key` as `domain/matching.py` folds the name."""

    __tablename__ = "competitors"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    deal_id: Mapped[UUID]
    name: Mapped[String]
    match_key: Mapped[String]
    strength: Mapped[String | None]
    note: Mapped[String | None]
    actor: Mapped[String]
    deleted_at: Mapped[Moment | None]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]


class Contact(Base):
    """A person at a customer."""

    __tablename__ = "contacts"
    tenant_id: Mapped[TenantId]
    id: Mapped[Id]
    customer_id: Mapped[UUID]
    name: Mapped[String]
    email: Mapped[String | None]
    phone: Mapped[String | None]
    title: Mapped[String | None]
    deleted_at: Mapped[Moment | None]
    created_at: Mapped[MadeAt]
    updated_at: Mapped[MadeAt]
