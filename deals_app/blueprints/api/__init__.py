"""The JSON APIs: keys and no cookies, strict JSON, their own shapes of an answer."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.json.provider import DefaultJSONProvider
from flask_openapi3 import OpenAPI
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from deals_app.blueprints.api import (
    api_keys,
    connections,
    contacts,
    customers,
    deal_around,
    deal_bulk,
    deal_life,
    deals,
    events,
    forms,
    leads,
    mail_posts,
    pipelines,
    sales_deals,
    sales_imports,
    saved_views,
    users,
    vendor_webhooks,
    webhooks,
)
from deals_app.blueprints.api.idempotency import remember_answers
from deals_app.blueprints.api.keys import tell_limit
from deals_app.domain.strict_json import strict_loads
from deals_app.extensions import csrf

BODY_BYTES = 1024 * 1024
# What comes in there is kept before it is read.
KEPT_RAW = "/api/sales/deals/"


class StrictProvider(DefaultJSONProvider):
    """The app's JSON: strict on the way in, Flask's own on the way out."""

    sort_keys = False

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """Parse; raises ValueError with a sentence for whatever is not plain JSON."""
        return strict_loads(s)


def init_api(app: OpenAPI) -> None:
    """Register the APIs; their CSRF is that they take no cookie."""
    app.json = StrictProvider(app)
    app.before_request(_read_json)
    for routes in (
        deals.blueprint,
        deal_life.blueprint,
        deal_bulk.blueprint,
        deal_around.blueprint,
        customers.blueprint,
        contacts.blueprint,
        pipelines.blueprint,
        forms.blueprint,
        users.blueprint,
        events.blueprint,
        leads.blueprint,
        api_keys.blueprint,
        webhooks.blueprint,
        saved_views.blueprint,
        connections.blueprint,
    ):
        csrf.exempt(routes)
        app.register_api(routes)
    for doors in (sales_imports.blueprint, sales_deals.routes(), vendor_webhooks.blueprint):
        csrf.exempt(doors)
        app.register_blueprint(doors)
    app.after_request(tell_limit)
    remember_answers(app, "/api/")
    # Mail services know no Idempotency-Key: theirs is the Message-ID.
    csrf.exempt(mail_posts.blueprint)
    app.register_blueprint(mail_posts.blueprint)


def _read_json() -> None:
    """Parse a JSON body before anything else looks at it, so that what is wrong with it can be said."""
    if not request.path.startswith("/api/") or request.method not in {"POST", "PUT", "PATCH"}:
        return
    if request.path.startswith(KEPT_RAW):
        return
    if request.mimetype == "multipart/form-data" and request.path.endswith("/attachments"):
        # A file goes to disk while it is read, so it may be larger than a body of JSON.
        request.max_content_length = deal_around.UPLOAD_BYTES
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
