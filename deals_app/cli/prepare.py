"""`deals prepare`: what `deals up` does before its first request. A process of its own, so that up stays small."""

from __future__ import annotations

import click

from deals_app.app import create_app
from deals_app.cli.options import answer, new_command, settings
from deals_app.embedded.instance import running_instance
from deals_app.services import schema
from deals_app.services.demo.loading import demo_is_loaded, load_demo_once


@new_command("prepare")
@click.option("--demo/--no-demo", "with_demo", default=True, help="Load the demo tenant on the first start.")
def command(with_demo: bool) -> None:
    """Bring the schema up to date and load the demo tenant."""
    with running_instance(settings()) as instance:
        schema.upgrade(instance)
        with create_app(instance).app_context():
            logins = _demo() if with_demo else []
    rows = [{"tenant": tenant, "email": email, "password": password} for tenant, email, password in logins]
    answer(rows, "\n".join(f"{row['tenant']}: {row['email']} / {row['password']}" for row in rows))


def _demo() -> list[tuple[str, str, str]]:
    """The demo's logins; loading it takes a while, so that is said."""
    if not demo_is_loaded():
        click.echo("Loading the demo company with 14 months of history, once: some 15 seconds", err=True)
    return load_demo_once()


command.hidden = True
