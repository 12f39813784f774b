"""The JSON APIs: keys and no cookies, strict JSON, their own shapes of an answer."""

from __future__ import annotations

from flask import request
from flask_openapi3 import OpenAPI
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from deals_app.blueprints.api import customers, deal_life, deals, events, pipelines, sales_imports, users
from deals_app.blueprints.api.idempotency import remember_answers
from deals_app.blueprints.api.strict_json import StrictProvider
from deals_app.extensions import csrf

BODY_BYTES = 1024 * 1024


def init_api(app: OpenAPI) -> None:
    """Register the APIs; their CSRF is that they take no cookie."""
    app.json = StrictProvider(app)
    app.before_request(_read_json)
    for routes in (
        deals.blueprint,
        deal_life.blueprint,
        customers.blueprint,
        pipelines.blueprint,
        users.blueprint,
        events.blueprint,
    ):
        csrf.exempt(routes)
        app.register_api(routes)
    csrf.exempt(sales_imports.blueprint)
    app.register_blueprint(sales_imports.blueprint)
    remember_answers(app, "/api/")


def _read_json() -> None:
    """Parse a JSON body before anything else looks at it, so that what is wrong with it can be said."""
    if not request.path.startswith("/api/") or request.method not in {"POST", "PUT", "PATCH"}:
        return
    if request.mimetype == "multipart/form-data" and request.path.startswith("/api/sales/"):
        return
    request.max_content_length = BODY_BYTES
    raw = request.get_data(cache=True)
    if not raw:
        return
    if not request.is_json:
        message = "Send JSON with Content-Type: application/json"
        raise UnsupportedMediaType(message)
    try:
        request.get_json()
    except BadRequest as error:
        message = f"The body is not valid JSON: {_reason(error)}"
        raise BadRequest(message) from error


def _reason(error: BaseException) -> str:
    """What the parser said; Flask wraps it in a refusal that says nothing, and that in another."""
    inner = error.__cause__ or error.__context__
    return _reason(inner) if inner is not None and not isinstance(error, ValueError) else str(error)
