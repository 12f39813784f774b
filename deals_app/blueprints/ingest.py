"""How deals come in: a tab per door."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired

from deals_app.blueprints.web import actor, signed_in
from deals_app.domain.errors import Forbidden, Invalid
from deals_app.services.importing.intake import receive_file
from deals_app.services.ingestion import doors
from deals_app.services.queries.imports import recent_imports

blueprint = Blueprint("ingest", __name__, url_prefix="/ingest")


class UploadForm(FlaskForm):
    """A file to import."""

    file = FileField("File", [FileRequired("Choose a file")])


@blueprint.get("")
@signed_in
def index() -> str:
    """The doors; the CSV file's first."""
    return _page(UploadForm())


@blueprint.post("")
@signed_in
def upload() -> Any:
    """Look at a file and ask whether its columns are understood."""
    form = UploadForm()
    if form.validate_on_submit():
        try:
            import_id = _received(form)
            return redirect(url_for("imports.page", import_id=import_id), code=303)
        except (Invalid, Forbidden) as error:
            form.file.errors = [error.message]
    return _page(form), 422


def _received(form: UploadForm) -> UUID:
    file = form.file.data
    return receive_file(actor(), file.filename or "import.csv", file.stream, attended=True)


def _page(form: UploadForm) -> str:
    return render_template(
        "ingest/page.html",
        sources=doors(),
        tab=request.args.get("tab", "csv"),
        form=form,
        recent=recent_imports(actor()),
        may_import=actor().manages,
    )
