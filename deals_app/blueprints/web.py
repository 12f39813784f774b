"""What every page needs: who is signed in, htmx's questions, security headers, the theme."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Flask, Request, Response, abort, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import current_user, login_required, login_user
from werkzeug.wrappers import Response as WerkzeugResponse

from deals_app.blueprints.assets import content_security_policy
from deals_app.domain.actor import Actor
from deals_app.extensions import login
from deals_app.services.sign_in import actor_of_session
from deals_app.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

THEMES = ("system", "light", "dark")
CONTRASTS = ("system", "more")


class PageSessions(SecureCookieSessionInterface):
    """Sessions are the pages': the APIs read no cookie and set none, whoever sends one."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """None that could be written to outside the pages."""
        if request.path.startswith("/api/"):
            return self.make_null_session(app)
        return super().open_session(app, request)


class SessionUser:
    """What Flask-Login carries: an Actor and the token of its session (which is all that the cookie holds)."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, actor: Actor, token: str) -> None:
        self.actor = actor
        self.token = token

    def get_id(self) -> str:
        """Flask-Login keeps this in the signed cookie and gives it to the loader on the next request."""
        return self.token


def init_web(app: Flask) -> None:
    """Bind the loader, the request id, the headers and what every template may rely on."""
    login.login_view = "auth.login"  # type: ignore[assignment]
    login.login_message = None  # type: ignore[assignment]
    login.user_loader(_load_user)
    login.unauthorized_handler(_ask_to_sign_in)
    app.session_interface = PageSessions()
    app.before_request(_name_request)
    app.after_request(partial(_send_headers, _always_sent(cast("Settings", app.config["DEALS_SETTINGS"]))))
    app.context_processor(_template_context)


def signed_in(route: Callable[P, R]) -> Callable[P, R]:
    """Only for people who are signed in; others are sent to the sign-in page and back."""
    return cast("Callable[P, R]", login_required(route))


def admins_only(route: Callable[P, R]) -> Callable[P, R]:
    """Only for admins; 403 for others."""

    @wraps(route)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not actor().administers:
            abort(403)
        return route(*args, **kwargs)

    return signed_in(guarded)


def actor() -> Actor:
    """Who asks; only inside a route that demands a sign-in."""
    return cast("SessionUser", current_user).actor


def request_id() -> str:
    """The id of this request, in the answer's header, the ledger and the log.

    Made when it is first asked for: what refuses a request early (a stale token, a limit) asks before anybody named it.
    """
    if "request_id" not in g:
        g.request_id = uuid4().hex
    return g.request_id


def start_session(token: str) -> None:
    """Put a new session's token into a fresh cookie."""
    session.clear()
    found = _load_user(token)
    if found is not None:
        session.permanent = True
        login_user(found)


def is_htmx() -> bool:
    """Whether the answer is swapped into a page instead of being one."""
    return request.headers.get("HX-Request") == "true"


def local_path(target: str | None) -> str | None:
    """A path of this site, or None: `next` must not lead anywhere else."""
    if not target:
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or parts.path.startswith(("//", "/\\")):
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def back_to(endpoint: str, **values: Any) -> WerkzeugResponse:
    """303 to the page a form was sent from, or to the endpoint."""
    return redirect(local_path(request.form.get("next")) or url_for(endpoint, **values), code=303)


def _load_user(token: str) -> SessionUser | None:
    found = actor_of_session(token, door="page", request_id=request_id())
    return SessionUser(found, token) if found is not None else None


def _ask_to_sign_in() -> WerkzeugResponse:
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    target = url_for("auth.login", next=here if here != "/" else None)
    if is_htmx():
        # A redirect would be followed silently and the sign-in page swapped into a card.
        return Response(status=401, headers={"HX-Redirect": url_for("auth.login")})
    return redirect(target, code=303)


def _name_request() -> None:
    request_id()


def _always_sent(settings: Settings) -> tuple[tuple[str, str], ...]:
    """The headers that are the same on every answer, made once."""
    https = (("Strict-Transport-Security", "max-age=31536000"),) if settings.cookies_need_https else ()
    return (
        ("Content-Security-Policy", content_security_policy(settings)),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "strict-origin-when-cross-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        *https,
    )


def _send_headers(always: tuple[tuple[str, str], ...], response: Response) -> Response:
    for name, value in always:
        response.headers.add(name, value)
    response.headers.add("X-Request-ID", request_id())
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store" if "_user_id" in session else "no-cache")
    return response


def _template_context() -> dict[str, Any]:
    theme, contrast = (request.cookies.get(name, "system") for name in ("theme", "contrast"))
    return {
        "actor": actor() if current_user.is_authenticated else None,
        "theme": theme if theme in THEMES else "system",
        "contrast": contrast if contrast in CONTRASTS else "system",
    }
