"""Keys of other systems: shown once, stored as a hash, with a role."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, insert, select, update

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid, NotFound
from deals_app.domain.lengths import LONGEST_NAME
from deals_app.domain.views import ApiKeyView
from deals_app.models import ApiKey
from deals_app.services.audit import record
from deals_app.services.lookups import look_up
from deals_app.services.unit_of_work import reading, unit_of_work

KEY_ROLES = (Role.REP, Role.MANAGER, Role.ADMIN, Role.INGEST)


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A key at the only moment when it can be read."""

    key_id: UUID
    key: str


def create_api_key(actor: Actor, *, name: str, role: str) -> NewKey:
    """Make a key `dk_<prefix>_<secret>`; raises Forbidden for others than admins, Invalid naming the field."""
    if not actor.administers:
        message = "Only admins make API keys"
        raise Forbidden(message)
    if role not in KEY_ROLES:
        raise Invalid(FieldProblem("role", f"must be one of {', '.join(KEY_ROLES)}"))
    if not 1 <= len(name := name.strip()) <= LONGEST_NAME:
        raise Invalid(FieldProblem("name", f"must have 1 to {LONGEST_NAME} characters"))
    prefix, secret = f"dk_{secrets.token_hex(5)}", secrets.token_urlsafe(32)
    with unit_of_work(actor) as work:
        key_id = work.session.scalars(
            insert(ApiKey)
            .values(tenant_id=actor.tenant_id, name=name, prefix=prefix, key_hash=_digest(secret), role=role)
            .returning(ApiKey.id)
        ).one()
        record(work, "api_key.created", f"api_key:{key_id}", {"name": name, "role": role})
    return NewKey(key_id=key_id, key=f"{prefix}_{secret}")


def revoke_api_key(actor: Actor, key_id: UUID) -> None:
    """End a key at once; raises Forbidden, NotFound."""
    if not actor.administers:
        message = "Only admins revoke API keys"
        raise Forbidden(message)
    with unit_of_work(actor) as work:
        found = work.session.scalar(
            update(ApiKey)
            .where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
            .values(revoked_at=func.now())
            .returning(ApiKey.id)
        )
        if found is None:
            message = "There is no such key"
            raise NotFound(message)
        record(work, "api_key.revoked", f"api_key:{key_id}", {})


def api_keys(actor: Actor) -> list[ApiKeyView]:
    """The tenant's keys without their secrets, newest first; none for others than admins."""
    if not actor.administers:
        return []
    with reading(actor) as session:
        rows = session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id.desc()))
        return [
            ApiKeyView(
                id=row.id,
                name=row.name,
                prefix=row.prefix,
                role=row.role,
                created_at=row.created_at,
                expires_at=row.expires_at,
                revoked_at=row.revoked_at,
                last_used_at=row.last_used_at,
            )
            for row in rows
        ]


@dataclass(frozen=True, kw_only=True)
class PresentedKey:
    """What somebody shows as a key, taken apart; whether it is one is not known yet."""

    prefix: str
    digest: bytes

    @classmethod
    def of(cls, text: str) -> PresentedKey | None:
        """`dk_<prefix>_<secret>`, where the secret's own alphabet has underscores too; None for what is no key."""
        scheme, _, rest = text.partition("_")
        prefix, _, secret = rest.partition("_")
        if scheme != "dk" or not text.isascii() or not text.isprintable():
            return None
        return cls(prefix=f"dk_{prefix}", digest=_digest(secret))

    @property
    def fingerprint(self) -> str:
        """What tells it from every other key, without being it."""
        return self.digest.hex()


def actor_of_key(key: PresentedKey, *, request_id: str) -> Actor | None:
    """Who a key stands for, or None when it is unknown, revoked or expired; raises Unavailable."""
    row = look_up("SELECT * FROM api_key_actor(%s, %s)", key.prefix, key.digest)
    if row is None:
        return None
    return Actor(
        tenant_id=row.tenant_id,
        reference=f"key:{row.key_id}",
        role=Role(row.role),
        door="api",
        name=row.name,
        tenant_name=row.tenant_name,
        time_zone=row.time_zone,
        base_currency=row.base_currency,
        request_id=request_id,
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
