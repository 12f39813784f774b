"""Tenants and their people: made by the command line and by admins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, exc, func, insert, select, text
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import AlreadyExists, FieldProblem, Forbidden, Invalid, NotFound
from deals_app.domain.lengths import LONGEST_EMAIL_ADDRESS, LONGEST_NAME
from deals_app.domain.stages import DEFAULT_STAGES
from deals_app.domain.views import MemberView
from deals_app.models import Membership, Tenant, User, Workspace
from deals_app.services.audit import record
from deals_app.services.outbox import system_actor
from deals_app.services.passwords import MINIMUM_LENGTH, hash_password
from deals_app.services.pipelines import insert_pipeline
from deals_app.services.straight import Straight
from deals_app.services.unit_of_work import before_tenant, reading, unit_of_work

MEMBERS = Straight(
    select(User.id, User.name, User.email, Membership.role, User.is_active)
    .join(Membership, Membership.user_id == User.id)
    .order_by(func.lower(User.name), User.id)
)
SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|[^@\s]+@localhost")
MEMBER_ROLES = (Role.REP, Role.MANAGER, Role.ADMIN)


@dataclass(frozen=True, kw_only=True)
class NewTenant:
    """What `deals tenant create` answers."""

    tenant_id: UUID
    workspace_id: UUID
    user_id: UUID
    slug: str


def create_tenant(
    *, slug: str, name: str, owner_email: str, owner_name: str | None, password: str | None, base_currency: str = "USD"
) -> NewTenant:
    """Make a tenant with its default workspace, default pipeline and an admin, in one go.

    Works as the schema's owner (DATABASE_ADMIN_URL): no tenant can make another. Raises Invalid, AlreadyExists.
    """
    if not SLUG.fullmatch(slug):
        raise Invalid(FieldProblem("slug", "must be lower-case letters, digits and hyphens, at most 63"))
    account = _checked_account(owner_email, owner_name or owner_email.partition("@")[0], password)
    if not 1 <= len(name := name.strip()) <= LONGEST_NAME:
        raise Invalid(FieldProblem("name", f"must have 1 to {LONGEST_NAME} characters"))
    # Row security lets a tenant's row in only under its own id, so the id is made first.
    with before_tenant() as connection:
        tenant_id: UUID = connection.execute(select(func.new_id())).scalar_one()
    actor = system_actor(tenant_id, "system:setup", "cli")
    try:
        with unit_of_work(actor, as_owner=True) as work:
            work.session.execute(insert(Tenant).values(id=tenant_id, slug=slug, name=name, base_currency=base_currency))
            workspace_id = work.session.scalars(
                insert(Workspace).values(tenant_id=tenant_id, name="Main", is_default=True).returning(Workspace.id)
            ).one()
            insert_pipeline(work, workspace_id, name="Sales Pipeline", stages=DEFAULT_STAGES, is_default=True)
            user_id = _insert_member(work.session, tenant_id, account, Role.ADMIN)
            record(work, "tenant.created", f"tenant:{tenant_id}", {"slug": slug})
    except exc.IntegrityError as error:
        message = f"A tenant with the slug {slug!r} exists already"
        raise AlreadyExists(message) from error
    return NewTenant(tenant_id=tenant_id, workspace_id=workspace_id, user_id=user_id, slug=slug)


def add_member(actor: Actor, *, email: str, name: str, role: str, password: str | None) -> UUID:
    """Add a person; one who is known keeps name and password. Raises Forbidden, Invalid, AlreadyExists."""
    if not actor.administers:
        message = "Only admins add people"
        raise Forbidden(message)
    if role not in MEMBER_ROLES:
        raise Invalid(FieldProblem("role", f"must be one of {', '.join(MEMBER_ROLES)}"))
    account = _checked_account(email, name, password)
    try:
        with unit_of_work(actor) as work:
            user_id = _insert_member(work.session, actor.tenant_id, account, Role(role))
            record(work, "member.added", f"user:{user_id}", {"role": role})
    except exc.IntegrityError as error:
        message = f"{email} is a member already"
        raise AlreadyExists(message) from error
    return user_id


def members(actor: Actor) -> list[MemberView]:
    """The tenant's people by name."""
    with reading(actor) as session:
        return member_views(session)


def member_views(through: Connection | Session) -> list[MemberView]:
    """The people of the transaction's tenant by name."""
    return [
        MemberView(id=row.id, name=row.name, email=row.email, role=row.role, is_active=row.is_active)
        for row in MEMBERS.rows(through)
    ]


def actor_for_tenant(slug: str, *, reference: str, door: str) -> Actor:
    """A system actor for the tenant with this slug, for commands; raises NotFound."""
    with before_tenant() as connection:
        row = connection.execute(text("SELECT * FROM tenant_of_slug(:slug)"), {"slug": slug}).one_or_none()
    if row is None:
        message = f"There is no tenant {slug!r}; `deals tenant create {slug} …` makes it"
        raise NotFound(message)
    return Actor(
        tenant_id=row.tenant_id,
        reference=reference,
        role=Role.SYSTEM,
        door=door,
        name="Command line",
        tenant_name=row.tenant_name,
        time_zone=row.time_zone,
        base_currency=row.base_currency,
    )


@dataclass(frozen=True)
class _Account:
    email: str
    name: str
    password_hash: str | None


def _checked_account(email: str, name: str, password: str | None) -> _Account:
    problems: list[FieldProblem] = []
    if not EMAIL.fullmatch(email.strip()) or len(email) > LONGEST_EMAIL_ADDRESS:
        problems.append(FieldProblem("email", f"{email!r} is not an e-mail address"))
    if not 1 <= len(name.strip()) <= LONGEST_NAME:
        problems.append(FieldProblem("name", f"must have 1 to {LONGEST_NAME} characters"))
    if password is not None and len(password) < MINIMUM_LENGTH:
        problems.append(FieldProblem("password", f"must have at least {MINIMUM_LENGTH} characters"))
    if problems:
        raise Invalid(*problems)
    return _Account(email.strip(), name.strip(), hash_password(password) if password else None)


def _insert_member(session: Session, tenant_id: UUID, account: _Account, role: Role) -> UUID:
    user_id: UUID = session.scalars(
        select(func.register_user(account.email, account.name, account.password_hash))
    ).one()
    session.execute(insert(Membership).values(tenant_id=tenant_id, user_id=user_id, role=role.value))
    return user_id


def owner_ids_by_text(people: Sequence[MemberView]) -> dict[str, UUID]:
    """How a file or another system may name an owner: id, e-mail or name, case folded. Ambiguous names are left out."""
    by_text: dict[str, UUID] = {}
    names = [person.name.casefold() for person in people]
    for person in people:
        by_text[str(person.id)] = person.id
        by_text[person.email.casefold()] = person.id
        if names.count(person.name.casefold()) == 1:
            by_text.setdefault(person.name.casefold(), person.id)
    return by_text
