"""Saved views over the management API: a key's own, and those that the team shares."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from deals_app.blueprints.api.answers import Answered, Refused
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.routes import api_routes
from deals_app.blueprints.api.shapes import Body
from deals_app.blueprints.view_words import checked_words
from deals_app.domain.around_views import SavedViewView
from deals_app.services import saved_views

blueprint = api_routes("saved_views", "/saved-views", "Saved views")

Page = Literal["deals", "board"]
Words = Annotated[
    dict[str, str],
    Field(description="the words of the page's address, such as owner, stage, sort, columns", max_length=20),
]


class ViewPath(BaseModel):
    """A view's id in a path."""

    view_id: UUID


class ViewQuery(BaseModel):
    """Of which page; of all unless given."""

    page: Page | None = None


class NewView(Body):
    """A view to be saved."""

    name: str = Field(max_length=1000)
    page: Page
    words: Words = Field(default_factory=dict)
    shared: bool = False


class ChangeView(Body):
    """What is to change; what is not named stays."""

    name: str = Field(default="", max_length=1000)
    words: Words = Field(default_factory=dict)
    shared: bool = False


class ViewAnswer(BaseModel):
    """A view; `owner` is the name of who saved it."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    name: str
    page: Page
    words: dict[str, str]
    shared: bool = Field(validation_alias="is_shared")
    owner: str
    is_own: bool
    created_at: datetime
    updated_at: datetime


@blueprint.get("", responses={200: Answered[list[ViewAnswer]]})
def index(query: ViewQuery) -> tuple[Response, int]:
    """List one's own views and the shared ones, one's own first, by name."""
    return success([_view(each) for each in saved_views.saved_views(actor(), query.page)])


@blueprint.post("", responses={201: Answered[ViewAnswer], 409: Refused})
def create(body: NewView) -> tuple[Response, int]:
    """Save a view; it cannot hold what the page would not read."""
    words = checked_words(actor(), body.page, body.words)
    return _one(saved_views.save_view(actor(), name=body.name, page=body.page, words=words, is_shared=body.shared), 201)


@blueprint.patch("/<uuid:view_id>", responses={200: Answered[ViewAnswer], 409: Refused})
def change(path: ViewPath, body: ChangeView) -> tuple[Response, int]:
    """Change name, words or whether it is shared."""
    names = {"shared": "is_shared"}
    facts = {names.get(name, name): getattr(body, name) for name in body.model_fields_set}
    if "words" in facts:
        facts["words"] = checked_words(actor(), saved_views.saved_view(actor(), path.view_id).page, facts["words"])
    saved_views.change_view(actor(), path.view_id, facts)
    return _one(path.view_id)


@blueprint.delete("/<uuid:view_id>", responses={204: None})
def delete(path: ViewPath) -> Response:
    """Delete a view; it can be restored."""
    saved_views.delete_view(actor(), path.view_id)
    return Response(status=204)


@blueprint.post("/<uuid:view_id>/restore", responses={200: Answered[ViewAnswer], 409: Refused})
def restore(path: ViewPath) -> tuple[Response, int]:
    """Bring a deleted view back."""
    saved_views.restore_view(actor(), path.view_id)
    return _one(path.view_id)


def _one(view_id: UUID, status: int = 200) -> tuple[Response, int]:
    return success(_view(saved_views.saved_view(actor(), view_id)), status)


def _view(view: SavedViewView) -> dict[str, Any]:
    return ViewAnswer.model_validate(view).model_dump(mode="json", by_alias=False)
