"""Alembic's entry: over the connection that `services/schema.py` hands in, or Flask-Migrate's app (`flask db …`)."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection


def run(connection: Connection) -> None:
    """All steps in one transaction: a half-migrated database does not exist."""
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with current_app.extensions["migrate"].db.engines["admin"].connect() as opened:
        run(opened)
