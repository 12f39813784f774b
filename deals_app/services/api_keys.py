"""Keys of other systems: shown once, stored as a hash, with a role, perhaps narrowed to scopes and with an end."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, update

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid, NotFound
from deals_app.domain.lengths import LONGEST_NAME
from deals_app.domain.scopes import scope_problems
from deals_app.domain.views import ApiKeyView
from deals_app.models import ApiKey
from deals_app.services.audit import record
from deals_app.services.lookups import look_up
from deals_app.services.unit_of_work import reading, unit_of_work

KEY_ROLES = (Role.REP, Role.MANAGER, Role.ADMIN, Role.INGEST)
MOST_DAYS = 3650


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A key at the only moment when it can be read."""

    key_id: UUID
    key: str


def create_api_key(
    actor: Actor, *, name: str, role: str, scopes: Sequence[str] | None = None, expires_at: datetime | None = None
) -> NewKey:
    """Make a key `dk_<prefix>_<secret>`; a key that makes one gives it no more than it has, and no longer.

    Without `scopes` it may all that its role may; without `expires_at` it ends with its maker, where that is a key.
    Raises Forbidden for others than admins, Invalid naming each wrong field.
    """
    _demand_admin(actor, "make")
    problems = [*_field_problems(name := name.strip(), role), *scope_problems(actor, scopes)]
    prefix, secret = f"dk_{secrets.token_hex(5)}", secrets.token_urlsafe(32)
    with unit_of_work(actor) as work:
        latest = work.session.scalar(select(ApiKey.expires_at).where(ApiKey.id == _own_id(actor)))
        problems += _expiry_problems(expires_at := expires_at or latest, latest)
        if problems:
            raise Invalid(*problems)
        kept = sorted(set(scopes)) if scopes else None
        key_id = work.session.scalars(
            insert(ApiKey)
            .values(tenant_id=actor.tenant_id, name=name, prefix=prefix, key_hash=_digest(secret), role=role)
            .values(scopes=kept, expires_at=expires_at)
            .returning(ApiKey.id)
        ).one()
        told = {"name": name, "role": role, "scopes": kept, "expires_at": expires_at and expires_at.isoformat()}
        record(work, "api_key.created", f"api_key:{key_id}", told)
    return NewKey(key_id=key_id, key=f"{prefix}_{secret}")


def expiry_in(days: int) -> datetime:
    """When a key ends that is made now for so many days; raises Invalid for a number that makes no sense."""
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(FieldProblem("expires_in_days", f"must be 1 to {MOST_DAYS}"))
    return datetime.now(UTC) + timedelta(days=days)


def revoke_api_key(actor: Actor, key_id: UUID) -> None:
    """End a key at once; raises Forbidden, NotFound."""
    _demand_admin(actor, "revoke")
    with unit_of_work(actor) as work:
        found = work.session.scalar(
            update(ApiKey)
            .where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
            .values(revoked_at=func.now())
            .returning(ApiKey.id)
        )
        if found is None:
            raise _no_such_key()
        record(work, "api_key.revoked", f"api_key:{key_id}", {})


def api_keys(actor: Actor) -> list[ApiKeyView]:
    """The tenant's keys without their secrets, newest first; raises Forbidden for others than admins."""
    _demand_admin(actor, "see")
    with reading(actor) as session:
        rows = session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id.desc()))
        return [_view(row) for row in rows]


def api_key(actor: Actor, key_id: UUID) -> ApiKeyView:
    """One key without its secret; raises Forbidden, NotFound."""
    _demand_admin(actor, "see")
    with reading(actor) as session:
        row = session.scalar(select(ApiKey).where(ApiKey.id == key_id))
        if row is None:
            raise _no_such_key()
        return _view(row)


def _view(row: ApiKey) -> ApiKeyView:
    return ApiKeyView(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        role=row.role,
        scopes=None if row.scopes is None else tuple(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


def _demand_admin(actor: Actor, verb: str) -> None:
    if not actor.administers:
        message = f"Only admins {verb} API keys"
        raise Forbidden(message)


def _no_such_key() -> NotFound:
    message = "There is no such key"
    return NotFound(message)


def _field_problems(name: str, role: str) -> list[FieldProblem]:
    problems: list[FieldProblem] = []
    if not 1 <= len(name) <= LONGEST_NAME:
        problems.append(FieldProblem("name", f"must have 1 to {LONGEST_NAME} characters"))
    if role not in KEY_ROLES:
        problems.append(FieldProblem("role", f"must be one of {', '.join(KEY_ROLES)}"))
    return problems


def _own_id(actor: Actor) -> UUID | None:
    """The id of the key that asks; None for people and for our own commands."""
    kind, _, own_id = actor.reference.partition(":")
    return UUID(own_id) if kind == "key" else None


def _expiry_problems(expires_at: datetime | None, latest: datetime | None) -> list[FieldProblem]:
    """`latest` is the end of the key that makes this one: what it makes must not outlive it."""
    if expires_at is None:
        return []
    if expires_at <= datetime.now(UTC):
        return [FieldProblem("expires_at", "must be in the future")]
    if latest is not None and expires_at > latest:
        return [FieldProblem("expires_at", f"must not be after the end of this key itself, {latest.isoformat()}")]
    return []


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
        scopes=None if row.scopes is None else frozenset(row.scopes),
        door="api",
        name=row.name,
        tenant_name=row.tenant_name,
        time_zone=row.time_zone,
        base_currency=row.base_currency,
        request_id=request_id,
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
