"""Mailboxes in the settings: admins set them up, managers see whether they work."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import BooleanField, IntegerField, PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, Length, Optional

from deals_app.blueprints.forms import choices, show_problems
from deals_app.blueprints.web import actor, admins_only, signed_in
from deals_app.domain.errors import FieldProblem, Invalid, NotFound, RuleBroken
from deals_app.domain.mailboxes import KINDS, Looked, PostAddress
from deals_app.services.accounts import members
from deals_app.services.mailboxes.editing import (
    MailboxFacts,
    change_mailbox,
    create_mailbox,
    delete_mailbox,
    post_address,
    switch_mailbox,
)
from deals_app.services.mailboxes.looking import look_now
from deals_app.services.pipelines import pipelines
from deals_app.services.queries.mailboxes import mailbox, mailboxes
from deals_app.settings import Settings

blueprint = Blueprint("mailboxes", __name__, url_prefix="/settings/mailboxes")

LABELS = {"imap": "IMAP", "sendgrid": "SendGrid", "mailgun": "Mailgun", "postmark": "Postmark"}
BEGINNINGS = (("unread", "The unread ones"), ("new", "Only new ones from now on"), ("all", "All that are there"))


class MailboxForm(FlaskForm):
    """A mailbox of any kind; what is IMAP's alone is left out for the others, so the service looks at the choices."""

    name = StringField("Name", [DataRequired(), Length(max=200)])
    host = StringField("Server", [Length(max=253)])
    port = IntegerField("Port", [Optional()], default=993)
    security = SelectField(
        "Encryption",
        choices=choices((("tls", "TLS"), ("none", "None (a server on this machine)"))),
        validate_choice=False,
    )
    user_name = StringField("User name", [Length(max=254)])
    secret = PasswordField("Password", [Length(max=1000)])
    begins_with = SelectField("Mails that are there already", choices=choices(BEGINNINGS), validate_choice=False)
    marks_seen = BooleanField("Mark mails as read on the server")
    pipeline_id = SelectField("Pipeline of its deals", validate_choice=False)
    owner_id = SelectField("Owner of its deals", validate_choice=False)

    def offer(self) -> MailboxForm:
        """With the tenant's pipelines and people to choose from."""
        self.pipeline_id.choices = choices(
            [("", "The default one"), *((str(p.id), p.name) for p in pipelines(actor()))]
        )
        self.owner_id.choices = choices([("", "Nobody"), *((str(m.id), m.name) for m in members(actor()))])
        return self

    def facts(self) -> MailboxFacts:
        """For the services."""
        return MailboxFacts(
            name=self.name.data or "",
            host=self.host.data or "",
            port=self.port.data,
            security=self.security.data or "tls",
            user_name=self.user_name.data or "",
            secret=self.secret.data or "",
            begins_with=self.begins_with.data or "unread",
            marks_seen=bool(self.marks_seen.data),
            pipeline_id=_id_in(self.pipeline_id),
            owner_id=_id_in(self.owner_id),
        )


@blueprint.get("")
@signed_in
def index() -> str:
    """Which there are."""
    return render_template("mailboxes/list.html", mailboxes=mailboxes(actor()), labels=LABELS)


@blueprint.get("/new/<mailbox_kind>")
@admins_only
def new(mailbox_kind: str) -> Any:
    """The form of one kind."""
    return _new_page(_kind(mailbox_kind), MailboxForm().offer())


@blueprint.post("/new/<mailbox_kind>")
@admins_only
def create(mailbox_kind: str) -> Any:
    """Make one."""
    form = MailboxForm().offer()
    try:
        if form.validate_on_submit():
            return _back(create_mailbox(actor(), _kind(mailbox_kind), form.facts()))
    except Invalid as error:
        show_problems(form, error)
    except RuleBroken as error:
        form.name.errors = [error.message]
    return _new_page(_kind(mailbox_kind), form), 422


@blueprint.get("/<uuid:mailbox_id>")
@signed_in
def page(mailbox_id: UUID) -> str:
    """One of them."""
    return _page(mailbox_id)


