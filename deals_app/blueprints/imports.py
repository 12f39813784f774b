"""Imports: their history, one's progress and result, and the way back; before it starts see import_columns.py."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from deals_app.blueprints.import_check import check_page
from deals_app.blueprints.import_columns import columns_page
from deals_app.blueprints.web import actor, signed_in
from deals_app.domain.errors import Forbidden, RuleBroken
from deals_app.domain.import_views import ImportView
from deals_app.services.exporting.streams import Sent
from deals_app.services.importing.starting import cancel_import
from deals_app.services.importing.taking_back import take_back_import
from deals_app.services.queries.import_rows import kept_deals, rejected_csv, rejected_rows
from deals_app.services.queries.imports import import_history, import_view

blueprint = Blueprint("imports", __name__, url_prefix="/imports")


@blueprint.get("")
@signed_in
def history() -> str:
    """Every import, the newest first."""
    return render_template("imports/history.html", page=import_history(actor(), request.args.get("after")))


@blueprint.get("/<uuid:import_id>")
@signed_in
def page(import_id: UUID) -> Any:
    """The mapping of a draft, the check, the progress of a running import, the result of an ended one."""
    imported = import_view(actor(), import_id)
    if imported.state == "draft":
        return columns_page(import_id)
    if imported.state in {"checking", "checked"}:
        return check_page(import_id)
    return render_template("imports/page.html", imported=imported, **_rows(imported))


@blueprint.get("/<uuid:import_id>/progress")
@signed_in
def progress(import_id: UUID) -> str:
    """The part of the page that changes; it stops asking once nothing more happens by itself."""
    imported = import_view(actor(), import_id)
    return render_template("imports/_progress.html", imported=imported, **_rows(imported))


@blueprint.post("/<uuid:import_id>/cancel")
@signed_in
def cancel(import_id: UUID) -> WerkzeugResponse:
    """Stop it; what is done stays done."""
    try:
        cancel_import(actor(), import_id)
    except (Forbidden, RuleBroken) as error:
        flash(error.message, "error")
    return redirect(url_for("imports.page", import_id=import_id), code=303)


@blueprint.post("/<uuid:import_id>/undo")
@signed_in
def undo(import_id: UUID) -> WerkzeugResponse:
    """Take it back; what people changed since stays."""
    try:
        take_back_import(actor(), import_id)
    except (Forbidden, RuleBroken) as error:
        flash(error.message, "error")
    return redirect(url_for("imports.page", import_id=import_id), code=303)


@blueprint.get("/<uuid:import_id>/errors.csv")
@signed_in
def errors(import_id: UUID) -> Response:
    """The rejected rows as the file they came in."""
    parts = Sent(part.encode() for part in rejected_csv(actor(), import_id, as_uploaded=True))
    answer = Response(parts, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="rejected-{import_id}.csv"'
    return answer


def _rows(imported: ImportView) -> dict[str, Any]:
    """What stands below the counts, once they change no more."""
    if not imported.is_finished:
        return {}
    return {"rejected": rejected_rows(actor(), imported.id), "kept": kept_deals(actor(), imported.id)}
