"""One import: its progress and its result; its columns are import_columns.py."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from deals_app.blueprints.import_columns import columns_page
from deals_app.blueprints.web import actor, signed_in
from deals_app.domain.errors import Forbidden, RuleBroken
from deals_app.services.importing.starting import cancel_import
from deals_app.services.queries.imports import (
    import_view,
    rejected_csv,
    rejected_rows,
)

blueprint = Blueprint("imports", __name__, url_prefix="/imports")


@blueprint.get("/<uuid:import_id>")
@signed_in
def page(import_id: UUID) -> Any:
    """The mapping of a draft, the progress of a running import, the result of an ended one."""
    imported = import_view(actor(), import_id)
    if imported.state == "draft":
        return columns_page(import_id)
    return render_template("imports/page.html", imported=imported, rejected=rejected_rows(actor(), import_id))


@blueprint.get("/<uuid:import_id>/progress")
@signed_in
def progress(import_id: UUID) -> str:
    """The part of the page that changes; it stops asking once the import has ended."""
    imported = import_view(actor(), import_id)
    rejected = rejected_rows(actor(), import_id) if imported.is_finished else []
    return render_template("imports/_progress.html", imported=imported, rejected=rejected)


@blueprint.post("/<uuid:import_id>/cancel")
@signed_in
def cancel(import_id: UUID) -> WerkzeugResponse:
    """Stop it; what is done stays done."""
    try:
        cancel_import(actor(), import_id)
    except (Forbidden, RuleBroken) as error:
        flash(error.message, "error")
    return redirect(url_for("imports.page", import_id=import_id), code=303)


@blueprint.get("/<uuid:import_id>/errors.csv")
@signed_in
def errors(import_id: UUID) -> Response:
    """The rejected rows as CSV."""
    import_view(actor(), import_id)
    answer = Response("".join(rejected_csv(actor(), import_id)), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="rejected-{import_id}.csv"'
    return answer
