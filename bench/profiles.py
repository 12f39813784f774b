"""Where the time of a move, a board and an import goes: by library, by statement, by function of ours.

Taken in this process, without server and client around it. The profiler makes Python code look slower than it is, so
statements are timed in a run of their own, each counted with its median.
"""

from __future__ import annotations

import contextvars
import cProfile
import http
import io
import pstats
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import psycopg
from flask import current_app
from sqlalchemy import select
from werkzeug.test import Client

from bench.imports import content
from bench.moves import STAGES, api_moves, deal_ids, new_keys
from bench.scene import PASSWORD, Scene, owner_of, token_in
from deals_app.domain.actor import Actor
from deals_app.models import OutboxRow
from deals_app.services.importing.intake import receive_file
from deals_app.services.importing.run import run_import
from deals_app.services.importing.starting import start_import
from deals_app.services.unit_of_work import reading

MOVES = 300
BOARDS = 20
LINES = 14
# Part of a path -> whose code it is; the first that fits. What is none of these is Python's own library.
PACKAGES = (
    ("/deals_app/", "our code"), ("/bench/", "the bench"), ("/sqlalchemy/", "SQLAlchemy"), ("/psycopg", "psycopg"),
    ("/jinja2/", "Jinja"), ("<template>", "Jinja"), ("/templates/", "Jinja"), ("/markupsafe/", "Jinja"),
    ("/redis/", "redis"), ("/limits/", "redis"), ("/pydantic", "pydantic, openapi3"),
    ("/flask_openapi3/", "pydantic, openapi3"), ("/flask", "Flask"), ("/werkzeug/", "Flask"),
    ("/itsdangerous/", "Flask"),
)  # fmt: skip


