"""Alice owns the deal, Bob is her team mate, Mona manages them, Ada administers, Charlie belongs to another tenant."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from deals_app.domain.actor import Actor, Role
from deals_app.services.accounts import actor_for_tenant, add_member, create_tenant
from deals_app.services.api_keys import create_api_key

PASSWORD = "correct horse battery"


@dataclass(frozen=True, kw_only=True)
class People:
    """Two tenants with their people; e-mail addresses are `<name>@acme.example`, Charlie's `charlie@other.example`."""

    tenant_id: UUID
    alice: Actor
    bob: Actor
    mona: Actor
    ada: Actor
    charlie: Actor

    def email(self, name: str) -> str:
        """The address of one of them."""
        return getattr(self, name).email


def make_people() -> People:
    """Make both tenants through the services; needs an application context."""
    acme = create_tenant(
        slug="acme", name="Acme", owner_email="ada@acme.example", owner_name="Ada Admin", password=PASSWORD
    )
    other = create_tenant(
        slug="other", name="Other", owner_email="charlie@other.example", owner_name="Charlie", password=PASSWORD
    )
    setup = actor_for_tenant("acme", reference="system:test", door="cli")
    actors = {"ada": _person(acme.tenant_id, acme.user_id, "Ada Admin", "ada@acme.example", Role.ADMIN)}
    for name, role in (("Alice", Role.REP), ("Bob", Role.REP), ("Mona", Role.MANAGER)):
        email = f"{name.lower()}@acme.example"
        user_id = add_member(setup, email=email, name=name, role=role.value, password=PASSWORD)
        actors[name.lower()] = _person(acme.tenant_id, user_id, name, email, role)
    charlie = _person(other.tenant_id, other.user_id, "Charlie", "charlie@other.example", Role.ADMIN)
    return People(tenant_id=acme.tenant_id, charlie=charlie, **actors)


def api_key(actor: Actor, role: str = "admin") -> dict[str, str]:
    """Headers with a new key of the actor's tenant; the actor must be an admin."""
    return {"Authorization": f"Bearer {create_api_key(actor, name='test', role=role).key}"}


def _person(tenant_id: UUID, user_id: UUID, name: str, email: str, role: Role) -> Actor:
    return Actor(
        tenant_id=tenant_id,
        reference=f"user:{user_id}",
        role=role,
        door="page",
        user_id=user_id,
        name=name,
        email=email,
        tenant_name="Acme",
    )
