"""The web form's door for strangers: a form's key instead of an API key, and browsers on the sites that it names."""

from __future__ import annotations

from typing import Any, cast

from flask import Response, g, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from deals_app.blueprints.api.envelope import failure
from deals_app.blueprints.post_rate import comes_often
from deals_app.blueprints.web import request_id
from deals_app.domain.errors import Forbidden
from deals_app.domain.strict_json import strict_loads
from deals_app.services.ingesting.processing import Outcome
from deals_app.services.public_forms import Arrival, PublicForm, answered, origin_is_known, public_form, receive_form

ENDPOINT = "web_form_one"
HONEYPOT = "homepage"
ASKED_FOR_HOURS = "7200"


def admit_form() -> Response | bool:
    """Whether a form's key opens this request; an answer instead of one where a browser asks first."""
    endpoint = (request.endpoint or "").rpartition(".")[2]
    if endpoint != ENDPOINT or "Authorization" in request.headers:
        return False
    origin = request.headers.get("Origin")
    if request.method == "OPTIONS":
        return _preflight(origin)
    form_key = _form_key()
    found = public_form(form_key, request_id=request_id()) if form_key else None
    if found is None:
        return False
    if origin is not None and origin != request.host_url.rstrip("/"):
        if not found.admits(origin):
            message = "This form may not be sent from that site; an admin can allow it in the form's settings"
            raise Forbidden(message)
        g.cors_origin = origin
    g.actor, g.public_form = found.actor, found
    return True


def is_public() -> bool:
    """Whether a form's key opened this request."""
    return "public_form" in g


def receive_public(body: bytes) -> tuple[Response, int]:
    """Keep it and work on it; a stranger is told nothing but that it has come."""
    found = cast("PublicForm", g.public_form)
    arrival = Arrival(honeypot=_text(body, HONEYPOT), is_often=comes_often(found.form.form_key))
    outcome = receive_form(found, body, arrival, content_type=request.content_type or "")
    if not outcome.is_good:
        return _refused(outcome)
    return jsonify(**answered(outcome, found.form)), 202 if outcome.action == "held" else 201


def allow_origin(response: Response) -> Response:
    """After every request: a browser on an allowed site may read the answer, also when it is a refusal."""
    if origin := g.get("cors_origin"):
        response.headers["Access-Control-Allow-Origin"] = origin
    if (request.endpoint or "").endswith(ENDPOINT):
        response.headers.add("Vary", "Origin")
    return response


def _preflight(origin: str | None) -> Response:
    """Its key may stand in the body, which is not there yet: then any form's site may go on and ask."""
    form_key = request.args.get("form_key")
    found = public_form(form_key, request_id=request_id()) if form_key else None
    is_allowed = found.admits(origin or "") if found else form_key is None and origin_is_known(origin or "")
    answer = Response(status=204)
    if origin and is_allowed:
        g.cors_origin = origin
        answer.headers["Access-Control-Allow-Methods"] = "POST"
        answer.headers["Access-Control-Allow-Headers"] = "Content-Type"
        answer.headers["Access-Control-Max-Age"] = ASKED_FOR_HOURS
    return answer


def _form_key() -> str:
    """From the query, else from the body."""
    request.max_content_length = 1024 * 1024
    if form_key := request.args.get("form_key"):
        return form_key
    try:
        return _text(request.get_data(cache=True), "form_key")
    except RequestEntityTooLarge:
        return ""


def _text(body: bytes, name: str) -> str:
    """A text of the body's object; empty where there is none."""
    try:
        sent: Any = strict_loads(body)
    except ValueError:
        return ""
    value: Any = cast("dict[str, Any]", sent).get(name) if isinstance(sent, dict) else None
    return value if isinstance(value, str) else ""


def _refused(outcome: Outcome) -> tuple[Response, int]:
    said = "; ".join(f"{each.field}: {each.message}".removeprefix(": ") for each in outcome.problems)
    return failure(400, outcome.code, said or "It could not be taken", outcome.problems)
