"""What is measured: the product as its own processes over engines of its own, and the bare application beside it."""

from __future__ import annotations

import http.cookiejar
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deals_app.app import create_app
from deals_app.domain.actor import Actor
from deals_app.embedded.processes import spawn, stop, wait_until
from deals_app.extensions import db
from deals_app.services.accounts import actor_for_tenant, create_tenant
from deals_app.settings import Settings
from tests.engines import TestEngines, running_engines
from tests.served import answers, free_port, served

WEB_WORKERS = 2
PASSWORD = "only for the bench"  # noqa: S105 (of a tenant that lives for minutes)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything that runs. `conninfo` is the superuser's, for the limits: no row security in their way."""

    engines: TestEngines
    settings: Settings
    conninfo: str
    folder: Path

    def tenant(self, slug: str) -> Actor:
        """A new tenant and an actor that may do everything in it."""
        create_tenant(slug=slug, name=slug, owner_email=owner_of(slug), owner_name="Bench", password=PASSWORD)
        return actor_of(slug)


def actor_of(slug: str) -> Actor:
    """An actor that may do everything in a tenant."""
    return actor_for_tenant(slug, reference="system:bench", door="cli")


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Engines and a migrated database, inside an application context."""
    with running_engines(folder / "engines") as engines:
        database = engines.database()
        settings = engines.settings(database)
        with create_app(settings).app_context():
            try:
                yield Scene(
                    engines=engines,
                    settings=settings,
                    conninfo=engines.postgres.conninfo(database=database),
                    folder=folder,
                )
            finally:
                for engine in db.engines.values():
                    engine.dispose()


@contextmanager
def product(made: Scene) -> Iterator[int]:
    """`deals web` and `deals worker`; the port of the first."""
    with served(made.settings, made.folder, web_workers=WEB_WORKERS, job_workers=1) as address:
        yield int(address.rpartition(":")[2])


@contextmanager
def bare_application(made: Scene) -> Iterator[int]:
    """The bare application (bench/bare.py) on the same server with as many workers; its port."""
    port = free_port()
    argv = [
        *(sys.executable, "-m", "gunicorn", "--no-control-socket", "--name", "bare"),
        *("--workers", str(WEB_WORKERS), "--bind", f"127.0.0.1:{port}"),
        *("--config", "python:deals_app.embedded.gunicorn_conf", "bench.bare:app"),
    ]
    environ = dict(os.environ) | {"BARE_CONNINFO": made.conninfo}
    with (made.folder / "bare.log").open("wb") as log:
        process = spawn(argv, environ=environ, output=log.fileno(), errors=subprocess.STDOUT)
        try:
            if not wait_until(lambda: answers(port), seconds=20, pause_seconds=0.05):
                raise RuntimeError((made.folder / "bare.log").read_text())
            yield port
        finally:
            stop(process, [(15, 5.0)])


@dataclass(frozen=True, kw_only=True)
class Browser:
    """A signed-in browser's cookie and the token its forms carry."""

    cookie: str
    token: str


def signed_in(port: int, slug: str) -> Browser:
    """A session of the tenant's owner, through the sign-in form."""
    address = f"http://127.0.0.1:{port}"
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    token = token_in(opener.open(f"{address}/login").read().decode())
    form = urllib.parse.urlencode({"email": owner_of(slug), "password": PASSWORD, "csrf_token": token})
    page = opener.open(f"{address}/login", form.encode()).read().decode()
    return Browser(cookie="; ".join(f"{cookie.name}={cookie.value}" for cookie in jar), token=token_in(page))


def token_in(page: str) -> str:
    """The token that a page's forms carry."""
    return page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]


def owner_of(slug: str) -> str:
    """The address its owner signs in with."""
    return f"owner@{slug}.example"
