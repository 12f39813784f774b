"""A draft import: how its file is read, what its columns mean, and what it asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for

from deals_app.blueprints.web import actor, signed_in
from deals_app.domain.errors import Forbidden, Invalid, RuleBroken
from deals_app.domain.import_choices import ImportChoices, SaidOfFile
from deals_app.services.importing.checking import check_import
from deals_app.services.importing.choices import look_again, save_choices
from deals_app.services.importing.starting import start_import
from deals_app.services.queries.import_columns import (
    DELIMITER_NAMES,
    ENCODING_NAMES,
    PRESET_NAMES,
    QUOTE_NAMES,
    columns_view,
    mapping_targets,
)
from deals_app.services.queries.imports import import_view

blueprint = Blueprint("import_columns", __name__, url_prefix="/imports")

# Separators by words: a tab does not survive every form.
SEPARATORS = {name.lower().replace(" ", "-"): sign for sign, name in DELIMITER_NAMES.items()}
CUSTOM = "custom"
NOTHING_LEFT = "Look at the questions below: the columns you chose ask something new"


@blueprint.post("/<uuid:import_id>/columns")
@signed_in
def check(import_id: UUID) -> Any:
    """Agree with the columns and see what would happen."""
    return _agreed(import_id, check_import)


@blueprint.post("/<uuid:import_id>/start")
@signed_in
def start(import_id: UUID) -> Any:
    """Agree with the columns and import at once; what was checked starts as it is."""
    return _agreed(import_id, start_import)


@blueprint.post("/<uuid:import_id>/layout")
@signed_in
def layout(import_id: UUID) -> Any:
    """Read the file another way."""
    try:
        look_again(actor(), import_id, _said(), _mapping(import_view(actor(), import_id).header))
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
        draft=columns_view(actor(), import_id),
        targets=mapping_targets(),
        encodings=ENCODING_NAMES,
        separators={word: DELIMITER_NAMES[sign] for word, sign in SEPARATORS.items()},
        quotes=QUOTE_NAMES,
        presets=PRESET_NAMES,
        error=error,
        # What was just posted stands in the page again when something is wrong with it.
        said=request.form,
        answered={kind: _answers(kind) for kind in ("stage", "owner")},
        may_import=actor().manages,
    )


def _agreed(import_id: UUID, go_on: Callable[[Any, UUID], None]) -> Any:
    """Keep what was posted, and go on unless that asks something new."""
    try:
        choices = _choices(import_id)
        if choices.mapping and save_choices(actor(), import_id, choices):
            flash(NOTHING_LEFT, "warning")
        else:
            go_on(actor(), import_id)
    except Invalid as error:
        return columns_page(import_id, error=error.message), 422
    except (Forbidden, RuleBroken) as error:
        flash(error.message, "error")
    return redirect(url_for("imports.page", import_id=import_id), code=303)


def _choices(import_id: UUID) -> ImportChoices:
    order = request.form.get("date-order")
    return ImportChoices(
        mapping=_mapping(import_view(actor(), import_id).header),
        stage_map=_answers("stage"),
        owner_map=_answers("owner"),
        date_order="dmy" if order == "dmy" else "mdy" if order == "mdy" else None,
        pipeline=request.form.get("pipeline") or None,
        asked=request.form.get("asked"),
    )


def _mapping(header: tuple[str, ...]) -> dict[str, str]:
    """What each column was said to be; a custom field with the name typed beside it."""
    mapping: dict[str, str] = {}
    for position, column in enumerate(header):
        target = request.form.get(f"column-{position}", "")
        name = request.form.get(f"custom-{position}", "").strip()
        if target:
            mapping[column] = f"{CUSTOM}:{name}" if target == CUSTOM and name else target
    return mapping


def _answers(kind: str) -> dict[str, str | None]:
    """The posted texts of a kind with what was chosen for each, None for nothing."""
    texts, chosen = request.form.getlist(f"{kind}-text"), request.form.getlist(f"{kind}-chosen")
    return {text: choice or None for text, choice in zip(texts, chosen, strict=False)}


def _said() -> SaidOfFile:
    said = {name: request.form.get(name, "").strip() or None for name in ("encoding", "quote", "sheet", "preset")}
    line = request.form.get("header-line", "").strip()
    return SaidOfFile(
        **said,
        delimiter=SEPARATORS.get(request.form.get("delimiter", "")),
        header_line=int(line) if line.isdecimal() and len(line) < len("1000000") else None,
    )
