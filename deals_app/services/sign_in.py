"""Signing in and out: server-side sessions, so that a cookie copied before the logout is worthless after it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, insert, text

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import Forbidden, NotFound
from deals_app.models import UserSession
from deals_app.services.lookups import look_up
from deals_app.services.passwords import password_matches
from deals_app.services.unit_of_work import before_tenant, unit_of_work

SESSION_LIFETIME = timedelta(days=30)


class WrongPassword(Forbidden):
    """The e-mail is not known or the password is not its own; nobody learns which."""

    code = "WRONG_PASSWORD"


@dataclass(frozen=True, kw_only=True)
class TenantChoice:
    """A tenant that a person belongs to."""

    tenant_id: UUID
    slug: str
    name: str
    role: str


def sign_in(email: str, password: str, *, user_agent: str) -> str:
    """Open a session in the person's first tenant and return its secret token; raises WrongPassword."""
    with before_tenant() as connection:
        account = connection.execute(text("SELECT * FROM login_account(:email)"), {"email": email}).one_or_none()
    if not password_matches(account.password_hash if account else None, password) or account is None:
        message = "This e-mail address and password do not belong together"
        raise WrongPassword(message)
    choices = tenants_of(account.user_id)
    if not choices:
        message = "This account belongs to no team yet; ask an admin to add you"
        raise WrongPassword(message)
    return _open_session(account.user_id, choices[0], user_agent)


def tenants_of(user_id: UUID) -> list[TenantChoice]:
    """The tenants a person belongs to, by name."""
    with before_tenant() as connection:
        rows = connection.execute(text("SELECT * FROM login_memberships(:user_id)"), {"user_id": user_id})
        return [TenantChoice(tenant_id=r.tenant_id, slug=r.slug, name=r.name, role=r.role) for r in rows]


def switch_tenant(actor: Actor, tenant_id: UUID, *, user_agent: str) -> str:
    """Open a session of the same person in another of their tenants; raises NotFound for any other tenant."""
    if actor.user_id is None:
        message = "Only people can change their team"
        raise Forbidden(message)
    for choice in tenants_of(actor.user_id):
        if choice.tenant_id == tenant_id:
            return _open_session(actor.user_id, choice, user_agent)
    message = "There is no such team"
    raise NotFound(message)


def actor_of_session(token: str, *, door: str, request_id: str) -> Actor | None:
    """Who a session's token stands for, or None when it has ended."""
    row = look_up("SELECT * FROM session_actor(%s)", _digest(token))
    if row is None:
        return None
    return Actor(
        tenant_id=row.tenant_id,
        reference=f"user:{row.user_id}",
        role=Role(row.role),
        door=door,
        user_id=row.user_id,
        name=row.name,
        email=row.email,
        tenant_name=row.tenant_name,
        time_zone=row.time_zone,
        base_currency=row.base_currency,
        request_id=request_id,
    )


def sign_out(actor: Actor, token: str) -> None:
    """End the session, for every copy of its cookie."""
    with unit_of_work(actor) as work:
        work.session.execute(delete(UserSession).where(UserSession.token_hash == _digest(token)))


def _open_session(user_id: UUID, choice: TenantChoice, user_agent: str) -> str:
    token = secrets.token_urlsafe(32)
    actor = Actor(tenant_id=choice.tenant_id, reference=f"user:{user_id}", role=Role(choice.role), door="page")
    with unit_of_work(actor) as work:
        work.session.execute(
            insert(UserSession).values(
                tenant_id=choice.tenant_id,
                user_id=user_id,
                token_hash=_digest(token),
                user_agent=user_agent[:300],
                expires_at=datetime.now(UTC) + SESSION_LIFETIME,
            )
        )
    return token


def _digest(token: str) -> bytes:
    """Tokens carry 256 random bits, so a plain hash is enough to make a stolen table useless."""
    return hashlib.sha256(token.encode()).digest()
