"""`deals import`: the same import as the page and the API."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import click

from deals_app.app import create_app
from deals_app.blueprints.api.sales_imports import import_object
from deals_app.cli.options import answer, new_command, settings
from deals_app.domain.actor import Actor
from deals_app.domain.errors import Unavailable
from deals_app.domain.import_views import ImportView
from deals_app.embedded.instance import running_instance
from deals_app.embedded.processes import spawn
from deals_app.jobs.worker import workers_alive
from deals_app.services.accounts import actor_for_tenant
from deals_app.services.importing.intake import receive_file
from deals_app.services.importing.starting import start_import
from deals_app.services.queries.imports import import_view
from deals_app.settings import Settings, environment_for_children

POLL_SECONDS = 0.2
PRESETS = ("hubspot", "salesforce", "pipedrive", "generic")


@new_command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tenant", required=True, help="The tenant's slug.")
@click.option("--map", "pairs", multiple=True, metavar="COLUMN=FIELD", help="What a column is; may be repeated.")
@click.option("--preset", type=click.Choice(PRESETS), help="Whose export it is; without it the columns tell.")
@click.option("--wait", is_flag=True, help="Show the progress and print the summary.")
def command(file: Path, tenant: str, pairs: tuple[str, ...], preset: str | None, wait: bool) -> None:
    """Queue a file of deals for import."""
    with running_instance(settings()) as instance, create_app(instance).app_context():
        actor = actor_for_tenant(tenant, reference="system:cli", door="cli")
        with file.open("rb") as stream:
            import_id = receive_file(actor, file.name, stream, chosen=_mapping(pairs), preset=preset)
        start_import(actor, import_id)
        view = _watched(actor, import_id, instance) if wait else import_view(actor, import_id)
    answer(import_object(view), _summary(view))
    if view.state == "failed":
        raise SystemExit(1)


def _mapping(pairs: tuple[str, ...]) -> dict[str, str] | None:
    """`Column=field` texts as a mapping; a column's own name may hold equals signs."""
    for pair in pairs:
        if "=" not in pair:
            message = f"{pair!r} is not of the form Column=field"
            raise click.BadParameter(message, param_hint="--map")
    return {column: field for column, _, field in (pair.rpartition("=") for pair in pairs)} or None


def _watched(actor: Actor, import_id: UUID, instance: Settings) -> ImportView:
    """Follow the import to its end with a progress bar on stderr; where no worker runs, start one for it."""
    view = import_view(actor, import_id)
    helper = None
    if not workers_alive():
        argv = [sys.executable, "-m", "deals_app.cli", "worker", "--burst"]
        helper = spawn(argv, environ=environment_for_children(instance), output=subprocess.DEVNULL)
    with click.progressbar(length=1000, label="Importing", file=sys.stderr, item_show_func=_pace) as bar:
        done = 0
        while not view.is_finished:
            time.sleep(POLL_SECONDS)
            is_alone = helper is not None and helper.poll() is not None
            view = import_view(actor, import_id)
            if is_alone and not view.is_finished:
                message = "The worker ended before the import did; `deals up` goes on with it"
                raise Unavailable(message)
            share = view.processed * 1000 // view.total if view.total else 0
            bar.update(share - done, view)
            done = share
        bar.update(1000 - done, view)
    return view


def _pace(view: ImportView | None) -> str | None:
    """Behind the bar, which says itself how long it will take."""
    return f"{view.rows_per_second:,} rows a second" if view is not None and view.rows_per_second else None


def _summary(view: ImportView) -> str:
    if view.problem:
        return f"{view.filename}: {view.problem}"
    if not view.is_finished:
        return f"{view.filename} is queued as {view.id}"
    return (
        f"{view.filename}: {view.processed} rows: {view.created} created, {view.updated} updated,"
        f" {view.unchanged} unchanged, {view.failed} rejected{f', {view.skipped} left out' if view.skipped else ''}"
    )
