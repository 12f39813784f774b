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
from deals_app.domain.import_views import ImportView, Undoing
from deals_app.services.exporting.streams import Sent
from deals_app.services.importing.checking import check_import
from deals_app.services.importing.intake import receive_file
from deals_app.services.importing.starting import cancel_import, start_import
from deals_app.services.importing.taking_back import take_back_import
from deals_app.services.queries.import_rows import rejected_csv
from deals_app.services.queries.imports import import_view

blueprint = Blueprint("api_imports", __name__, url_prefix="/api/sales/deals")
blueprint.before_request(demand_key)

# What only the page tells apart.
STATES = {"checking": "running", "checked": "done"}
VERDICTS = ("create", "update", "unchanged", "reject")
TRUE, FALSE = ("true", "1", "yes", "on"), ("", "false", "0", "no", "off")


@blueprint.post("/csv/upload")
def upload() -> tuple[Response, int]:
    """Queue a file: multipart `file`, optional `mapping` JSON of column to field; with `dry_run` only its check."""
    file = request.files.get("file")
    if file is None:
        raise Invalid(FieldProblem("file", "send the file as multipart field `file`"))
    import_id = receive_file(actor(), file.filename or "import.csv", cast("Any", file.stream), chosen=_mapping())
    (check_import if _is_dry_run() else start_import)(actor(), import_id)
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
    parts = Sent(part.encode() for part in rejected_csv(actor(), import_id))
    return Response(parts, content_type="text/csv; charset=utf-8")


@blueprint.post("/imports/<uuid:import_id>/cancel")
def cancel(import_id: UUID) -> tuple[Response, int]:
    """Stop an import."""
    cancel_import(actor(), import_id)
    return success(import_object(import_view(actor(), import_id)), 202)


@blueprint.post("/imports/<uuid:import_id>/undo")
def undo(import_id: UUID) -> tuple[Response, int]:
    """Take an import back; what people changed since stays."""
    take_back_import(actor(), import_id)
    return success(import_object(import_view(actor(), import_id)), 202)


def import_object(view: ImportView) -> dict[str, Any]:
    """An import as JSON. One that was only checked counts as done with its check, and says what it `plan`s."""
    is_dry_run = view.state in STATES or (view.started_at is None and bool(view.plan) and view.is_finished)
    return {
        "job_id": str(view.id),
        "state": STATES.get(view.state, view.state),
        "total": view.total,
        "processed": sum(view.plan.get(verdict, 0) for verdict in VERDICTS) if is_dry_run else view.processed,
        "created": view.created,
        "updated": view.updated,
        "unchanged": view.unchanged,
        "failed": view.failed,
        "skipped": view.skipped,
        "rows_per_second": view.rows_per_second,
        "seconds_left": view.seconds_left,
        "dry_run": is_dry_run,
        "plan": dict(view.plan) if view.state == "checked" or (view.plan and not is_dry_run) else None,
        "undo": _undo_object(view.undoing),
        "errors_url": f"{_status_url(view.id)}/errors.csv",
        "problem": view.problem,
        "started_at": view.started_at.isoformat() if view.started_at else None,
        "finished_at": view.finished_at.isoformat() if view.finished_at else None,
    }


def _undo_object(undoing: Undoing | None) -> dict[str, int] | None:
    """The deals of an import that is taken back, by what becomes of them."""
    if undoing is None:
        return None
    names = ("total", "done", "deleted", "restored", "kept", "already")
    return {name: getattr(undoing, name) for name in names}


def _status_url(import_id: UUID) -> str:
    return f"{blueprint.url_prefix}/imports/{import_id}"


def _refuse_reps() -> None:
    if actor().role is Role.REP:
        message = "Imports are for managers and admins"
        raise Forbidden(message)


def _is_dry_run() -> bool:
    """The `dry_run` part; raises Invalid when it is neither yes nor no, as nobody should import by a typing error."""
    said = request.form.get("dry_run", request.args.get("dry_run", "")).strip().lower()
    if said not in TRUE + FALSE:
        raise Invalid(FieldProblem("dry_run", "must be true or false"))
    return said in TRUE


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
