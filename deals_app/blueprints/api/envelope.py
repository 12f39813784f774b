"""The two APIs' own shapes of an answer (CONTRACT.md sections 2 and 3)."""

from __future__ import annotations

from typing import Any

from flask import Response, g, jsonify, request

from deals_app.domain.errors import FieldProblem

MANAGEMENT = "/api/v1/"
INGESTION = "/api/sales/"


def success(data: Any, status: int = 200, **beside: Any) -> tuple[Response, int]:
    """`{"status": "success", "data": …}` and what stands beside it."""
    return jsonify(status="success", data=data, **beside), status


def failure(
    status: int, code: str, message: str, problems: tuple[FieldProblem, ...] = (), **beside: Any
) -> tuple[Response, int]:
    """An error in the shape of the API that was asked."""
    details = [{"field": problem.field, "message": problem.message} for problem in problems]
    if request.path.startswith(INGESTION):
        source = request.path.removeprefix(INGESTION).split("/")[1:2]
        body = {"status": "error", "error": message, "source": source[0] if source else None, "details": details}
    else:
        body = {"status": "error", "error": {"code": code, "message": message, "details": details}}
    return jsonify(**body, request_id=g.get("request_id", ""), **beside), status
