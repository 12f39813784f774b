"""`deals tenant`: make tenants."""

from __future__ import annotations

import click

from deals_app.app import create_app
from deals_app.cli.options import answer, new_group, settings
from deals_app.embedded.instance import running_instance
from deals_app.services.accounts import create_tenant


@new_group("tenant")
def command() -> None:
    """Tenants: a company that uses Deals."""


@command.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="What people call the company.")
@click.option("--owner-email", required=True, help="Its first admin.")
@click.option("--owner-name", help="The admin's name; without it the part before the @.")
@click.option("--password", help="The admin's password; without it they cannot sign in yet.")
@click.option("--currency", default="USD", show_default=True, help="Base currency.")
def create(slug: str, name: str, owner_email: str, owner_name: str | None, password: str | None, currency: str) -> None:
    """Make a tenant with a workspace, the default pipeline and an admin."""
    with running_instance(settings()) as instance, create_app(instance).app_context():
        made = create_tenant(
            slug=slug,
            name=name,
            owner_email=owner_email,
            owner_name=owner_name,
            password=password,
            base_currency=currency,
        )
    values = {
        "tenant_id": str(made.tenant_id),
        "workspace_id": str(made.workspace_id),
        "user_id": str(made.user_id),
        "slug": made.slug,
    }
    answer(values, f"Made {made.slug}; {owner_email} is its admin.")
