"""What the routes around a deal take and give: files, people, competitors, activities."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from flask_openapi3 import FileStorage
from pydantic import BaseModel, ConfigDict, Field

from deals_app.blueprints.api.shapes import Body, DealPath, Identifier
from deals_app.domain.lengths import LONGEST_NAME, LONGEST_REMARK

Strength = Literal["weak", "even", "strong"]
Role = Literal["collaborator", "watcher"]
BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
# A file is answered as the type it was brought as; a generated client knows octets alone, and takes any file for them.
FILE: dict[str, Any] = {"application/octet-stream": BINARY, "*/*": BINARY}


class AttachmentPath(DealPath):
    """A file of a deal in a path."""

    attachment_id: UUID


class CollaboratorPath(DealPath):
    """A person at a deal in a path."""

    user_id: UUID


class CompetitorPath(DealPath):
    """A competitor at a deal in a path."""

    competitor_id: UUID


class Upload(BaseModel):
    """A file, as `multipart/form-data`."""

    file: FileStorage = Field(description="at most 25 MB, with a filename")


class AttachmentAnswer(BaseModel):
    """A file at a deal; its content is at its own path."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    filename: str
    content_type: str
    size_bytes: int
    sha256: str
    actor: str
    at: datetime


class AddCollaborator(Body):
    """A person of the team; watchers follow a deal, collaborators work on it. Neither may change it by that alone."""

    user_id: Identifier
    role: Role = "collaborator"


class CollaboratorAnswer(BaseModel):
    """A person beside the owner."""

    model_config = ConfigDict(from_attributes=True)
    user_id: UUID
    name: str
    email: str
    role: Role
    at: datetime


class AddCompetitor(Body):
    """Who else bids for the deal."""

    name: str = Field(max_length=LONGEST_NAME * 2)
    strength: Strength | None = None
    note: str | None = Field(default=None, max_length=LONGEST_REMARK * 2)


class ChangeCompetitor(Body):
    """What is to change; what is not named stays, a null empties what may be empty."""

    name: str | None = Field(default=None, max_length=LONGEST_NAME * 2)
    strength: Strength | None = None
    note: str | None = Field(default=None, max_length=LONGEST_REMARK * 2)


class CompetitorAnswer(BaseModel):
    """Who else bids; each once, however the name is spelt."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    name: str
    strength: Strength | None
    note: str | None
    at: datetime
