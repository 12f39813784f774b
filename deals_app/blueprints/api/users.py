"""The people of a tenant, for programs that assign deals."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from flask import Response
from pydantic import BaseModel

from deals_app.blueprints.api.answers import Answered
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.routes import api_routes
from deals_app.services.accounts import members

blueprint = api_routes("users", "/identity/users", "Users")


class PersonAnswer(BaseModel):
    """A person of the team."""

    id: UUID
    name: str
    email: str
    role: str
    is_active: bool


@blueprint.get("", responses={200: Answered[list[PersonAnswer]]})
def index() -> tuple[Response, int]:
    """List the people of the team, by name."""
    return success([PersonAnswer(**asdict(each)).model_dump(mode="json") for each in members(actor())])
