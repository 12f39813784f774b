"""For operators: is it alive, is it ready, how is it going."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from ipaddress import ip_address
from typing import cast

from flask import Blueprint, Response, abort, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily

from deals_app.domain.errors import Unavailable
from deals_app.services import readiness
from deals_app.services.ingestion_counts import ingested_deals
from deals_app.settings import Settings

blueprint = Blueprint("ops", __name__)


class Ingestion:
    """What came in, asked of the database: the processes that count are many, and each forgets when it ends."""

    def collect(self) -> Iterator[Metric]:
        """Nothing while the database is away: the operator is told of that elsewhere."""
        family = CounterMetricFamily(
            "deals_ingested", "What came in by a source, by what became of it", labels=("source", "outcome")
        )
        try:
            for each in ingested_deals():
                family.add_metric((each.source, each.outcome), each.number)
        except Unavailable:
            return
        yield family


ASKED = CollectorRegistry(auto_describe=False)
ASKED.register(Ingestion())


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
    return Response(generate_latest() + generate_latest(ASKED), content_type=CONTENT_TYPE_LATEST)


def _is_loopback() -> bool:
    """A proxy on the same machine is not the operator: its requests carry the header."""
    return (
        request.remote_addr is not None
        and ip_address(request.remote_addr).is_loopback
        and "X-Forwarded-For" not in request.headers
    )


def _settings() -> Settings:
    return cast("Settings", current_app.config["DEALS_SETTINGS"])
