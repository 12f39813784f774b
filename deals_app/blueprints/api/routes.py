"""How every part of the management API begins: its tag, a key before each request, and what any route may refuse."""

from __future__ import annotations

from flask_openapi3 import APIBlueprint, Tag

from deals_app.blueprints.api.answers import REFUSALS
from deals_app.blueprints.api.keys import demand_key, refuse_ingest_keys


def api_routes(name: str, path: str, tag: str) -> APIBlueprint:
    """Routes below `/api/v1` + path; `name` and the view's name are what a generated client calls an operation."""
    blueprint = APIBlueprint(
        f"api_{name}",
        __name__,
        url_prefix=f"/api/v1{path}",
        abp_tags=[Tag(name=tag)],
        abp_security=[{"key": []}],
        abp_responses=REFUSALS,
        operation_id_callback=_operation_id,
    )
    blueprint.before_request(demand_key)
    blueprint.before_request(refuse_ingest_keys)
    return blueprint


def _operation_id(*, bp_name: str = "", name: str = "", **_: str) -> str:
    """`deals_move`."""
    return f"{bp_name.removeprefix('api_')}_{name}"
