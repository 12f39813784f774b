"""What the connection routes take and give. Secrets go in and never come out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from deals_app.blueprints.api.shapes import Body
from deals_app.domain.connections import ConnectionView, SyncView

Mapped = Annotated[
    dict[str, str], Field(description="the vendor's word -> ours", json_schema_extra={"example": {"theirs": "ours"}})
]
Secret = Annotated[str | None, Field(default=None, description="write-only: it is never told again")]


class ConnectionPath(BaseModel):
    """A connection's id in a path."""

    connection_id: UUID


class SyncPath(ConnectionPath):
    """A synchronisation's id in a path."""

    sync_id: UUID


class Facts(Body):
    """What may be said of a connection."""

    portal_id: str | None = Field(default=None, description="HubSpot's account, which its webhooks name")
    organization_id: str | None = Field(default=None, description="Salesforce's organisation, 15 or 18 characters")
    instance_url: str | None = Field(default=None, description="where the organisation lives")
    client_id: str | None = Field(default=None, description="of an app of your own, in the place of the server's")
    client_secret: Secret
    access_token: Secret
    refresh_token: Secret
    fields: Mapped | None = Field(
        default=None,
        description="a property or field of theirs -> a field of ours (as an import names them), or custom:Name",
        examples=[{"renewal_c": "custom:Renewal"}],
    )
    stages: Mapped | None = Field(
        default=None, description="their stage -> key, name or id of ours", examples=[{"contractsent": "negotiation"}]
    )
    owners: Mapped | None = Field(
        default=None, description="their owner's id -> an e-mail address here", examples=[{"910901": "ada@example.com"}]
    )
    pipelines: Mapped | None = Field(
        default=None, description="their pipeline's id -> name or id of ours", examples=[{"default": "Sales Pipeline"}]
    )


class ConnectionBody(Facts):
    """A connection to be made; with an access token it is active at once."""

    system: Literal["hubspot", "salesforce"]
    name: str = ""


class ChangeConnection(Facts):
    """What is to change; what is not named stays, and a mapping is replaced as a whole."""

    name: str | None = None


class SyncQuery(BaseModel):
    """What is asked for; the request has no body."""

    full: bool = Field(default=False, description="everything once more, not only what changed")


class SyncsQuery(BaseModel):
    """How many."""

    limit: Annotated[int, Field(ge=1)] = 20


class ConnectionAnswer(BaseModel):
    """A connection without its secrets."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    system: str
    name: str
    state: str = Field(description="waiting for a sign-in, active, or broken: somebody has to sign in again")
    portal_id: str | None
    organization_id: str | None
    client_id: str | None
    fields: dict[str, str]
    stages: dict[str, str]
    owners: dict[str, str]
    pipelines: dict[str, str]
    message_path: str | None = Field(
        validation_alias="path", description="where Salesforce's Outbound Messages go; only admins see it"
    )
    last_synced_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class SyncAnswer(BaseModel):
    """How far a synchronisation is."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    connection_id: UUID
    state: str = Field(description="queued, running, done, failed or cancelled")
    is_full: bool
    fetched: int
    created: int
    updated: int
    unchanged: int
    failed: int = Field(description="those that could not be taken; the others are not affected")
    waits_for: str | None = Field(description="what the vendor makes us wait for")
    problem: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class StartedSync(SyncAnswer):
    """A synchronisation that has been asked for, and where to see how far it is."""

    job_id: UUID
    status_url: str


def connection_object(view: ConnectionView, *, is_admin: bool) -> dict[str, Any]:
    """A connection as JSON; the path is as good as a key."""
    shown = ConnectionAnswer.model_validate(view).model_dump(mode="json")
    return shown if is_admin else shown | {"message_path": None}


def sync_object(view: SyncView) -> dict[str, Any]:
    """A synchronisation as JSON."""
    return SyncAnswer.model_validate(view).model_dump(mode="json")
