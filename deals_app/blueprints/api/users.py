"""The people of a tenant, for programs that assign deals."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor, demand_key, refuse_ingest_keys
from deals_app.services.accounts import members

blueprint = APIBlueprint(
    "api_users",
    __name__,
    url_prefix="/api/v1/identity/users",
    abp_tags=[Tag(name="Users")],
    abp_security=[{"key": []}],
)
blueprint.before_request(demand_key)
blueprint.before_request(refuse_ingest_keys)


@blueprint.get("")
def index() -> tuple[Response, int]:
    """List the people of the team, by name."""
    return success([asdict(each) | {"id": str(each.id)} for each in members(actor())])
