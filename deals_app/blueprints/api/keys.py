"""Who asks at the APIs: a bearer key, never a cookie."""

from __future__ import annotations

from typing import cast

from flask import Response, g, request
from werkzeug.exceptions import TooManyRequests

from deals_app.blueprints.api.envelope import failure
from deals_app.blueprints.web import request_id
from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import Forbidden
from deals_app.services.api_keys import PresentedKey, actor_of_key
from deals_app.services.rate_limits import REQUESTS_PER_SECOND, RequestRate

UNAUTHORIZED = "UNAUTHORIZED"
TOO_OFTEN = f"A key may make {REQUESTS_PER_SECOND} requests a second; wait a second"

_rate = RequestRate()


def demand_key() -> tuple[Response, int] | None:
    """Before every request: 401 unless the key is good, 429 above its limit; the actor stands in `g` afterwards."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    key = PresentedKey.of(given.strip()) if scheme.lower() == "bearer" else None
    if key is not None:
        # Counted before it is looked up: who asks too often costs the database nothing.
        _count(key.fingerprint)
        g.actor = actor_of_key(key, request_id=request_id())
        if g.actor is not None:
            return None
    _count(request.remote_addr or "unknown")
    response, status = failure(401, UNAUTHORIZED, "Send a valid API key: Authorization: Bearer <key>")
    response.headers["WWW-Authenticate"] = "Bearer"
    return response, status


def refuse_ingest_keys() -> None:
    """A key that may only bring deals in sees none, and no customers."""
    if actor().role is Role.INGEST:
        message = "An ingest key works at /api/sales/deals only"
        raise Forbidden(message)


def actor() -> Actor:
    """Who asks; only inside a route behind `demand_key`."""
    return cast("Actor", g.actor)


def _count(caller: str) -> None:
    if _rate.exceeded(caller):
        raise TooManyRequests(TOO_OFTEN, retry_after=1)
