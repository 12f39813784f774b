"""OAuth 2 with the systems we connect to: the address to send a person to, and tokens for the code they come back with.

The steps are authlib's; who keeps state, verifier and tokens, and for which tenant, is the services' affair.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast

from deals_app.integrations.vendor_errors import SignInAgain, VendorDown, VendorRefused

_SECONDS: Final = (5, 30)
_SERVER_FAULT: Final = 500
_FALLBACK_LIFE: Final = 1800
_VERIFIER_LENGTH: Final = 48


@dataclass(frozen=True, kw_only=True)
class Provider:
    """Where a system signs people in, and who we are there."""

    authorize_url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...]
    has_pkce: bool
    introspect_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Leave:
    """Where to send the person, and what must be remembered until they are back."""

    url: str
    state: str
    code_verifier: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a sign-in gave. `expires_at` is aware; a vendor that says nothing of it gets half an hour."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: datetime
    more: Mapping[str, Any] = field(repr=False)
    """Whatever else was said, such as Salesforce's `instance_url`."""


def leave_for(provider: Provider, redirect_uri: str) -> Leave:
    """Begin a sign-in: with a state of its own and, where the system has it, PKCE (S256)."""
    from authlib.common.security import generate_token

    verifier = generate_token(_VERIFIER_LENGTH) if provider.has_pkce else None
    with _session(provider, redirect_uri) as session:
        url, state = session.create_authorization_url(provider.authorize_url, code_verifier=verifier)
    return Leave(url=url, state=state, code_verifier=verifier)


def tokens_for(provider: Provider, redirect_uri: str, *, code: str, code_verifier: str | None) -> Tokens:
    """The tokens for a code. Raises SignInAgain for a code that is not good, VendorDown, VendorRefused."""
    more = {"code_verifier": code_verifier} if code_verifier else {}
    with _session(provider, redirect_uri) as session:
        return _tokens(
            session.fetch_token(provider.token_url, code=code, grant_type="authorization_code", **more), None
        )


def refreshed(provider: Provider, refresh_token: str) -> Tokens:
    """New tokens for the kept one, which stays good where no other comes. Raises as `tokens_for`."""
    with _session(provider, None) as session:
        return _tokens(session.refresh_token(provider.token_url, refresh_token=refresh_token), refresh_token)


def introspected(provider: Provider, access_token: str) -> Mapping[str, Any]:
    """What the system says of a token (RFC 7662). Raises SignInAgain when it is not good, and as `tokens_for`."""
    with _session(provider, None) as session:
        answer = session.introspect_token(provider.introspect_url, token=access_token, token_type_hint="access_token")  # noqa: S106 (a kind)
        answer.raise_for_status()
        found = answer.json()
    if not isinstance(found, dict) or not cast("dict[str, Any]", found).get("active"):
        message = "The access token is no longer good"
        raise SignInAgain(message)
    return cast("dict[str, Any]", found)


@contextmanager
def _session(provider: Provider, redirect_uri: str | None) -> Generator[Any]:
    from authlib.common.errors import AuthlibBaseError
    from authlib.integrations.requests_client import OAuth2Session
    from requests import HTTPError, RequestException

    session_class: Any = OAuth2Session
    try:
        with session_class(
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            scope=" ".join(provider.scopes),
            redirect_uri=redirect_uri,
            code_challenge_method="S256" if provider.has_pkce else None,
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 (the name of a method)
            revocation_endpoint_auth_method="client_secret_post",
            default_timeout=_SECONDS,
        ) as session:
            # A redirected POST would carry the secret along.
            session.max_redirects = 0
            yield session
    except AuthlibBaseError as problem:
        raise SignInAgain(problem.description or problem.error or "The sign-in was refused") from problem
    except HTTPError as problem:
        status = problem.response.status_code if problem.response is not None else _SERVER_FAULT
        message = f"The sign-in answered with status {status}"
        raise (VendorDown if status >= _SERVER_FAULT else VendorRefused)(message) from problem
    except (RequestException, ValueError) as problem:
        message = "The sign-in did not answer in words we know"
        raise VendorDown(message) from problem


def _tokens(sent: Mapping[str, Any], kept_refresh_token: str | None) -> Tokens:
    access_token = sent.get("access_token")
    if not isinstance(access_token, str) or not access_token:
        message = "The sign-in gave no access token"
        raise SignInAgain(message)
    life = sent.get("expires_in")
    seconds = life if isinstance(life, int) and life > 0 else _FALLBACK_LIFE
    return Tokens(
        access_token=access_token,
        refresh_token=sent.get("refresh_token") or kept_refresh_token,
        expires_at=datetime.fromtimestamp(datetime.now(UTC).timestamp() + seconds, UTC),
        more={name: value for name, value in sent.items() if name not in {"access_token", "refresh_token"}},
    )
