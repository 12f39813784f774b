"""Settings: one's own, and for admins people, pipelines and keys."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import EmailField, PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, Length

from deals_app.blueprints.forms import choices, show_problems
from deals_app.blueprints.web import CONTRASTS, THEMES, actor, admins_only, back_to, signed_in, start_session
from deals_app.domain.errors import AlreadyExists, Invalid
from deals_app.services.accounts import MEMBER_ROLES, add_member, members
from deals_app.services.api_keys import KEY_ROLES, api_keys, create_api_key, revoke_api_key
from deals_app.services.pipelines import pipelines as read_pipelines
from deals_app.services.sign_in import switch_tenant, tenants_of

blueprint = Blueprint("settings", __name__, url_prefix="/settings")

YEAR_SECONDS = 365 * 24 * 3600


class KeyForm(FlaskForm):
    """A new API key."""

    name = StringField("Name", [DataRequired(), Length(max=200)])
    role = SelectField("Role", choices=choices((role.value, role.value.capitalize()) for role in KEY_ROLES))


class MemberForm(FlaskForm):
    """A new person."""

    email = EmailField("E-mail", [DataRequired(), Length(max=254)])
    name = StringField("Name", [DataRequired(), Length(max=200)])
    role = SelectField("Role", choices=choices((role.value, role.value.capitalize()) for role in MEMBER_ROLES))
    password = PasswordField("First password", [DataRequired(), Length(max=1000)])


@blueprint.get("")
@signed_in
def index() -> Response:
    """The first page of the settings."""
    return redirect(url_for("settings.profile"))


@blueprint.get("/profile")
@signed_in
def profile() -> str:
    """Oneself: teams and appearance."""
    user_id = actor().user_id
    memberships = tenants_of(user_id) if user_id else []
    return render_template("settings/profile.html", memberships=memberships)


@blueprint.post("/switch")
@signed_in
def switch() -> Response:
    """Go on in another of one's teams."""
    chosen = request.form.get("tenant_id", type=UUID) or actor().tenant_id
    start_session(switch_tenant(actor(), chosen, user_agent=request.user_agent.string))
    return redirect(url_for("board.home"), code=303)


@blueprint.post("/theme")
def theme() -> Response:
    """Light or dark, more contrast, or as the system has it: what the form names is kept in the browser."""
    answer = make_response(back_to("settings.profile"))
    for name, offered in (("theme", THEMES), ("contrast", CONTRASTS)):
        chosen = request.form.get(name, "")
        if chosen in offered:
            answer.set_cookie(name, chosen, max_age=YEAR_SECONDS, samesite="Lax", httponly=True)
    return answer


@blueprint.get("/people")
@signed_in
def people() -> str:
    """Who belongs to the team."""
    return render_template("settings/people.html", members=members(actor()), form=MemberForm())


@blueprint.post("/people")
@admins_only
def add_person() -> Any:
    """Add somebody."""
    form = MemberForm()
    if form.validate_on_submit() and _is_added(form):
        flash(f"{form.name.data} can sign in now.", "success")
        return redirect(url_for("settings.people"), code=303)
    return render_template("settings/people.html", members=members(actor()), form=form), 422


@blueprint.get("/pipelines")
@signed_in
def pipelines() -> str:
    """Pipelines and their stages."""
    return render_template("settings/pipelines.html", pipelines=read_pipelines(actor()))


@blueprint.get("/keys")
@admins_only
def keys() -> str:
    """API keys."""
    return render_template("settings/keys.html", keys=api_keys(actor()), form=KeyForm(), new_key=None)


@blueprint.post("/keys")
@admins_only
def create_key() -> Any:
    """Make a key and show it, this once."""
    form = KeyForm()
    if not form.validate_on_submit():
        return render_template("settings/keys.html", keys=api_keys(actor()), form=form, new_key=None), 422
    made = create_api_key(actor(), name=form.name.data or "", role=form.role.data or "")
    return render_template("settings/keys.html", keys=api_keys(actor()), form=KeyForm(formdata=None), new_key=made.key)


@blueprint.post("/keys/<uuid:key_id>/revoke")
@admins_only
def revoke_key(key_id: UUID) -> Response:
    """End a key at once."""
    revoke_api_key(actor(), key_id)
    flash("The key is revoked.", "success")
    return redirect(url_for("settings.keys"), code=303)


def _is_added(form: MemberForm) -> bool:
    """Add the member; what the service objects to is put beside the fields."""
    try:
        add_member(
            actor(),
            email=form.email.data or "",
            name=form.name.data or "",
            role=form.role.data or "",
            password=form.password.data,
        )
    except Invalid as error:
        show_problems(form, error)
    except AlreadyExists as error:
        form.email.errors = [error.message]
    else:
        return True
    return False
