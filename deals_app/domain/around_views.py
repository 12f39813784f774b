"""Frozen shapes of what surrounds a deal (files, people, competitors), a customer (contacts) and a list (views)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class AttachmentView:
    """A file at a deal; `actor` is the name of who attached it, `sha256` is in hexadecimal digits."""

    id: UUID
    filename: str
    content_type: str
    size_bytes: int
    sha256: str
    actor: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class CollaboratorView:
    """A person beside a deal's owner: a collaborator works on it, a watcher follows it."""

    user_id: UUID
    name: str
    email: str
    role: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class CompetitorView:
    """Who else bids for a deal; `strength` is weak, even or strong, None while nobody has said."""

    id: UUID
    name: str
    strength: str | None
    note: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Around:
    """All of it: the newest file first, people by name, competitors in the order they came up."""

    attachments: tuple[AttachmentView, ...]
    collaborators: tuple[CollaboratorView, ...]
    competitors: tuple[CompetitorView, ...]


@dataclass(frozen=True, kw_only=True)
class ContactView:
    """A person at a customer; `title` is what they are there."""

    id: UUID
    customer_id: UUID
    name: str
    email: str | None
    phone: str | None
    title: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class SavedViewView:
    """The words of a page's address under a name; `is_own` is whose eyes are looking, `owner` a name."""

    id: UUID
    name: str
    page: str
    words: Mapping[str, str]
    is_shared: bool
    is_own: bool
    may_change: bool
    owner: str
    created_at: datetime
    updated_at: datetime
