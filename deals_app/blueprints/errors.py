"""One mapping from what went wrong to what is said: JSON for the APIs, a notice or a page for people."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from deals_app.blueprints.api.envelope import failure
from deals_app.blueprints.web import is_htmx
from deals_app.domain.errors import (
    AlreadyExists,
    Conflict,
    DealsError,
    FieldProblem,
    Forbidden,
    Invalid,
    KeyInUse,
    NotFound,
    RuleBroken,
    Unavailable,
)

log = logging.getLogger(__name__)

# What passes by itself, and when to ask again.
RETRY_SECONDS = {"UNAVAILABLE": "5", "IDEMPOTENCY_IN_PROGRESS": "1"}
# (for programs, for people): to a program a broken rule is a bad request; to a page 409 means "the world moved on".
STATUS: dict[type[DealsError], tuple[int, int]] = {
    NotFound: (404, 404),
    Forbidden: (403, 403),
    Invalid: (400, 422),
    RuleBroken: (400, 409),
    Conflict: (409, 409),
    AlreadyExists: (409, 409),
    KeyInUse: (409, 409),
    Unavailable: (503, 503),
}
TITLES = {
    400: "That did not make sense",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "Something changed",
    413: "Too large",
    422: "Please check your input",
    429: "Too many attempts",
    503: "Not available right now",
}
# Where Werkzeug's own words help nobody.
SENTENCES = {
    404: "There is nothing at this address. It may have been deleted, or the address is not quite right.",
    405: "This address exists, but not for this kind of request.",
}
CODES = {
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
}


def init_errors(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(DealsError, _refusal)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def validation_answer(error: ValidationError) -> Response:
    """What pydantic found wrong, field by field."""
    return make_response(failure(400, "VALIDATION_FAILED", "Some fields are wrong", tuple(problems_of(error))))


def problems_of(error: ValidationError) -> list[FieldProblem]:
    """What pydantic found, in our words."""
    problems: list[FieldProblem] = []
    for found in error.errors(include_url=False, include_context=False):
        field = ".".join(str(part) for part in found["loc"]) or "body"
        message = found["msg"].removeprefix("Value error, ")
        if found["type"] == "extra_forbidden":
            message = "is not a field of this request"
        elif found["type"] == "missing":
            message = "is required"
        problems.append(FieldProblem(field, message))
    return problems


def _refusal(error: DealsError) -> Any:
    for_programs, for_people = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    problems = error.problems if isinstance(error, Invalid) else ()
    return _answer(for_programs, for_people, error.code, error.message, problems)


def _stale_form(_error: CSRFError) -> Any:
    """The token belongs to a session that is over: a reload brings a new one."""
    response = make_response(_answer(400, 400, "CSRF", "This page was open too long; please try again.", ()))
    if is_htmx():
        response.headers["HX-Refresh"] = "true"
    return response


def _http(error: HTTPException) -> Any:
    if error.response is not None:
        return error
    status = error.code or 500
    message = SENTENCES.get(status) or error.description or TITLES.get(status, "Error")
    response = make_response(_answer(status, status, CODES.get(status, "BAD_REQUEST"), message, ()))
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            response.headers[name] = value
    return response


def _bug(error: Exception) -> Any:
    """Ours. The log has the traceback, the caller the request id."""
    log.error("unhandled", exc_info=error)
    return _answer(500, 500, "INTERNAL", "Something went wrong on our side; it has been logged.", ())


def _answer(for_programs: int, for_people: int, code: str, message: str, problems: tuple[FieldProblem, ...]) -> Any:
    is_program = f"{request.path}/".startswith("/api/")
    status = for_programs if is_program else for_people
    if is_program:
        answer = make_response(failure(status, code, message, problems))
    else:
        template = "errors/_notice.html" if is_htmx() else "errors/page.html"
        title = TITLES.get(status, "Something went wrong")
        answer = make_response(render_template(template, status=status, title=title, message=message), status)
    if seconds := RETRY_SECONDS.get(code):
        answer.headers["Retry-After"] = seconds
    return answer