def profile_tables(made: Scene, deals: int) -> str:
    """Four tables."""
    imported, profiled = made.tenant("imported"), made.tenant("profiled")
    tables = [_table(f"an import of {deals:,} rows", 1, _import_of(imported, deals), _import_of(profiled, deals))]
    with psycopg.connect(made.conninfo, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
    move = partial(_repeat, _moving(imported), MOVES)
    move()
    tables.append(_table("a move by API", MOVES, move, move))
    browser = _SignedIn(imported)
    for title, times, once in (
        ("a move by drop", MOVES, browser.drop),
        (f"a board of {deals:,}", BOARDS, browser.show_board),
    ):
        again = partial(_repeat, once, times)
        again()
        tables.append(_table(title, times, again, again))
    return "\n\n".join(tables)


def _repeat(once: Callable[[], None], times: int) -> None:
    for _ in range(times):
        once()


def _import_of(actor: Actor, deals: int) -> Callable[[], Any]:
    start_import(actor, receive_file(actor, "bench.csv", io.BytesIO(content(deals))))
    with reading(actor) as session:
        outbox_id = session.scalar(select(OutboxRow.id).where(OutboxRow.job.is_not(None)))
    return lambda: run_import(str(actor.tenant_id), str(outbox_id))


def _moving(actor: Actor) -> Callable[[], None]:
    """One move through the whole application, each time another one."""
    requests = api_moves(new_keys(actor), deal_ids(actor, MOVES))
    client = _Outside(current_app.wsgi_app)
    asked = [next(requests)]

    def move() -> None:
        head, _, body = asked[0].partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        method, path, _ = line.split(" ")
        headers = dict(field.split(": ", 1) for field in fields)
        answer = client.open(path, method=method, headers=headers, data=body)
        _demand(answer)
        asked[0] = requests.send(answer.get_data(as_text=True))

    return move


class _SignedIn:
    """The browser of a tenant's owner, through the whole application."""

    def __init__(self, actor: Actor) -> None:
        self._client = _Outside(current_app.wsgi_app)
        token = token_in(self._client.get("/login").get_data(as_text=True))
        form = {"email": owner_of(actor.tenant_name), "password": PASSWORD, "csrf_token": token}
        self._client.post("/login", data=form)
        self._headers = {"HX-Request": "true", "X-CSRFToken": token_in(self._client.get("/").get_data(as_text=True))}
        self._places = ((deal_id, stage) for stage in cycle(STAGES) for deal_id in deal_ids(actor, MOVES))

    def drop(self) -> None:
        """A card into the next column."""
        deal_id, stage = next(self._places)
        form = {"stage": stage, "before": "", "after": ""}
        _demand(self._client.post(f"/deals/{deal_id}/move", data=form, headers=self._headers))

    def show_board(self) -> None:
        """The whole page."""
        _demand(self._client.get("/"))


def _demand(answer: Any) -> None:
    """What is refused measures nothing."""
    if answer.status_code != http.HTTPStatus.OK:
        raise RuntimeError(answer.get_data(as_text=True)[:500])


class _Outside(Client):
    """A client that does not share our application context: `g` is each request's own."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """In a context without anything."""
        return contextvars.Context().run(super().open, *args, **kwargs)


def _table(title: str, times: int, timed: Callable[[], Any], profiled: Callable[[], Any]) -> str:
    with _timed_statements() as statements:
        timed()
    profile = cProfile.Profile()
    profile.runcall(profiled)
    stats = pstats.Stats(profile)
    spent = {text: median(each) * len(each) for text, each in statements.items()}
    lines = [f"{title}: {sum(spent.values()) / times * 1000:.2f} ms in statements"]
    for text, seconds in sorted(spent.items(), key=lambda item: -item[1])[:LINES]:
        lines.append(f"{seconds / times * 1000:10.3f} ms {len(statements[text]) / times:6.1f} x  {text[:90]}")
    total, shares = _by_package(stats)
    lines.append(f"{total / times * 1000:.2f} ms under the profiler, by whose code it is")
    for name, seconds in sorted(shares.items(), key=lambda item: -item[1]):
        lines.append(f"{seconds / times * 1000:10.3f} ms {seconds / total:6.0%}    {name}")
    lines.append("and by our functions with what they call")
    for name, seconds in _ours(stats)[:LINES]:
        lines.append(f"{seconds / times * 1000:10.3f} ms           {name}")
    return "\n".join(lines)


@contextmanager
def _timed_statements() -> Iterator[dict[str, list[float]]]:
    """How long each statement took that goes through psycopg, COMMIT among them."""
    found: dict[str, list[float]] = defaultdict(list)
    execute, commit = psycopg.Cursor.execute, psycopg.Connection.commit

    def timed_execute(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        result = execute(self, query, *args, **kwargs)
        found[" ".join(_text(query).split())].append(time.perf_counter() - start)
        return result

    def timed_commit(self: Any) -> None:
        start = time.perf_counter()
        commit(self)
        found["COMMIT"].append(time.perf_counter() - start)

    with (
        patch.object(psycopg.Cursor, "execute", timed_execute),
        patch.object(psycopg.Connection, "commit", timed_commit),
    ):
        yield found


def _by_package(stats: Any) -> tuple[float, dict[str, float]]:
    """Own time of every function by its package; what is built in counts for whoever calls it."""
    shares: dict[str, float] = defaultdict(float)
    for function, (_, _, own, _, callers) in stats.stats.items():
        if function[0] != "~" or not callers:
            shares[_package(function)] += own
            continue
        for caller, (_, _, own_of_caller, _) in callers.items():
            shares[_package(caller)] += own_of_caller
    return sum(shares.values()), shares


def _package(function: tuple[str, int, str]) -> str:
    if function[2] == "wait" and function[0].endswith("psycopg/connection.py"):
        return "waiting for PostgreSQL"
    return next((package for part, package in PACKAGES if part in function[0]), "Python's library")


def _ours(stats: Any) -> list[tuple[str, float]]:
    """Functions of ours with the time spent in them and below, the longest first."""
    found = [
        (f"{Path(path).parent.name}/{Path(path).name} {name}", spent)
        for (path, _, name), (_, _, _, spent, _) in stats.stats.items()
        if "/deals_app/" in path and not name.startswith("<")
    ]
    return sorted(found, key=lambda item: -item[1])


def _text(query: Any) -> str:
    return query.decode() if isinstance(query, bytes) else str(query)
