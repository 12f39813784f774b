"""`make bench`: what the product does in a second, as a share of the physical limit measured in the same run."""

from __future__ import annotations

import http.cookiejar
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import click
import psycopg

from bench.load import Request, per_second
from deals_app.app import create_app
from deals_app.domain.actor import Actor
from deals_app.embedded.processes import spawn, stop, wait_until
from deals_app.extensions import db
from deals_app.models import OutboxRow
from deals_app.services.accounts import actor_for_tenant, create_tenant
from deals_app.services.api_keys import create_api_key
from deals_app.services.importing.intake import receive_file, start_import
from deals_app.services.importing.run import run_import
from deals_app.services.queries.deal_pages import Narrowing, deal_page
from deals_app.services.unit_of_work import reading
from tests.engines import TestEngines, running_engines
from tests.served import answers, free_port, served

DEALS = 10_000
STAGES = ("lead", "qualified", "proposal", "negotiation")
PASSWORD = "only for the bench"  # noqa: S105


def main() -> None:
    """Measure, print the table, write bench.json."""
    with tempfile.TemporaryDirectory() as folder, running_engines(Path(folder) / "engines") as engines:
        settings = engines.settings(engines.database())
        app = create_app(settings)
        with app.app_context():
            create_tenant(slug="bench", name="Bench", owner_email="b@x.example", owner_name="B", password=PASSWORD)
            actor = actor_for_tenant("bench", reference="system:bench", door="cli")
            rows_per_second, copied_per_second = _import(engines, actor)
            key = create_api_key(actor, name="bench", role="admin").key
            ids = [str(view.id) for view in deal_page(actor, Narrowing(), page=1, page_size=800).items]
            with served(settings, Path(folder), web_workers=2) as address:
                port = int(address.rpartition(":")[2])
                moves = per_second(port, lambda client: _moves(key, ids[client * 100 : client * 100 + 100]))
                cookie = _session_cookie(address)
                boards = per_second(port, lambda _: cycle([Request(method="GET", path="/", headers=cookie)]))
            with _bare(engines, settings.database_url, Path(folder)) as port:
                updates = per_second(port, _updates)
                plain = per_second(port, lambda _: cycle([Request(method="GET", path="/bare/board", headers={})]))
            for engine in db.engines.values():
                engine.dispose()
    table = {
        "moves": (moves, updates, "a bare Flask route: UPDATE, COMMIT"),
        f"board of {DEALS:,}": (boards, plain, "a bare Flask route: the same sums and cards"),
        f"import of {DEALS:,}": (rows_per_second, copied_per_second, "COPY of the same rows into the same table"),
    }
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    for name, (achieved, limit, what) in table.items():
        share = f"{achieved:10,.0f}/s of {limit:10,.0f}/s = {achieved / limit:5.2f}"
        click.echo(f"{name:18} {share}   the limit is {what}")
    click.echo(f"peak memory of one process: {peak // 1024} MB")
    Path("bench.json").write_text(json.dumps({**table, "peak_kilobytes": peak}, indent=2))


def _import(engines: TestEngines, actor: Actor) -> tuple[float, float]:
    """Rows per second of the whole job, and of a COPY of the same rows into the same table with its indexes."""
    lines = [f"{n},Deal {n},Company {n % 500},{n}.50,{STAGES[n % 4]},2027-03-01" for n in range(DEALS)]
    content = "\n".join(["Record ID,Deal Name,Company,Amount,Deal Stage,Close Date", *lines]).encode()
    start_import(actor, receive_file(actor, "bench.csv", io.BytesIO(content)))
    with reading(actor) as session:
        outbox_id = session.query(OutboxRow.id).filter(OutboxRow.job.is_not(None)).scalar()
    start = time.monotonic()
    run_import(str(actor.tenant_id), str(outbox_id))
    imported = DEALS / (time.monotonic() - start)
    database = db.engine.url.database
    with psycopg.connect(engines.postgres.conninfo(database=database or "")) as connection:
        connection.execute("CREATE TABLE copied (LIKE deals INCLUDING ALL)")
        rows = connection.execute("SELECT * FROM deals").fetchall()
        out = io.BytesIO()
        with connection.cursor() as cursor, cursor.copy("COPY deals TO STDOUT") as copy:
            out.writelines(copy)
        start = time.monotonic()
        with connection.cursor() as cursor, cursor.copy("COPY copied FROM STDIN") as copy:
            copy.write(out.getvalue())
        connection.commit()
        copied = len(rows) / (time.monotonic() - start)
        connection.execute("DROP TABLE copied")
        connection.execute("ANALYZE")
    return imported, copied


def _moves(key: str, ids: list[str]) -> Iterator[Request]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    for stage in cycle(STAGES):
        for deal_id in ids:
            path = f"/api/v1/customer-mgmt/deals/{deal_id}/stage"
            yield Request(method="PUT", path=path, headers=headers, body=json.dumps({"stage": stage}))


def _updates(client: int) -> Iterator[Request]:
    return cycle([Request(method="PUT", path=f"/bare/{client * 100 + n}", headers={}) for n in range(100)])


def _session_cookie(address: str) -> dict[str, str]:
    """A signed-in session, through the sign-in form."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = browser.open(f"{address}/login").read().decode()
    token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    form = urllib.parse.urlencode({"email": "b@x.example", "password": PASSWORD, "csrf_token": token})
    browser.open(f"{address}/login", form.encode()).read()
    return {"Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)}


@contextmanager
def _bare(engines: TestEngines, database_url: str, folder: Path) -> Iterator[int]:
    """The bare application on the same server, over the same database."""
    conninfo = engines.postgres.conninfo(database=database_url.partition("@/")[2].partition("?")[0])
    with psycopg.connect(conninfo) as connection:
        connection.execute("CREATE TABLE bare (id integer PRIMARY KEY, n integer NOT NULL DEFAULT 0)")
        connection.execute("INSERT INTO bare (id) SELECT generate_series(0, 1000)")
    port = free_port()
    argv = [
        *(sys.executable, "-m", "gunicorn", "--no-control-socket", "--workers", "2", "--bind", f"127.0.0.1:{port}"),
        *("--config", "python:deals_app.embedded.gunicorn_conf", "bench.bare:app"),
    ]
    log = (folder / "bare.log").open("wb")
    process = spawn(
        argv, environ=dict(os.environ) | {"BARE_CONNINFO": conninfo}, output=log.fileno(), errors=subprocess.STDOUT
    )
    try:
        wait_until(lambda: answers(port), seconds=20, pause_seconds=0.05)
        yield port
    finally:
        stop(process, [(15, 5.0)])
        log.close()


main()
