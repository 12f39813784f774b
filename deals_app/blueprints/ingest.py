"""How deals come in: a tab per source, with its form, its figures and what programs must know."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired

from deals_app.blueprints.source_forms import SourceForm, settings_links
from deals_app.blueprints.web import actor, is_htmx, signed_in
from deals_app.domain.errors import Forbidden, Invalid
from deals_app.services.importing.intake import receive_file
from deals_app.services.ingesting.by_hand import Look, look, send
from deals_app.services.ingestion import Door, doors, object_door
from deals_app.services.pipelines import pipelines
from deals_app.services.queries.held import held_count
from deals_app.services.queries.imports import recent_imports
from deals_app.services.queries.inbox import last_errors, sent_item
from deals_app.services.queries.source_figures import source_figures

blueprint = Blueprint("ingest", __name__, url_prefix="/ingest")


class UploadForm(FlaskForm):
    """A file to import."""

    file = FileField("File", [FileRequired("Choose a file")])


@blueprint.get("")
@signed_in
def index() -> str:
    """One source; files first."""
    return _page(_chosen())


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
    return _page(doors()[0], upload=form), 422


@blueprint.post("/<source>")
@signed_in
def take(source: str) -> Any:
    """Take what was filled in, through the pipeline that everything else goes through."""
    door = object_door(source)
    form = SourceForm.sent(door)
    outcome = send(actor(), door.key, form.body)
    if not outcome.is_good:
        return _page(door, form=form.refused(outcome.problems)), 422
    return redirect(url_for("ingest.index", tab=door.key, sent=outcome.item_id), code=303)


@blueprint.post("/<source>/look")
@signed_in
def understood(source: str) -> str:
    """What would be understood of it; nothing is kept."""
    door = object_door(source)
    form = SourceForm.sent(door)
    seen = look(actor(), door.key, form.body)
    if is_htmx():
        return render_template("ingest/_understood.html", seen=seen)
    return _page(door, form=form.refused(seen.problems), seen=seen)


def _received(form: UploadForm) -> UUID:
    file = form.file.data
    return receive_file(actor(), file.filename or "import.csv", file.stream, attended=True)


def _chosen() -> Door:
    wanted = request.args.get("tab")
    found = doors()
    return next((door for door in found if door.key == wanted), found[0])


def _page(
    door: Door, *, form: SourceForm | None = None, upload: UploadForm | None = None, seen: Look | None = None
) -> str:
    asks_stage = door.has_form and any(field.looks == "stage" for field in door.fields)
    sent_id = request.args.get("sent", type=UUID)
    return render_template(
        "ingest/page.html",
        sources=doors(),
        chosen=door,
        form=upload or UploadForm(),
        typed=form or SourceForm.blank(door),
        seen=seen,
        sent=sent_item(actor(), sent_id) if sent_id else None,
        stages=pipelines(actor())[0].stages if asks_stage else (),
        figures=source_figures(actor(), door),
        errors=() if door.is_upload else last_errors(actor(), door.key),
        recent=recent_imports(actor()) if door.is_upload else (),
        may_send=actor().manages or door.is_typed,
        may_import=actor().manages,
        held=held_count(actor()),
        settings=settings_links(door),
    )
