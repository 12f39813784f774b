"""`deals export`: every deal of a tenant in a file, so that nothing is locked in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import click

from deals_app.app import create_app
from deals_app.blueprints.exports import KINDS, exported_deals
from deals_app.cli.options import answer, new_command, settings
from deals_app.embedded.instance import running_instance
from deals_app.services.accounts import actor_for_tenant
from deals_app.services.exporting.deals import DealsWanted
from deals_app.services.queries.filters import DealFilter


@new_command("export")
@click.option("--tenant", required=True, help="The tenant's slug.")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file; .csv, .xlsx and .jsonl say which kind.",
)
def command(tenant: str, out: Path) -> None:
    """Write every deal to a file, as it is now; what stood in the file before is replaced when all is there."""
    kind = out.suffix.lower().removeprefix(".")
    if kind not in KINDS:
        message = f"{out.name} is of no kind that is written: its name ends in .{', .'.join(KINDS)}"
        raise click.BadParameter(message, param_hint="--out")
    with running_instance(settings()) as instance, create_app(instance).app_context():
        actor = actor_for_tenant(tenant, reference="system:cli", door="cli")
        with closing(exported_deals(actor, kind, DealsWanted(filter=DealFilter()))) as parts:
            size_bytes = _write(out, parts)
    answer({"file": str(out), "size_bytes": size_bytes}, f"{out}: {size_bytes:,} bytes")


def _write(out: Path, parts: Iterable[bytes]) -> int:
    """Beside the file first: half an export must not look like one."""
    half = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with half.open("wb") as file:
            file.writelines(parts)
        return half.replace(out).stat().st_size
    except OSError as error:
        message = f"{out}: {error.strerror}"
        raise click.ClickException(message) from error
    finally:
        half.unlink(missing_ok=True)
