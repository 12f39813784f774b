"""`deals db`: the schema."""

from __future__ import annotations

from deals_app.cli.options import answer, new_group, settings
from deals_app.embedded.instance import running_instance
from deals_app.services import schema


@new_group("db")
def command() -> None:
    """Look after the database."""


@command.command("upgrade")
def upgrade() -> None:
    """Bring the schema up to date."""
    with running_instance(settings()) as instance:
        schema.upgrade(instance)
        revision, _ = schema.current_state(instance)
    answer({"revision": revision}, f"The schema is at {revision}.")
