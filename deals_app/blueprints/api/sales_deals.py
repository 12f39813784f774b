"""The ingestion API's doors for objects (CONTRACT.md section 3): a route for each source there is, and their bulk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, g, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from deals_app.blueprints.api.envelope import failure, success
from deals_app.blueprints.api.keys import actor, demand_key, refuse_other_tenants, scoped
from deals_app.blueprints.api.shapes import deal_object
from deals_app.blueprints.api.vendor_webhooks import is_signed_by_vendor, take_events
from deals_app.blueprints.api.web_form import admit_form, allow_origin, is_public, receive_public
from deals_app.domain.actor import Role
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid
from deals_app.domain.raw_items import items_of
from deals_app.services.ingesting.inbox import Raw
from deals_app.services.ingesting.processing import Outcome
from deals_app.services.ingesting.receiving import receive, receive_many
from deals_app.services.ingesting.understanding import MAIL_BYTES, RAW_MAIL
from deals_app.services.ingestion import Door, object_doors
from deals_app.services.queries.deal import deal
from deals_app.services.queries.metrics import Metrics, metrics, source_counts

PREFIX = "/api/sales/deals"
ONE_BYTES = 1024 * 1024
MANY_BYTES = 32 * 1024 * 1024
STATUSES = {"created": 201, "held": 202}
REFUSALS = {"FORBIDDEN": 403}
OF_A_DEAL = ("percentile", "value_rank")
# Doors to which a vendor sends by itself, signed and without a key.
SIGNED_HERE = {"api_ingestion.hubspot_one": take_events}
# What became of a thing, in the words of CONTRACT.md.
ACTIONS = {"held": "queued", "set_aside": "unchanged", "received": "queued"}


def routes() -> Blueprint:
    """The blueprint over the sources that there are now: a new one has its route without another edit."""
    blueprint = Blueprint("api_ingestion", __name__, url_prefix=PREFIX)
    for demand in (_demand_key_or_form, scoped("Imports"), _refuse_others):
        blueprint.before_request(_of_keys(demand))
    blueprint.after_request(allow_origin)
    for door in object_doors():
        one = partial(_receive_one, door.key)
        blueprint.add_url_rule(door.path, f"{door.key}_one", _through(door, one), methods=["POST"])
        if door.kind == "sync":
            many = partial(_receive_many, door.key)
            path = door.path.replace("/sync", "/batch-sync")
            blueprint.add_url_rule(path, f"{door.key}_many", _through(door, many), methods=["POST"])
    bulk = partial(_receive_many, "api")
    blueprint.add_url_rule("/bulk", "bulk", _through(_door("api"), bulk), methods=["POST"])
    blueprint.add_url_rule("/metrics", "figures", figures, methods=["GET"])
    return blueprint


def _of_keys(demand: Callable[[], Any]) -> Callable[[], Any]:
    """Asked of whoever comes with a key; what a vendor signs itself is asked for its signature instead."""
    return lambda: None if _takes() is not None else demand()


def _takes() -> Callable[[], tuple[Response, int]] | None:
    """What takes a vendor's own signed request at this door."""
    return SIGNED_HERE.get(request.endpoint or "") if is_signed_by_vendor() else None


def figures() -> tuple[Response, int]:
    """The pipeline in figures, and with `deal_id` one deal's place in it."""
    if actor().role is Role.INGEST:
        message = "An ingest key brings deals in and sees none"
        raise Forbidden(message)
    deal_id = _deal_id()
    found = metrics_object(metrics(actor(), deal_id))
    if deal_id is None:
        found = {name: value for name, value in found.items() if name not in OF_A_DEAL}
    return success(found | {"sources": {name: asdict(each) for name, each in source_counts(actor()).items()}})


def metrics_object(found: Metrics) -> dict[str, Any]:
    """The figures as CONTRACT.md has them."""
    return asdict(found) | {"percentile": None if found.percentile is None else float(found.percentile)}


def _receive_one(source: str) -> tuple[Response, int]:
    if (take := _takes()) is not None:
        return take()
    if is_public():
        return receive_public(_body(ONE_BYTES))
    is_mail = request.mimetype == RAW_MAIL and _door(source).kind == "mail"
    raw = Raw(body=_body(MAIL_BYTES if is_mail else ONE_BYTES), content_type=request.content_type or "")
    return _answer(receive(actor(), source, raw))


