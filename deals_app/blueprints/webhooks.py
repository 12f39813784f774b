"""Webhooks in the settings: admins set them up, managers see what became of each message."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectMultipleField, StringField, URLField
from wtforms.validators import DataRequired, Length

from deals_app.blueprints.forms import choices, show_problems
from deals_app.blueprints.web import actor, admins_only, signed_in
from deals_app.domain.errors import Invalid, RuleBroken
from deals_app.domain.webhooks import DELIVERY_STATES
from deals_app.services.event_catalogue import CATALOGUE
from deals_app.services.queries.webhooks import deliveries, webhook, webhooks
from deals_app.services.webhooks.endpoints import (
    change_webhook,
    create_webhook,
    delete_webhook,
    rotate_secret,
    send_test,
)
from deals_app.services.webhooks.replaying import replay_delivery, replay_failed

blueprint = Blueprint("webhooks", __name__, url_prefix="/settings/webhooks")

EVER = datetime(1970, 1, 1, tzinfo=UTC)


class WebhookForm(FlaskForm):
    """Where to, and what; no event means all."""

    url = URLField("URL", [DataRequired(), Length(max=2000)])
    description = StringField("Description", [Length(max=200)])
    event_types = SelectMultipleField("Events", choices=choices((each.name, each.says) for each in CATALOGUE))

    def facts(self) -> dict[str, Any]:
        """For the services."""
        return {
            "url": self.url.data or "",
            "description": self.description.data or "",
            "event_types": self.event_types.data or [],
        }


@blueprint.get("")
@signed_in
def index() -> str:
    """Which there are."""
    return render_template("webhooks/list.html", webhooks=webhooks(actor()), form=WebhookForm())


@blueprint.post("")
@admins_only
def create() -> Any:
    """Make one and show its secret, this once."""
    form = WebhookForm()
    try:
        if form.validate_on_submit():
            made = create_webhook(actor(), **form.facts())
            return _page(made.endpoint_id, secret=made.secret)
    except Invalid as error:
        show_problems(form, error)
    except RuleBroken as error:
        form.url.errors = [error.message]
    return render_template("webhooks/list.html", webhooks=webhooks(actor()), form=form), 422


@blueprint.get("/<uuid:webhook_id>")
@signed_in
def page(webhook_id: UUID) -> str:
    """One of them with its log."""
    return _page(webhook_id)


@blueprint.post("/<uuid:webhook_id>")
@admins_only
def change(webhook_id: UUID) -> Any:
    """Another URL, description or choice of events."""
    form = WebhookForm()
    try:
        if form.validate_on_submit():
            change_webhook(actor(), webhook_id, form.facts())
            flash("The webhook is changed.", "success")
            return _back(webhook_id)
    except Invalid as error:
        show_problems(form, error)
    return _page(webhook_id, form=form), 422


@blueprint.post("/<uuid:webhook_id>/state")
@admins_only
def switch(webhook_id: UUID) -> Response:
    """On or off."""
    state = "active" if request.form.get("state") == "active" else "disabled"
    change_webhook(actor(), webhook_id, {"state": state})
    told = "The webhook is on; what it missed is sent now." if state == "active" else "The webhook is off."
    flash(told, "success")
    return _back(webhook_id)


@blueprint.post("/<uuid:webhook_id>/rotate-secret")
@admins_only
def rotate(webhook_id: UUID) -> str:
    """Another secret, shown this once."""
    return _page(webhook_id, secret=rotate_secret(actor(), webhook_id).secret)


@blueprint.post("/<uuid:webhook_id>/test")
@admins_only
def test(webhook_id: UUID) -> Response:
    """A test message."""
    return _told(webhook_id, lambda: send_test(actor(), webhook_id), "A test message is on its way.")


@blueprint.post("/<uuid:webhook_id>/replay")
@admins_only
def replay_all(webhook_id: UUID) -> Response:
    """All that were given up, again."""
    return _told(webhook_id, lambda: replay_failed(actor(), webhook_id, since=EVER), "They are sent again.")


@blueprint.post("/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/replay")
@admins_only
def replay(webhook_id: UUID, delivery_id: UUID) -> Response:
    """One message again."""
    return _told(webhook_id, lambda: replay_delivery(actor(), webhook_id, delivery_id), "It is sent again.")


@blueprint.post("/<uuid:webhook_id>/delete")
@admins_only
def delete(webhook_id: UUID) -> Response:
    """The end of it and its log; the page offers it for one that is off."""
    delete_webhook(actor(), webhook_id)
    flash("The webhook is deleted.", "success")
    return redirect(url_for("webhooks.index"), code=303)


def _page(webhook_id: UUID, *, form: WebhookForm | None = None, secret: str | None = None) -> str:
    found = webhook(actor(), webhook_id)
    state = request.args.get("state") or None
    if state not in DELIVERY_STATES:
        state = None
    log = deliveries(actor(), webhook_id, state=state, after=request.args.get("after"))
    shown = form or WebhookForm(
        formdata=None, url=found.url, description=found.description, event_types=list(found.event_types)
    )
    return render_template(
        "webhooks/page.html", webhook=found, log=log, form=shown, secret=secret, state=state, states=DELIVERY_STATES
    )


def _told(webhook_id: UUID, do: Any, words: str) -> Response:
    """Do it and say so; one that is off says why not."""
    try:
        do()
        flash(words, "success")
    except RuleBroken as error:
        flash(error.message, "error")
    return _back(webhook_id)


def _back(webhook_id: UUID) -> Response:
    return redirect(url_for("webhooks.page", webhook_id=webhook_id), code=303)
