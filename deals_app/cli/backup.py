"""`deals backup`: everything of an instance in one file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from deals_app.cli.options import answer, new_command, settings
from deals_app.embedded.instance import running_instance
from deals_app.services.backups.archive import Manifest
from deals_app.services.backups.taking import take_backup
from deals_app.settings import Settings


@new_command("backup")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file.")
def command(out: Path) -> None:
    """Write everything to a file: all tenants with their files, at one moment, also while the product runs.

    The file holds password hashes and, on an instance with a data directory, its secret key: keep it as safe as the
    instance. Secrets of the environment are not in it. What stood in the file before is replaced when all is there.
    """
    with running_instance(settings()) as instance:
        manifest = _write(out, instance)
    rows = {table.name: table.rows for table in manifest.tables}
    has_key = manifest.secret_key_sha256 is not None
    size_bytes = out.stat().st_size
    values = {"file": str(out), "size_bytes": size_bytes, "revision": manifest.revision, "has_secret_key": has_key}
    key = "with the secret key" if has_key else "without SECRET_KEY, which the environment has: keep it as well"
    text = f"{out}: {sum(rows.values()):,} rows of {len(rows)} tables, {size_bytes:,} bytes, {key}"
    answer({**values, "rows": rows}, text)


def _write(out: Path, instance: Settings) -> Manifest:
    """Beside the file first, for its owner's eyes only: half a backup must not look like one."""
    half = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            manifest = take_backup(instance, file)
            file.flush()
            os.fsync(file.fileno())
        half.replace(out)
    except OSError as error:
        message = f"{out}: {error.strerror}"
        raise click.ClickException(message) from error
    finally:
        half.unlink(missing_ok=True)
    return manifest
