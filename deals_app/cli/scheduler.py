"""`deals scheduler`: the relay of the outbox, and what happens by the clock."""

from __future__ import annotations

from setproctitle import setproctitle

from deals_app.app import create_app
from deals_app.cli.options import new_command, require, settings
from deals_app.embedded.processes import tie_forks_to_this_process
from deals_app.jobs.relay import run_scheduler


@new_command("scheduler")
def command() -> None:
    """Relay the outbox and run what is due. Needs DATABASE_URL and REDIS_URL."""
    found = settings()
    require(found, "DATABASE_URL", "REDIS_URL")
    setproctitle("deals scheduler")
    tie_forks_to_this_process()
    run_scheduler(create_app(found))
