"""`deals worker`: works off the queues."""

from __future__ import annotations

import click
from setproctitle import setproctitle

from deals_app.app import create_app
from deals_app.cli.options import new_command, require, settings
from deals_app.embedded.processes import tie_forks_to_this_process
from deals_app.jobs.worker import run_worker


@new_command("worker")
@click.option("--burst", is_flag=True, help="End when nothing is queued.")
def command(burst: bool) -> None:
    """Work off the queues. Needs DATABASE_URL and REDIS_URL."""
    found = settings()
    require(found, "DATABASE_URL", "REDIS_URL")
    setproctitle("deals worker")
    tie_forks_to_this_process()
    run_worker(create_app(found), burst=burst)
