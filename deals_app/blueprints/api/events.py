"""What happened, for programs that come back and miss nothing."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from flask import Response
from pydantic import BaseModel, Field

from deals_app.blueprints.api.answers import Answered
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.routes import api_routes
from deals_app.services.event_catalogue import CATALOGUE, Event
from deals_app.services.queries.events import MOST, events

blueprint = api_routes("events", "/events", "Events")


class EventQuery(BaseModel):
    """Where to go on, and what to read; several types with commas between them."""

    after: str | None = None
    type: str = ""
    deal_id: UUID | None = None
    limit: Annotated[int, Field(ge=1)] = 100


class EventTypeAnswer(BaseModel):
    """A kind of event; `payload` is the JSON Schema of its `data`."""

    type: str
    topic: str
    version: str
    says: str
    payload: dict[str, Any]


class MoreEvents(BaseModel):
    """Where to go on reading."""

    next_after: str | None
    has_more: bool


class AnsweredEvents(Answered[list[Event]]):
    """Events in order."""

    pagination: MoreEvents


@blueprint.get("", responses={200: AnsweredEvents})
def index(query: EventQuery) -> tuple[Response, int]:
    """Read events in order; ask again with `next_after`, which stays as it is until there are more."""
    types = [name for name in map(str.strip, query.type.split(",")) if name]
    page = events(actor(), query.after, types=types, deal_id=query.deal_id, limit=min(query.limit, MOST))
    shown = [event.model_dump(mode="json") for event in page.items]
    return success(shown, pagination={"next_after": page.next_after, "has_more": page.has_more})


@blueprint.get("/types", responses={200: Answered[list[EventTypeAnswer]]})
def types() -> tuple[Response, int]:
    """List the kinds of events, each with its version and what it says."""
    found = [
        {"type": each.name, "topic": each.topic, "version": each.version, "says": each.says,
         "payload": each.payload.model_json_schema()}
        for each in CATALOGUE
    ]  # fmt: skip
    return success(found)
