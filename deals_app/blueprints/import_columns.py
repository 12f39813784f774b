"""A draft import: what its columns mean."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for

from deals_app.blueprints.web import actor, signed_in
from deals_app.domain.errors import Forbidden, Invalid, RuleBroken
from deals_app.services.importing.starting import start_import
from deals_app.services.queries.import_columns import mapped_columns, mapping_targets
from deals_app.services.queries.imports import import_view

blueprint = Blueprint("import_columns", __name__, url_prefix="/imports")


@blueprint.post("/<uuid:import_id>/start")
@signed_in
def start(import_id: UUID) -> Any:
    """Agree with the mapping and start."""
    imported = import_view(actor(), import_id)
    chosen = {header: request.form.get(f"column-{n}", "") for n, header in enumerate(imported.header)}
    try:
        start_import(actor(), import_id, {header: target for header, target in chosen.items() if target})
    except Invalid as error:
        return columns_page(import_id, error=error.message), 422
    except (Forbidden, RuleBroken) as error:
        flash(error.message, "error")
    return redirect(url_for("imports.page", import_id=import_id), code=303)


def columns_page(import_id: UUID, error: str | None = None) -> str:
    """The page of a draft; `error` is what is wrong with it."""
    return render_template(
        "imports/mapping.html",
        imported=import_view(actor(), import_id),
        columns=mapped_columns(actor(), import_id),
        targets=mapping_targets(),
        error=error,
        may_import=actor().manages,
    )
