"""Who asks at the APIs: a bearer key, never a cookie."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from flask import Response, g, request
from werkzeug.exceptions import TooManyRequests

from deals_app.blueprints.api.envelope import failure
from deals_app.blueprints.web import request_id
from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import Forbidden
from deals_app.domain.scopes import demand_scope, scope_of
from deals_app.services.accounts import has_workspace
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
        count_request(key.fingerprint)
        g.actor = actor_of_key(key, request_id=request_id())
        if g.actor is not None:
            return None
    count_request(request.remote_addr or "unknown")
    response, status = failure(401, UNAUTHORIZED, "Send a valid API key: Authorization: Bearer <key>")
    response.headers["WWW-Authenticate"] = "Bearer"
    return response, status


def refuse_ingest_keys() -> None:
    """A key that may only bring deals in sees none, and no customers."""
    if actor().role is Role.INGEST:
        message = "An ingest key works at /api/sales/deals only"
        raise Forbidden(message)


def refuse_other_tenants() -> None:
    """A tenant or a workspace that a query names must be the actor's own: it never chooses one."""
    tenant_id, workspace_id = request.args.get("tenant_id"), request.args.get("workspace_id")
    if tenant_id is not None and tenant_id.lower() != str(actor().tenant_id):
        message = "tenant_id is not this key's"
        raise Forbidden(message)
    if workspace_id is not None and not has_workspace(actor(), workspace_id):
        message = "workspace_id is not this key's"
        raise Forbidden(message)


def scoped(tag: str) -> Callable[[], None]:
    """Before a request of a part of the API: the scope that its verb needs there."""

    def demand() -> None:
        demand_scope(actor(), scope_of(tag, request.method))

    return demand


def actor() -> Actor:
    """Who asks; only inside a route behind `demand_key`."""
    return cast("Actor", g.actor)


def tell_limit(response: Response) -> Response:
    """After a request that was counted: the limit, what is certainly left of it, and when it is whole again.

    The names that GitHub and many others use, and libraries look for; the IETF's structured fields are still a draft.
    Every key has the same limit: it is counted before it is looked up, so that one that asks too often costs the
    database nothing, and what a look-up would say of it comes too late.
    """
    if (caller := g.get("counted_as")) is not None:
        response.headers["X-RateLimit-Limit"] = str(REQUESTS_PER_SECOND)
        response.headers["X-RateLimit-Remaining"] = str(_rate.remaining(caller))
        response.headers["X-RateLimit-Reset"] = str(_rate.new_at)
    return response


def count_request(caller: str) -> None:
    """One more of this caller; raises TooManyRequests above the limit."""
    g.counted_as = caller
    if _rate.exceeded(caller):
        raise TooManyRequests(TOO_OFTEN, retry_after=1)
