"""`deals user`: add people to tenants."""

from __future__ import annotations

import click

from deals_app.app import create_app
from deals_app.cli.options import answer, new_group, settings
from deals_app.embedded.instance import running_instance
from deals_app.services.accounts import MEMBER_ROLES, actor_for_tenant, add_member


@new_group("user")
def command() -> None:
    """People of a tenant."""


@command.command("create")
@click.option("--tenant", required=True, help="The tenant's slug.")
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice([role.value for role in MEMBER_ROLES]))
@click.option("--password", help="Without it they cannot sign in yet.")
def create(tenant: str, email: str, name: str, role: str, password: str | None) -> None:
    """Add a person; one who is known already keeps name and password."""
    with running_instance(settings()) as instance, create_app(instance).app_context():
        actor = actor_for_tenant(tenant, reference="system:cli", door="cli")
        user_id = add_member(actor, email=email, name=name, role=role, password=password)
    answer({"user_id": str(user_id)}, f"Added {email} to {tenant} as {role}.")
