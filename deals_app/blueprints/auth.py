"""Signing in and out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from flask_login import current_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as WerkzeugResponse
from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import DataRequired, Length

from deals_app.blueprints.web import actor, local_path, signed_in, start_session
from deals_app.extensions import limiter
from deals_app.services.sign_in import WrongPassword, sign_in, sign_out

blueprint = Blueprint("auth", __name__)

FAILED = 422
# Per address, and per account from anywhere; only failures count.
ATTEMPTS_PER_ADDRESS = "20 per 5 minutes"
ATTEMPTS_PER_ACCOUNT = "10 per 15 minutes"


class LoginForm(FlaskForm):
    """The sign-in form."""

    email = EmailField("E-mail", [DataRequired(), Length(max=254)])
    password = PasswordField("Password", [DataRequired(), Length(max=1000)])
    next = HiddenField()


def _has_failed(response: Response) -> bool:
    return response.status_code == FAILED


def _account() -> str:
    return f"account:{request.form.get('email', '').strip().casefold()}"


@blueprint.get("/login")
def login() -> str | WerkzeugResponse:
    """The sign-in page; the board for those who are signed in."""
    if current_user.is_authenticated:
        return redirect(url_for("board.home"))
    return render_template("auth/login.html", form=LoginForm(next=request.args.get("next")), error=None)


@blueprint.post("/login")
@limiter.limit(ATTEMPTS_PER_ADDRESS, deduct_when=_has_failed)
@limiter.limit(ATTEMPTS_PER_ACCOUNT, key_func=_account, deduct_when=_has_failed)
def log_in() -> Any:
    """Check the password and open a session."""
    form = LoginForm()
    if not form.validate_on_submit():
        return render_template("auth/login.html", form=form, error="Enter your e-mail address and password."), FAILED
    try:
        token = sign_in(form.email.data or "", form.password.data or "", user_agent=request.user_agent.string)
    except WrongPassword as error:
        return render_template("auth/login.html", form=form, error=error.message), FAILED
    start_session(token)
    return redirect(local_path(form.next.data) or url_for("board.home"), code=303)


@blueprint.post("/logout")
@signed_in
def logout() -> WerkzeugResponse:
    """End the session on the server; every copy of its cookie is worthless afterwards."""
    sign_out(actor(), current_user.token)
    logout_user()
    session.clear()
    return redirect(url_for("auth.login"), code=303)
