"""`deals web`: becomes gunicorn, before anything heavy is imported."""

from __future__ import annotations

import os
import sys

import click

from deals_app.cli.options import new_command, require, settings
from deals_app.settings import environment_for_children


@new_command("web")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1), help="Web processes.")
def command(host: str, port: int, workers: int) -> None:
    """Serve the pages and the APIs. Needs DATABASE_URL and REDIS_URL."""
    found = settings()
    require(found, "DATABASE_URL", "REDIS_URL")
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    argv = [
        *(sys.executable, "-m", "gunicorn", "--name", "deals web", "--no-control-socket"),
        *("--config", "python:deals_app.embedded.gunicorn_conf"),
        *("--bind", address, "--workers", str(workers)),
        "deals_app.app:create_app_from_environment()",
    ]
    # The parent-death signal survives an exec, and gunicorn patches gevent in an interpreter that is still clean.
    os.execve(sys.executable, argv, environment_for_children(found))  # noqa: S606 (our own interpreter, no shell meant)
