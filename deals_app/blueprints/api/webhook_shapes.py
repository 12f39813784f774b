"""What the webhook routes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from deals_app.blueprints.api.shapes import Body, Moment
from deals_app.domain.webhooks import DeliveryView, EndpointView

EventTypes = Annotated[list[str], Field(max_length=100)]


class WebhookPath(BaseModel):
    """A webhook's id in a path."""

    webhook_id: UUID


class DeliveryPath(WebhookPath):
    """A delivery's id in a path."""

    delivery_id: UUID


class WebhookBody(Body):
    """A webhook to be made; without event types it is told all."""

    url: str
    description: str = ""
    event_types: EventTypes = Field(default_factory=list)


class ChangeWebhook(Body):
    """What is to change; what is not named stays."""

    url: str = ""
    description: str = ""
    event_types: EventTypes = Field(default_factory=list)
    state: Literal["active", "disabled"] = "active"


class ReplayBody(Body):
    """Since when."""

    since: Moment


class DeliveriesQuery(BaseModel):
    """Which deliveries, and where to go on."""

    state: Literal["pending", "delivered", "failed"] | None = None
    after: str | None = None
    limit: Annotated[int, Field(ge=1)] = 50


class WebhookAnswer(BaseModel):
    """A webhook without its secret; no event types means all."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    url: str
    description: str
    event_types: list[str]
    state: str
    disabled_reason: str | None
    disabled_at: datetime | None
    failing_since: datetime | None = Field(description="null when the last message got through")
    old_secret_until: datetime | None = Field(description="until then the secret before the newest one signs too")
    waiting: int = Field(description="messages that are still to be delivered")
    failed: int = Field(description="messages that were given up")
    version: int
    created_at: datetime
    updated_at: datetime


class WebhookWithSecret(WebhookAnswer):
    """A webhook with its new secret, which is shown this once."""

    secret: str


class DeliveryAnswer(BaseModel):
    """What became of one event; `response` is the beginning of what the receiver answered."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    event_id: UUID
    event_type: str
    deal_id: UUID | None
    state: str
    attempts: int
    next_attempt_at: datetime | None
    status_code: int | None
    error: str | None
    response: str | None
    duration_ms: int | None
    attempted_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime


class Replayed(BaseModel):
    """How many messages are sent again."""

    replayed: int


def webhook_object(view: EndpointView, secret: str | None = None) -> dict[str, Any]:
    """A webhook as JSON."""
    shown = WebhookAnswer.model_validate(view).model_dump(mode="json")
    return shown if secret is None else shown | {"secret": secret}


def delivery_object(view: DeliveryView) -> dict[str, Any]:
    """A delivery as JSON."""
    return DeliveryAnswer.model_validate(view).model_dump(mode="json")
