"""ETag and If-Match of a deal: its version (CONTRACT.md section 6)."""

from __future__ import annotations

from uuid import UUID

from flask import Response, make_response, request

from deals_app.blueprints.api.envelope import failure
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.shapes import deal_object
from deals_app.domain.errors import Conflict, FieldProblem, Invalid
from deals_app.services.queries.deal import deal

ANY = "*"


def asked_version(in_body: int | None = None) -> int | None:
    """The version a change is meant for: If-Match's, else the body's; None for whichever it is now.

    Raises Invalid for an If-Match that is no ETag of ours, or that names another version than the body.
    """
    given = request.headers.get("If-Match", "").strip()
    if not given or given == ANY:
        return in_body
    text = given.removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit()):
        raise Invalid(FieldProblem("If-Match", 'must be the ETag of a deal as it was given, such as "3", or *'))
    version = int(text)
    if in_body not in {None, version}:
        raise Invalid(FieldProblem("version", f"is {in_body}, but If-Match says {version}; send one of them"))
    return version


def told_conflict(error: Conflict) -> Response:
    """The deal as it is now beside the refusal: 412 to an If-Match, 409 to a version in the body."""
    status = 412 if request.headers.get("If-Match") else 409
    deal_id: UUID = (request.view_args or {})["deal_id"]
    return make_response(failure(status, error.code, error.message, data=deal_object(deal(actor(), deal_id))))
