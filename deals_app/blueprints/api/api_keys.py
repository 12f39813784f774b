"""API keys over the management API, for admins' keys: made, seen without their secret, revoked at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from deals_app.blueprints.api.answers import Answered, Refused
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.idempotency import shown_once
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.routes import api_routes
from deals_app.blueprints.api.shapes import Body, Moment, Whole
from deals_app.domain.errors import FieldProblem, Invalid
from deals_app.domain.scopes import SCOPES
from deals_app.services.api_keys import api_key, api_keys, create_api_key, expiry_in, revoke_api_key

blueprint = api_routes("keys", "/api-keys", "API keys")

Scope = Annotated[str, Field(json_schema_extra={"enum": list(SCOPES)})]


class KeyPath(BaseModel):
    """A key's id in a path."""

    key_id: UUID


class CreateKey(Body):
    """A key to be made; without scopes it may all that its role may, without an end it lasts until it is revoked."""

    name: str
    role: Literal["rep", "manager", "admin", "ingest"]
    scopes: list[Scope] | None = Field(default=None, max_length=100)
    expires_at: Moment | None = None
    expires_in_days: Whole | None = None

    def end(self) -> datetime | None:
        """When it ends, said one way or the other; raises Invalid for both."""
        if self.expires_in_days is None:
            return self.expires_at
        if self.expires_at is not None:
            raise Invalid(FieldProblem("expires_in_days", "say either this or expires_at"))
        return expiry_in(self.expires_in_days)


class KeyAnswer(BaseModel):
    """A key without its secret; `scopes` null means all that its role may."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    name: str
    prefix: str
    role: str
    scopes: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewKeyAnswer(KeyAnswer):
    """`key` is shown this once: a request repeated by its Idempotency-Key is answered with null there."""

    key: str | None


@blueprint.get("", responses={200: Answered[list[KeyAnswer]]})
def index() -> tuple[Response, int]:
    """List the keys, newest first, revoked ones too."""
    return success([KeyAnswer.model_validate(each).model_dump(mode="json") for each in api_keys(actor())])


@blueprint.post("", responses={201: Answered[NewKeyAnswer], 409: Refused})
def create(body: CreateKey) -> tuple[Response, int]:
    """Make a key; it may no more than the key that makes it, and lasts no longer."""
    made = create_api_key(actor(), name=body.name, role=body.role, scopes=body.scopes, expires_at=body.end())
    return success(_object(made.key_id) | {"key": shown_once(made.key)}, 201)


@blueprint.get("/<uuid:key_id>", responses={200: Answered[KeyAnswer]})
def read(path: KeyPath) -> tuple[Response, int]:
    """Get a key."""
    return success(_object(path.key_id))


@blueprint.delete("/<uuid:key_id>", responses={204: None})
def revoke(path: KeyPath) -> Response:
    """Revoke a key at once."""
    revoke_api_key(actor(), path.key_id)
    return Response(status=204)


def _object(key_id: UUID) -> dict[str, object]:
    return KeyAnswer.model_validate(api_key(actor(), key_id)).model_dump(mode="json")
