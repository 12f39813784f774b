"""`deals up`: everything on one machine, in one command."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import click

from deals_app.cli.options import new_command, settings
from deals_app.embedded.instance import sole_instance
from deals_app.embedded.processes import EmbeddedError, kill_group, spawn
from deals_app.embedded.stop_signals import StopRequested, StopSignals
from deals_app.embedded.supervisor import Child, Supervisor
from deals_app.settings import DEFAULT_PUBLIC_URL, Settings, environment_for_children

_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (read here, bound only when asked for)


@new_command("up")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(0), help="RQ worker processes.")
@click.option("--no-demo", is_flag=True, help="Do not load the demo tenant on the first start.")
def command(host: str, port: int, workers: int, no_demo: bool) -> None:
    """Run everything: PostgreSQL and Redis (unless DATABASE_URL, REDIS_URL are set), web, workers, scheduler."""
    found = settings()
    if found.public_url == DEFAULT_PUBLIC_URL:
        found = replace(found, public_url=_url(_ANY_ADDRESS.get(host, host), port))
    with StopSignals() as signals, contextlib.suppress(StopRequested), contextlib.ExitStack() as stack:
        with signals.interrupting():
            _refuse_taken_port(host, port)
            instance, engines = stack.enter_context(sole_instance(found))
            logins = _prepare(instance, with_demo=not no_demo)

        def announce() -> None:
            click.echo(f"Ready on {_url(host, port)}")
            for login in logins:
                click.echo(f"  {login['tenant']}: {login['email']} / {login['password']}")
            click.echo(f"Logs are in {instance.data_dir / 'logs'}. Ctrl-C stops everything.")
            sys.stdout.flush()

        Supervisor(
            engines=engines,
            children=_children(instance, host, port, workers),
            is_ready=lambda: _answers(_ANY_ADDRESS.get(host, host), port),
            on_ready=announce,
            notify=lambda message: click.echo(message, err=True),
        ).run(signals)


def _children(instance: Settings, host: str, port: int, workers: int) -> list[Child]:
    commands = {"web": ["web", "--host", host, "--port", str(port)], "scheduler": ["scheduler"]}
    commands |= {f"worker-{number}": ["worker"] for number in range(1, workers + 1)}
    environ = environment_for_children(instance, DEALS_SUPERVISOR_PID=str(os.getpid()))
    return [Child(name, [*_ourselves(), *words], environ, instance.data_dir) for name, words in commands.items()]


def _ourselves() -> list[str]:
    """How to call `deals`: by its script where there is one, so that the command line reads `deals web`."""
    script = Path(sys.argv[0])
    return (
        [sys.executable, str(script.absolute())] if script.name == "deals" else [sys.executable, "-m", "deals_app.cli"]
    )


def _prepare(instance: Settings, *, with_demo: bool) -> list[dict[str, str]]:
    """Run `deals prepare`; returns the demo's logins. Its complaints go to our own stderr."""
    argv = [*_ourselves(), "prepare", "--json", "--demo" if with_demo else "--no-demo"]
    process = spawn(argv, environ=environment_for_children(instance), output=subprocess.PIPE, errors=None)
    try:
        output, _ = process.communicate()
    except BaseException:
        kill_group(process)
        raise
    if process.returncode != 0:
        message = f"The database could not be brought up to date (exit {process.returncode})"
        raise EmbeddedError(message)
    return json.loads(output)


def _refuse_taken_port(host: str, port: int) -> None:
    """Say so now; gunicorn would only say it in its log, again and again."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as problem:
        message = f"Cannot listen on {host}:{port} ({problem.strerror}): choose another --host or --port"
        raise EmbeddedError(message) from problem


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
