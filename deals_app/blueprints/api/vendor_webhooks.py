"""What HubSpot and Salesforce send by themselves (CONTRACT.md section 3): without a key, so by their own signs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from deals_app.blueprints.api.envelope import failure
from deals_app.blueprints.api.keys import UNAUTHORIZED
from deals_app.blueprints.web import request_id
from deals_app.domain.errors import Forbidden
from deals_app.services.connections.told import (
    NotSigned,
    SignedRequest,
    Unreadable,
    demand_token,
    fault,
    receive_events,
    receive_message,
)

blueprint = Blueprint("vendor_webhooks", __name__, url_prefix="/api/sales/deals")

SIGNATURE = "X-HubSpot-Signature-v3"
EVENTS_BYTES = 4 * 1024 * 1024
MESSAGE_BYTES = 4 * 1024 * 1024 + 1
XML = "text/xml; charset=utf-8"


def is_signed_by_vendor() -> bool:
    """Whether this request comes with a vendor's signature in the place of a key."""
    return SIGNATURE in request.headers and "Authorization" not in request.headers


def take_events() -> tuple[Response, int]:
    """HubSpot's events: kept now, worked on later; HubSpot waits five seconds for this answer."""
    request.max_content_length = EVENTS_BYTES
    signed = SignedRequest(body=request.get_data(cache=True), urls=_called(), headers=dict(request.headers))
    try:
        taken = receive_events(signed, tenant_id=request.args.get("tenant_id"), request_id=request_id())
    except NotSigned as error:
        return failure(401, UNAUTHORIZED, error.message)
    return jsonify(status="success", action="queued", events=taken), 200


@blueprint.post("/salesforce/sync/<connection_token>")
def take_message(connection_token: str) -> Any:
    """An Outbound Message; the Ack is given once it is kept, so that nothing else ends its delivery."""
    connection = demand_token(connection_token, tenant_id=request.args.get("tenant_id"))
    request.max_content_length = MESSAGE_BYTES
    try:
        answer = receive_message(connection, request.get_data(cache=False), request_id=request_id())
    except Unreadable as error:
        return Response(fault(error.message), 400, content_type=XML)
    except Forbidden as error:
        return Response(fault(error.message), 403, content_type=XML)
    return Response(answer, 200, content_type=XML)


def _called() -> tuple[str, ...]:
    """This request's address as its sender called it: behind a proxy that is the public one."""
    path = str(request.environ.get("RAW_URI") or request.full_path.rstrip("?"))
    public = current_app.config["DEALS_SETTINGS"].public_url.rstrip("/")
    return (public + path, request.url, request.host_url.rstrip("/") + path)
