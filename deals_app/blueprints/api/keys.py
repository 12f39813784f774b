"""Who asks at the APIs: a bearer key, never a cookie."""

from __future__ import annotations

from typing import cast

from flask import Response, g, request

from deals_app.blueprints.api.envelope import failure
from deals_app.blueprints.web import request_id
from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import Forbidden
from deals_app.services.api_keys import actor_of_key

UNAUTHORIZED = "UNAUTHORIZED"


def demand_key() -> tuple[Response, int] | None:
    """Before every request: 401 unless the key is good; the actor stands in `g` afterwards."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    found = actor_of_key(key.strip(), request_id=request_id()) if scheme.lower() == "bearer" and key.strip() else None
    if found is None:
        response, status = failure(401, UNAUTHORIZED, "Send a valid API key: Authorization: Bearer <key>")
        response.headers["WWW-Authenticate"] = "Bearer"
        return response, status
    g.actor = found
    return None


def refuse_ingest_keys() -> None:
    """A key that may only bring deals in sees none, and no customers."""
    if actor().role is Role.INGEST:
        message = "An ingest key works at /api/sales/deals only"
        raise Forbidden(message)


def actor() -> Actor:
    """Who asks; only inside a route behind `demand_key`."""
    return cast("Actor", g.actor)


def key_of_limit() -> str:
    """What a rate limit counts by: the key, else the address."""
    found = g.get("actor")
    return found.reference if found is not None else request.remote_addr or "unknown"
