"""`deals restore`: a backup into an empty instance."""

from __future__ import annotations

from pathlib import Path

import click

from deals_app.cli.options import answer, new_command, settings
from deals_app.embedded.instance import running_instance
from deals_app.services.backups.restoring import restore_backup


@new_command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def command(file: Path) -> None:
    """Bring everything in FILE into an empty instance, all or nothing; start it (again) afterwards.

    An instance with anything in it is refused, as is a file that is damaged or of a newer release. One of an older
    release is brought up to date.
    """
    with running_instance(settings()) as instance:
        manifest = restore_backup(instance, file)
    rows = {table.name: table.rows for table in manifest.tables}
    values = {"file": str(file), "taken_at": manifest.taken_at.isoformat(), "rows": rows}
    answer(
        values,
        f"{sum(rows.values()):,} rows of {len(rows)} tables are back, as of {manifest.taken_at:%Y-%m-%d %H:%M} UTC",
    )