def _receive_many(source: str) -> tuple[Response, int]:
    things = [Raw(body=item) for item in items_of(_body(MANY_BYTES))]
    if not things:
        return jsonify(status="success", created=0, updated=0, unchanged=0, failed=0, results=[]), 200
    found = receive_many(actor(), source, things)
    if isinstance(found, UUID):
        beside = {"job_id": str(found), "status_url": f"{PREFIX}/imports/{found}"}
        return jsonify(status="success", action="queued", **beside), 202
    counts = {name: sum(action_of(each) == name for each in found) for name in ("created", "updated", "unchanged")}
    results = [_result(index, outcome) for index, outcome in enumerate(found)]
    failed = sum(not outcome.is_good for outcome in found)
    return jsonify(status="success", **counts, failed=failed, results=results), 200


def _result(index: int, outcome: Outcome) -> dict[str, Any]:
    if not outcome.is_good:
        details = [{"field": each.field, "message": each.message} for each in outcome.problems]
        return {"index": index, "action": "failed", "error": sentence_of(outcome), "details": details}
    return {"index": index, "action": action_of(outcome), "deal_id": _text(outcome.deal_id)}


def _answer(outcome: Outcome) -> tuple[Response, int]:
    if not outcome.is_good:
        return failure(REFUSALS.get(outcome.code, 400), outcome.code, sentence_of(outcome), outcome.problems)
    shown = deal(actor(), outcome.deal_id) if outcome.deal_id else None
    is_blind = actor().role is Role.INGEST
    body: dict[str, Any] = {
        "status": "success",
        "action": action_of(outcome),
        "deal_id": _text(outcome.deal_id),
        "lead_id": _text(outcome.lead_id),
        "data": deal_object(shown) if shown else None,
        "analysis": _analysis(shown),
        "metrics": None if is_blind or shown is None else metrics_object(metrics(actor(), shown.id)),
    }
    return jsonify(**body), STATUSES.get(outcome.action, 200)


def _analysis(shown: Any) -> dict[str, Any] | None:
    if shown is None or shown.health_score is None:
        return None
    found = deal_object(shown)
    return {name: found[name] for name in ("health_score", "risk_level", "insights")}


def action_of(outcome: Outcome) -> str:
    """What became of it, in the words of CONTRACT.md."""
    return ACTIONS.get(outcome.action, outcome.action)


def sentence_of(outcome: Outcome) -> str:
    """All that is wrong with it."""
    said = [f"{each.field}: {each.message}" if each.field else each.message for each in outcome.problems]
    return "; ".join(said) or "It could not be taken"


def _text(found: UUID | None) -> str | None:
    return str(found) if found else None


def _through(door: Door, view: Any) -> Any:
    """The view, for an actor who comes through this door: what it writes carries the door's name."""

    def answered() -> Any:
        return view()

    answered.__doc__ = door.description
    return answered


def _demand_key_or_form() -> tuple[Response, int] | Response | None:
    admitted = admit_form()
    if isinstance(admitted, bool):
        return None if admitted else demand_key()
    return admitted


def _refuse_others() -> None:
    """A tenant that is named must be the key's own; the door stands in the actor from here on."""
    refuse_other_tenants()
    endpoint = (request.endpoint or "").rpartition(".")[2]
    key = "api" if endpoint == "bulk" else endpoint.removesuffix("_one").removesuffix("_many")
    if any(door.key == key for door in object_doors()):
        g.actor = replace(actor(), door=key)


def _door(key: str) -> Door:
    return next(door for door in object_doors() if door.key == key)


def _deal_id() -> UUID | None:
    given = request.args.get("deal_id")
    if given is None:
        return None
    try:
        return UUID(given)
    except ValueError:
        raise Invalid(FieldProblem("deal_id", "must be the id of a deal")) from None


def _body(most: int) -> bytes:
    request.max_content_length = most
    try:
        return request.get_data(cache=True)
    except RequestEntityTooLarge:
        message = f"Send at most {most // 2**20} MB"
        raise RequestEntityTooLarge(message) from None
