"""The style guide: every token and every component in every state, on one page that tests look at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Blueprint, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField, DateField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired

from deals_app.blueprints.forms import choices
from deals_app.blueprints.web import signed_in

blueprint = Blueprint("styleguide", __name__, url_prefix="/styleguide")


class ExampleForm(FlaskForm):
    """A field of each kind."""

    name = StringField("Name", [DataRequired()])
    value = StringField("Value")
    base_currency = StringField("Base currency", render_kw={"disabled": True})
    stage = SelectField("Stage", choices=choices((("lead", "Lead"), ("proposal", "Proposal"))))
    expected_close_date = DateField("Expected close")
    note = TextAreaField("Note", render_kw={"rows": 2, "placeholder": "What happened? Who said what?"})
    is_urgent = BooleanField("Urgent")


@blueprint.get("")
@signed_in
def index() -> str:
    """The page; its examples are made up in the templates, around today."""
    now = datetime.now(UTC)
    today = now.date()
    days = {name: today + timedelta(days=offset) for name, offset in (("past", -12), ("soon", 3), ("later", 40))}
    form = ExampleForm(formdata=None, data={"value": "12k", "base_currency": "USD", "is_urgent": True})
    form.value.errors = ["Write an amount in digits, such as 12,000."]
    form.form_errors = ["The deal was not saved: one field needs another look."]
    return render_template("styleguide/page.html", now=now, today=today, days=days, form=form)


@blueprint.post("")
@signed_in
def nothing() -> Response:
    """The forms of the examples come here, and nothing happens."""
    return redirect(url_for("styleguide.index"), code=303)
