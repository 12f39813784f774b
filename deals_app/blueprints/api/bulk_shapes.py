"""What a change of many deals takes and gives."""

from __future__ import annotations

from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from deals_app.blueprints.api.shapes import Body, Identifier, Whole
from deals_app.services.bulk import MOST

KINDS = ("stage", "assigned_to", "tags", "win", "lose", "delete")


class Loss(Body):
    """Why deals are lost, and to whom."""

    reason: str | None = Field(default=None, max_length=2000)
    competitor: str | None = Field(default=None, max_length=200)


class ChangeOfEach(Body):
    """One kind of change: a stage, an owner, tags, an end, or a deletion."""

    stage: str | None = Field(
        default=None, description="a stage's id, or a key: then the stage of that key in each deal's own pipeline"
    )
    assigned_to: Identifier | None = Field(default=None, description="a person's id; null takes the owner away")
    tags_add: list[str] = Field(default_factory=list, max_length=50)
    tags_remove: list[str] = Field(default_factory=list, max_length=50)
    win: Literal[True] | None = None
    lose: Loss | None = None
    delete: Literal[True] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.kinds) != 1:
            message = f"must have exactly one of {', '.join(KINDS)} (tags as tags_add and tags_remove)"
            raise ValueError(message)
        return self

    @property
    def kinds(self) -> set[str]:
        """What is asked for; an owner may be null, nothing else says something by being null."""
        named = {name for name in self.model_fields_set if name == "assigned_to" or getattr(self, name) is not None}
        return {"tags" if name.startswith("tags_") else name for name in named}


class BulkChange(Body):
    """Which deals, as they are now or at the versions that were seen, and what is to change."""

    ids: list[Identifier] = Field(default_factory=list, max_length=MOST)
    versions: dict[UUID, Whole] = Field(
        default_factory=dict, max_length=MOST, description="deal id -> the version it must still have"
    )
    change: ChangeOfEach

    @model_validator(mode="after")
    def _names_deals(self) -> Self:
        if bool(self.ids) == bool(self.versions):
            message = "name the deals either by ids or by versions"
            raise ValueError(message)
        return self


class OperationPath(BaseModel):
    """An operation's id in a path."""

    operation: UUID


class BulkResult(BaseModel):
    """What became of one deal; `reason` is why it was left alone, as the end of a sentence."""

    id: UUID
    action: Literal["changed", "left_alone"]
    reason: str | None


class BulkAnswer(BaseModel):
    """`operation` is what undoes it all, null when nothing was changed; `results` stand in the order that was sent."""

    operation: UUID | None
    changed: int
    left_alone: int
    results: list[BulkResult]


class UndoneResult(BaseModel):
    """How a deal went back; `kept` are fields that somebody has changed since."""

    id: UUID
    kept: list[str]


class UndoneAnswer(BaseModel):
    """An undo is an operation too: undoing it is a redo."""

    operation: UUID
    undoes: UUID
    results: list[UndoneResult]
