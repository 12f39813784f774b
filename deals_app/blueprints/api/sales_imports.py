"""The ingestion API's file door: upload, progress, rejected rows, cancel (CONTRACT.md section 3)."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from flask import Blueprint, Response, jsonify, request

from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor, demand_key
from deals_app.blueprints.api.strict_json import strict_loads
from deals_app.domain.actor import Role
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid
from deals_app.domain.import_views import ImportView
from deals_app.services.importing.intake import receive_file
from deals_app.services.importing.starting import cancel_import, start_import
from deals_app.services.queries.imports import import_view, rejected_csv

blueprint = Blueprint("api_imports", __name__, url_prefix="/api/sales/deals")
blueprint.before_request(demand_key)


@blueprint.post("/csv/upload")
def upload() -> tuple[Response, int]:
    """Queue a file: multipart `file`, optional `mapping` JSON of column to field."""
    file = request.files.get("file")
    if file is None:
        raise Invalid(FieldProblem("file", "send the file as multipart field `file`"))
    import_id = receive_file(actor(), file.filename or "import.csv", cast("Any", file.stream), chosen=_mapping())
    start_import(actor(), import_id)
    body = {"status": "success", "action": "queued", "job_id": str(import_id), "status_url": _status_url(import_id)}
    return jsonify(**body, data=import_object(import_view(actor(), import_id))), 202


@blueprint.get("/imports/<uuid:import_id>")
def progress(import_id: UUID) -> tuple[Response, int]:
    """How far an import is."""
    _refuse_reps()
    return success(import_object(import_view(actor(), import_id)))


@blueprint.get("/imports/<uuid:import_id>/errors.csv")
def errors(import_id: UUID) -> Response:
    """The rejected rows as CSV."""
    _refuse_reps()
    import_view(actor(), import_id)
    return Response("".join(rejected_csv(actor(), import_id)), content_type="text/csv; charset=utf-8")


@blueprint.post("/imports/<uuid:import_id>/cancel")
def cancel(import_id: UUID) -> tuple[Response, int]:
    """Stop an import."""
    cancel_import(actor(), import_id)
    return success(import_object(import_view(actor(), import_id)), 202)


def import_object(view: ImportView) -> dict[str, Any]:
    """An import as JSON."""
    return {
        "job_id": str(view.id),
        "state": view.state,
        "total": view.total,
        "processed": view.processed,
        "created": view.created,
        "updated": view.updated,
        "unchanged": view.unchanged,
        "failed": view.failed,
        "errors_url": f"{_status_url(view.id)}/errors.csv",
        "problem": view.problem,
        "started_at": view.started_at.isoformat() if view.started_at else None,
        "finished_at": view.finished_at.isoformat() if view.finished_at else None,
    }


def _status_url(import_id: UUID) -> str:
    return f"{blueprint.url_prefix}/imports/{import_id}"


def _refuse_reps() -> None:
    if actor().role is Role.REP:
        message = "Imports are for managers and admins"
        raise Forbidden(message)


def _mapping() -> dict[str, str] | None:
    """The `mapping` part; raises Invalid when it is no object of texts."""
    raw = request.form.get("mapping")
    if not raw:
        return None
    try:
        found = strict_loads(raw)
    except ValueError as error:
        raise Invalid(FieldProblem("mapping", f"is not valid JSON: {error}")) from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Invalid(FieldProblem("mapping", 'must be an object such as {"Column": "field"}'))
    return cast("dict[str, str]", found)