@blueprint.post("/<uuid:mailbox_id>")
@admins_only
def change(mailbox_id: UUID) -> Any:
    """Another name, server, password, pipeline or owner."""
    form = MailboxForm().offer()
    try:
        if form.validate_on_submit():
            change_mailbox(actor(), mailbox_id, form.facts())
            flash("The mailbox is changed.", "success")
            return _back(mailbox_id)
    except Invalid as error:
        show_problems(form, error)
    return _page(mailbox_id, form=form), 422


@blueprint.post("/<uuid:mailbox_id>/look")
@admins_only
def look(mailbox_id: UUID) -> Response:
    """Look into it now, and say what came of it."""
    found = look_now(actor(), mailbox_id)
    flash(_told(found), "error" if found.problem else "success")
    return _back(mailbox_id)


@blueprint.post("/<uuid:mailbox_id>/state")
@admins_only
def switch(mailbox_id: UUID) -> Response:
    """Pause it, or let it go on."""
    is_active = request.form.get("state") == "active"
    switch_mailbox(actor(), mailbox_id, is_active=is_active)
    flash("The mailbox takes mails again." if is_active else "The mailbox is paused.", "success")
    return _back(mailbox_id)


@blueprint.post("/<uuid:mailbox_id>/delete")
@admins_only
def delete(mailbox_id: UUID) -> Response:
    """The end of one that is paused; its deals stay."""
    try:
        delete_mailbox(actor(), mailbox_id)
    except RuleBroken as error:
        flash(error.message, "error")
        return _back(mailbox_id)
    flash("The mailbox is deleted; its deals stay.", "success")
    return redirect(url_for("mailboxes.index"), code=303)


def _new_page(kind: str, form: MailboxForm) -> str:
    return render_template("mailboxes/new.html", form=form, kind=kind, labels=LABELS)


def _page(mailbox_id: UUID, *, form: MailboxForm | None = None) -> str:
    found = mailbox(actor(), mailbox_id)
    shown, address, trouble = form, None, None
    if actor().administers:
        chosen = {name: str(getattr(found, name) or "") for name in ("pipeline_id", "owner_id")}
        shown = form or MailboxForm(formdata=None, obj=found, **chosen).offer()
        if form is None:
            shown.pipeline_id.data, shown.owner_id.data = chosen["pipeline_id"], chosen["owner_id"]
        try:
            address = _address(post_address(actor(), mailbox_id))
        except RuleBroken as error:
            trouble = error.message
    return render_template(
        "mailboxes/page.html", mailbox=found, form=shown, kind=found.kind, address=address, trouble=trouble,
        labels=LABELS,
    )  # fmt: skip


def _address(posted: PostAddress | None) -> str | None:
    """The whole address to copy."""
    if posted is None:
        return None
    settings: Settings = current_app.config["DEALS_SETTINGS"]
    ours = urlsplit(settings.public_url)
    known = f"{posted.user}:{quote(posted.password, safe='')}@" if posted.user else ""
    return f"{ours.scheme}://{known}{ours.netloc}{ours.path.rstrip('/')}{posted.path}"


def _told(found: Looked) -> str:
    taken = "One mail was taken." if found.taken == 1 else f"{found.taken} mails were taken."
    if found.problem:
        return f"{taken if found.taken else ''} It could not be looked into: {found.problem}".strip()
    if found.has_more:
        return f"{taken} There are more; they come by themselves."
    return taken if found.taken else "It could be opened; nothing new is in it."


def _id_in(field: SelectField) -> UUID | None:
    """The id that was chosen; raises Invalid for what is none."""
    try:
        return UUID(field.data) if field.data else None
    except ValueError:
        raise Invalid(FieldProblem(field.name, "must be one of the list")) from None


def _kind(kind: str) -> str:
    if kind not in KINDS:
        message = "There is no such kind of mailbox"
        raise NotFound(message)
    return kind


def _back(mailbox_id: UUID) -> Response:
    return redirect(url_for("mailboxes.page", mailbox_id=mailbox_id), code=303)
