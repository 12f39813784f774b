"""Brings the database to the newest schema and says how far it is. Alembic is imported only when it is used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, text

import migrations
from deals_app.domain.errors import Unavailable

if TYPE_CHECKING:
    from alembic.config import Config

    from deals_app.settings import Settings

# Two machines that start at once must not migrate at once.
MIGRATION_LOCK = 7_305_021_184


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Migrate up as the owner of the schema, in one transaction."""
    from alembic import command

    _run(settings, lambda config: command.upgrade(config, revision))


def downgrade(settings: Settings, revision: str) -> None:
    """Migrate down, in one transaction."""
    from alembic import command

    _run(settings, lambda config: command.downgrade(config, revision))


def current_state(settings: Settings) -> tuple[str | None, str]:
    """(revision of the database or None, newest revision this code knows)."""
    from alembic.runtime.migration import MigrationContext

    engine = create_engine(settings.database_admin_url)
    try:
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    return current, newest_revision()


def newest_revision() -> str:
    """The revision this code was written for; raises Unavailable when the migrations are not installed."""
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    if head is None:
        message = "No migrations were found beside the code"
        raise Unavailable(message)
    return head


def _run(settings: Settings, command: Callable[[Config], None]) -> None:
    engine = create_engine(settings.database_admin_url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            command(_config(connection))
    finally:
        engine.dispose()


def _config(connection: Connection | None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config
