"""What the routes of a deal's life give."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from deals_app.blueprints.api.shapes import Body, DealPath

__all__ = ["ActivityAnswer", "DealPath", "HistoryAnswer", "Note"]


class Note(Body):
    """What somebody writes about a deal."""

    body: str


class ChangeAnswer(BaseModel):
    """A field before and after."""

    model_config = ConfigDict(from_attributes=True)
    before: Any
    after: Any


class HistoryAnswer(BaseModel):
    """One change of a deal."""

    model_config = ConfigDict(from_attributes=True)
    version: int
    kind: str
    at: datetime
    actor: str
    door: str
    changes: dict[str, ChangeAnswer]


class ActivityAnswer(BaseModel):
    """A note, call, mail, meeting or task; a planned one has `due_on`, and `done_at` once it is done."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    kind: str
    body: str
    actor: str
    at: datetime
    due_on: date | None
    done_at: datetime | None
