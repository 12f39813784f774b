"""`deals api-key`: keys for other systems."""

from __future__ import annotations

import click

from deals_app.app import create_app
from deals_app.cli.options import answer, new_group, settings
from deals_app.embedded.instance import running_instance
from deals_app.services.accounts import actor_for_tenant
from deals_app.services.api_keys import KEY_ROLES, create_api_key


@new_group("api-key")
def command() -> None:
    """API keys of a tenant."""


@command.command("create")
@click.option("--tenant", required=True, help="The tenant's slug.")
@click.option("--name", required=True, help="What the key is for.")
@click.option("--role", default="admin", show_default=True, type=click.Choice([role.value for role in KEY_ROLES]))
def create(tenant: str, name: str, role: str) -> None:
    """Make a key. It is shown once and stored only as a hash."""
    with running_instance(settings()) as instance, create_app(instance).app_context():
        made = create_api_key(actor_for_tenant(tenant, reference="system:cli", door="cli"), name=name, role=role)
    answer({"key": made.key, "key_id": str(made.key_id)}, made.key)
