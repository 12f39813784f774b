"""OAuth 2 as the simulated systems speak it: a page with one button, codes, tokens, refreshing, PKCE."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from deals_app.integrations.simulator.serving import Answer, Request, Simulation

_PAGE: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in to {title}</title></head>
<body><main><h1>{title} (simulated)</h1><p>An application wants to read and change your deals.</p>
<form method="post">{fields}<button>Allow</button></form></main></body></html>"""
_KEPT: Final = ("client_id", "redirect_uri", "state", "code_challenge", "scope")


@dataclass(frozen=True)
class _Grant:
    redirect_uri: str
    challenge: str


class SigningIn:
    """The sign-in of one system; any client id is welcome."""

    def __init__(self, title: str, *, seconds: int | None, also: Mapping[str, Any] | None = None) -> None:
        self._title = title
        self._seconds = seconds
        self._grants: dict[str, _Grant] = {}
        self._access: set[str] = set()
        self._refresh: set[str] = set()
        self._made = 0
        self.also = dict(also or {})

    def attach(self, simulation: Simulation, *, authorize: str, token: str) -> None:
        """Serve it under these paths, and forget all access tokens when asked to (`POST /_expire`)."""
        simulation.on("GET", authorize, self._page)
        simulation.on("POST", authorize, self._allow)
        simulation.on("POST", token, self._token)
        simulation.on("POST", "/_expire", self._expire)

    def is_signed_in(self, request: Request) -> bool:
        """Whether the call carries an access token that is good."""
        return self.is_good(request.token)

    def is_good(self, token: str) -> bool:
        """Whether this is an access token that has not expired."""
        return token in self._access

    def _page(self, request: Request) -> Answer:
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(request.query[name])}">'
            for name in _KEPT
            if name in request.query
        )
        return Answer(_PAGE.format(title=self._title, fields=hidden))

    def _allow(self, request: Request) -> Answer:
        form = {**request.query, **request.form}
        code = self._new("code")
        self._grants[code] = _Grant(form["redirect_uri"], form.get("code_challenge", ""))
        query = urlencode({"code": code, **({"state": form["state"]} if "state" in form else {})})
        return Answer(None, 302, {"Location": f"{form['redirect_uri']}?{query}"})

    def _token(self, request: Request) -> Answer:
        form = request.form
        if form.get("grant_type") == "refresh_token" and form.get("refresh_token") in self._refresh:
            return self._tokens(form["refresh_token"])
        grant = self._grants.pop(form.get("code", ""), None)
        if grant is None or grant.redirect_uri != form.get("redirect_uri") or not _is_proved(grant, form):
            return Answer({"error": "invalid_grant", "error_description": "the code or token is not good"}, 400)
        return self._tokens(self._new("refresh"))

    def _tokens(self, refresh: str) -> Answer:
        access = self._new("access")
        self._access.add(access)
        self._refresh.add(refresh)
        life = {} if self._seconds is None else {"expires_in": self._seconds}
        return Answer({"access_token": access, "refresh_token": refresh, "token_type": "bearer", **life, **self.also})

    def _expire(self, _: Request) -> Answer:
        self._access.clear()
        return Answer({"expired": True})

    def _new(self, kind: str) -> str:
        self._made += 1
        return f"simulated-{kind}-{self._made}"


def _is_proved(grant: _Grant, form: Mapping[str, str]) -> bool:
    """Whether the verifier fits the challenge (RFC 7636, S256), where there was one."""
    if not grant.challenge:
        return True
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == grant.challenge
