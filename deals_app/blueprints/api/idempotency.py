"""`Idempotency-Key`: a POST that is sent again is answered as the first time (CONTRACT.md section 2)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, make_response, request

from deals_app.blueprints.api.keys import actor
from deals_app.services.given_answers import Answer, asked_once

HEADER = "Idempotency-Key"
# What of an answer says something about what was done; the rest is said anew of each answer.
KEPT_HEADERS = ("Content-Type", "ETag", "Location")
PART_BYTES = 1 << 20
View = Callable[..., Any]


def remember_answers(app: Flask, path: str) -> None:
    """Of every POST below this path, if it comes with a key."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(path)]
    for endpoint in {rule.endpoint for rule in rules if "POST" in (rule.methods or ())}:
        app.view_functions[endpoint] = _once(app.view_functions[endpoint])


def _once(view: View) -> View:
    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get(HEADER)
        if key is None or request.method != "POST":
            return view(*args, **kwargs)
        with asked_once(actor(), key, _request_hash()) as asking:
            if asking.given is not None:
                return Response(asking.given.body, asking.given.status, asking.given.headers)
            response = make_response(view(*args, **kwargs))
            if response.status_code < HTTPStatus.MULTIPLE_CHOICES:
                asking.keep(_answer(response))
            return response

    return answered


def _answer(response: Response) -> Answer:
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return Answer(status=response.status_code, headers=headers, body=response.get_data())


def _request_hash() -> bytes:
    """The request as it was sent: path, query, the bytes of the body; of a form, what its parts hold."""
    found = hashlib.sha256(f"{request.full_path}\n{request.mimetype}\n".encode())
    for name, text in sorted(request.form.items(multi=True)):
        found.update(f"{name}={len(text)}:{text}\n".encode())
    for name, file in sorted(request.files.items(multi=True)):
        found.update(f"{name}:{file.filename}\n".encode())
        while part := file.stream.read(PART_BYTES):
            found.update(part)
        file.stream.seek(0)
    found.update(request.get_data())
    return found.digest()
