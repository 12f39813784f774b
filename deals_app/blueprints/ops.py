"""For operators: is it alive, is it ready, how is it going."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import cast

from flask import Blueprint, Response, abort, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from deals_app.services import readiness
from deals_app.settings import Settings

blueprint = Blueprint("ops", __name__)


@blueprint.get("/healthz")
def health() -> Response:
    """The process lives."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> tuple[Response, int]:
    """Database, Redis and schema are good, else 503 with the failing part."""
    parts = readiness.failing_parts()
    if parts:
        return jsonify(status="unavailable", failing=parts), 503
    return jsonify(status="ok"), 200


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus text, for loopback and whoever holds METRICS_TOKEN."""
    token = _settings().metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not (token and hmac.compare_digest(given.encode(), token.encode())) and not _is_loopback():
        abort(403)
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def _is_loopback() -> bool:
    """A proxy on the same machine is not the operator: its requests carry the header."""
    return (
        request.remote_addr is not None
        and ip_address(request.remote_addr).is_loopback
        and "X-Forwarded-For" not in request.headers
    )


def _settings() -> Settings:
    return cast("Settings", current_app.config["DEALS_SETTINGS"])
