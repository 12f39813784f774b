"""Connections in the settings: admins sign in, map and synchronise, managers see how far it is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from deals_app.blueprints.web import actor, admins_only, signed_in
from deals_app.domain.connections import SYSTEMS, ConnectionView
from deals_app.domain.errors import AlreadyExists, DealsError, Invalid, NotFound, RuleBroken
from deals_app.services.connections.editing import change_connection, disconnect, known_fields, reconnect
from deals_app.services.connections.signing_in import (
    begin_sign_in,
    connect_simulator,
    finish_sign_in,
    simulated_systems,
    systems_with_app,
)
from deals_app.services.connections.syncing import start_sync
from deals_app.services.pipelines import pipelines
from deals_app.services.queries import connections as queries

blueprint = Blueprint("connections", __name__, url_prefix="/settings/connections")

# What a person can do about it.
TOLD = (AlreadyExists, Invalid, NotFound, RuleBroken)
# Rows for fields that are not mapped yet.
EMPTY_ROWS = 2
MOST_ROWS = 100


@blueprint.get("")
@signed_in
def index() -> str:
    """Which there are, and what can be connected."""
    return render_template(
        "connections/list.html",
        connections=queries.connections(actor()),
        disconnected=queries.disconnected(actor()),
        systems=SYSTEMS,
        simulated=simulated_systems(),
        with_app=systems_with_app(),
    )


@blueprint.post("/sign-in")
@admins_only
def connect() -> Any:
    """On the way to a new connection."""
    try:
        departure = begin_sign_in(actor(), system=request.form.get("system", ""))
    except TOLD as error:
        return _said(error)
    return render_template("connections/leave.html", departure=departure)


@blueprint.post("/simulator")
@admins_only
def simulate() -> Response:
    """Connect to the simulator on this machine, in one step."""
    try:
        made = connect_simulator(actor(), request.form.get("system", ""))
    except TOLD as error:
        return _said(error)
    return _back(made)


@blueprint.get("/back")
@admins_only
def back() -> Response:
    """Back from the vendor's sign-in."""
    try:
        state, code = request.args.get("state", ""), request.args.get("code", "")
        made = finish_sign_in(actor(), state=state, code=code)
    except TOLD as error:
        return _said(error)
    flash("Signed in. The first synchronisation has begun.", "success")
    return _back(made)


@blueprint.get("/<uuid:connection_id>")
@signed_in
def page(connection_id: UUID) -> str:
    """One of them: how far it is, and how its words are read."""
    found = queries.connection(actor(), connection_id)
    mapping = _mapping_rows(found) if actor().administers else {}
    return render_template("connections/page.html", connection=found, **_progress(connection_id), **mapping)


@blueprint.get("/<uuid:connection_id>/progress")
@signed_in
def progress(connection_id: UUID) -> str:
    """The part that changes by itself."""
    found = queries.connection(actor(), connection_id)
    return render_template("connections/_sync.html", connection=found, **_progress(connection_id))


@blueprint.post("/<uuid:connection_id>/sync")
@admins_only
def sync(connection_id: UUID) -> Response:
    """Now, not in ten minutes."""
    try:
        start_sync(actor(), connection_id, is_full=request.form.get("full") == "yes")
    except RuleBroken as error:
        flash(error.message, "error")
    return _back(connection_id)


@blueprint.post("/<uuid:connection_id>/sign-in")
@admins_only
def sign_in_again(connection_id: UUID) -> Any:
    """For one whose access has ended."""
    try:
        departure = begin_sign_in(actor(), connection_id=connection_id)
    except RuleBroken as error:
        return _said(error)
    return render_template("connections/leave.html", departure=departure)


@blueprint.post("/<uuid:connection_id>/mapping")
@admins_only
def save_mapping(connection_id: UUID) -> Response:
    """How their words are read from now on."""
    found = queries.connection(actor(), connection_id)
    try:
        change_connection(actor(), connection_id, _mapping_of(request.form, found))
        flash("Saved. What comes in from now on is read like this.", "success")
    except Invalid as error:
        flash(error.message, "error")
    return _back(connection_id)


@blueprint.post("/<uuid:connection_id>/disconnect")
@admins_only
def end(connection_id: UUID) -> Response:
    """Its deals stay; the list offers to take it up again."""
    disconnect(actor(), connection_id)
    flash("Disconnected. Its deals stay here.", "success")
    return redirect(url_for("connections.index"), code=303)


@blueprint.post("/<uuid:connection_id>/reconnect")
@admins_only
def take_up(connection_id: UUID) -> Response:
    """The undo of disconnecting."""
    try:
        reconnect(actor(), connection_id)
    except (AlreadyExists, RuleBroken) as error:
        return _said(error)
    return _back(connection_id)


def _progress(connection_id: UUID) -> dict[str, Any]:
    found = queries.syncs(actor(), connection_id, limit=5)
    newest = found[0] if found else None
    refused = queries.rejected(actor(), newest.id) if newest is not None and newest.failed else []
    return {"syncs": found, "newest": newest, "rejected": refused}


def _mapping_rows(found: ConnectionView) -> dict[str, Any]:
    """Their words, ours beside them, and what can be chosen."""
    ours = pipelines(actor())
    return {
        "stages": list({stage.key: stage for pipeline in ours for stage in pipeline.stages}.values()),
        "pipelines": ours,
        "fields": known_fields(),
        "field_rows": [*found.fields.items(), *[("", "")] * EMPTY_ROWS],
    }


def _mapping_of(form: MultiDict[str, str], found: ConnectionView) -> dict[str, dict[str, str]]:
    """What the page's form says; what the vendor has that the page does not show stays as it was."""
    fields = {
        form[f"theirs-{row}"].strip(): form.get(f"ours-{row}", "")
        for row in range(MOST_ROWS)
        if form.get(f"theirs-{row}", "").strip()
    }
    return {
        "stages": {**found.stages, **_prefixed(form, "stage:")},
        "pipelines": {**found.pipelines, **_prefixed(form, "pipeline:")},
        "owners": {**found.owners, **_prefixed(form, "owner:")},
        "fields": fields,
    }


def _prefixed(form: MultiDict[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in form.items() if name.startswith(prefix)}


def _said(error: DealsError) -> Response:
    flash(error.message, "error")
    return redirect(url_for("connections.index"), code=303)


def _back(connection_id: UUID) -> Response:
    return redirect(url_for("connections.page", connection_id=connection_id), code=303)
