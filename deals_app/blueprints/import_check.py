"""A check: how far it is, what the import would do, and what a person decides about its rows."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from deals_app.blueprints.web import actor, is_htmx, signed_in
from deals_app.domain.errors import Forbidden, RuleBroken
from deals_app.domain.import_checks import TABS, Tab
from deals_app.services.importing.deciding import leave_out, leave_out_duplicates
from deals_app.services.importing.starting import change_columns, start_import
from deals_app.services.queries.import_check import check_progress, check_view, checked_row, checked_rows
from deals_app.services.queries.imports import import_view

blueprint = Blueprint("import_check", __name__, url_prefix="/imports")

STATES = ("checking", "checked")


def check_page(import_id: UUID) -> str:
    """The page of an import that is being checked or has been."""
    return render_template("imports/check.html", **_check(import_id))


@blueprint.get("/<uuid:import_id>/check")
@signed_in
def progress(import_id: UUID) -> Response | str:
    """The part of the page that changes; it stops asking once the check has ended."""
    shown = _check(import_id)
    if shown["imported"].state not in STATES:
        return Response(headers={"HX-Refresh": "true"})
    return render_template("imports/_check.html", **shown)


@blueprint.get("/<uuid:import_id>/check/rows")
@signed_in
def rows(import_id: UUID) -> str:
    """The next rows of a tab."""
    return render_template("imports/_check_rows.html", **_stretch(import_id, request.args.get("tab"), _after()))


@blueprint.post("/<uuid:import_id>/check/leave-out")
@signed_in
def leave(import_id: UUID) -> Any:
    """Leave a row out, or take it in after all."""
    line = request.form.get("line", 0, type=int)
    leave_out(actor(), import_id, line, is_out=bool(request.form.get("out")))
    row = checked_row(actor(), import_id, line)
    if is_htmx() and row is not None:
        return render_template("imports/_check_row.html", row=row, **_check(import_id, row.tab))
    return _back(import_id, tab=request.form.get("tab"))


@blueprint.post("/<uuid:import_id>/check/leave-out-duplicates")
@signed_in
def leave_duplicates(import_id: UUID) -> WerkzeugResponse:
    """Leave all likely duplicates out, or take them in after all."""
    leave_out_duplicates(actor(), import_id, is_out=bool(request.form.get("out")))
    return _back(import_id, tab="duplicates")


@blueprint.post("/<uuid:import_id>/check/start")
@signed_in
def start(import_id: UUID) -> WerkzeugResponse:
    """Import what was checked."""
    try:
        start_import(actor(), import_id)
    except (Forbidden, RuleBroken) as error:
        flash(error.message, "error")
    return _back(import_id)


@blueprint.post("/<uuid:import_id>/check/columns")
@signed_in
def columns(import_id: UUID) -> WerkzeugResponse:
    """Back to the columns."""
    try:
        change_columns(actor(), import_id)
    except (Forbidden, RuleBroken) as error:
        flash(error.message, "error")
    return _back(import_id)


def _check(import_id: UUID, tab: str | None = None) -> dict[str, Any]:
    """What page and fragment show."""
    shown: dict[str, Any] = {"imported": import_view(actor(), import_id), "tabs": TABS}
    if shown["imported"].state != "checked":
        return shown | {"progress": check_progress(actor(), import_id)}
    check = check_view(actor(), import_id)
    chosen = tab or request.args.get("tab") or check.first_tab
    return shown | {"check": check} | _stretch(import_id, chosen, _after())


def _stretch(import_id: UUID, tab: str | None, after: int) -> dict[str, Any]:
    if tab not in TABS:
        abort(404)
    found, next_after = checked_rows(actor(), import_id, cast("Tab", tab), after)
    return {"import_id": import_id, "tab": tab, "rows": found, "next_after": next_after, "after": after}


def _after() -> int:
    return request.args.get("after", 0, type=int)


def _back(import_id: UUID, tab: str | None = None) -> WerkzeugResponse:
    return redirect(url_for("imports.page", import_id=import_id, tab=tab), code=303)
