"""Signing in and out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_login import current_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response as WerkzeugResponse
from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import DataRequired, Length

from deals_app.blueprints.web import actor, local_path, signed_in, start_session
from deals_app.services.rate_limits import Attempt
from deals_app.services.sign_in import WrongPassword, sign_in, sign_out

blueprint = Blueprint("auth", __name__)

FAILED = 422
TOO_MANY_FAILURES = "Too many failed sign-ins. Please wait a few minutes and try again."


class LoginForm(FlaskForm):
    """The sign-in form."""

    email = EmailField("E-mail", [DataRequired(), Length(max=254)])
    password = PasswordField("Password", [DataRequired(), Length(max=1000)])
    next = HiddenField()


@blueprint.get("/login")
def login() -> str | WerkzeugResponse:
    """The sign-in page; the board for those who are signed in."""
    if current_user.is_authenticated:
        return redirect(url_for("board.home"))
    return render_template("auth/login.html", form=LoginForm(next=request.args.get("next")), error=None)


@blueprint.post("/login")
def log_in() -> Any:
    """Check the password and open a session."""
    form = LoginForm()
    if not form.validate_on_submit():
        return render_template("auth/login.html", form=form, error="Enter your e-mail address and password."), FAILED
    attempt = Attempt(address=request.remote_addr or "unknown", account=(form.email.data or "").strip().casefold())
    if seconds := attempt.seconds_to_wait():
        raise TooManyRequests(TOO_MANY_FAILURES, retry_after=seconds)
    try:
        token = sign_in(form.email.data or "", form.password.data or "", user_agent=request.user_agent.string)
    except WrongPassword as error:
        attempt.failed()
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
