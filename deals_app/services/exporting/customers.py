"""Customers as a file: those of the list, by name, as they were at one moment."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from typing import Final
from zoneinfo import ZoneInfo

from deals_app.domain.actor import Actor
from deals_app.domain.views import CustomerView
from deals_app.services.exporting.streams import Sent, batches, one_moment, to_the_end
from deals_app.services.exporting.tables import Cell, Column, Table, Writer
from deals_app.services.queries.customers import customers_named
from deals_app.services.statements import AnyRow

COLUMNS: Final = (
    Column("ID", 38), Column("Name", 36), Column("Kind", 12), Column("Domain", 26), Column("Churn risk", 11),
    Column("Open deals", 11), Column("Won deals", 11), Column("Created on", 12),
)  # fmt: skip


def customers_table(actor: Actor, q: str, write: Writer) -> Sent:
    """The customers whose name or domain has `q`, as a table; the risk of losing one from 0 to 1. Close it."""
    return Sent(_table(actor, q, write))


def customers_lines(actor: Actor, q: str, as_line: Callable[[CustomerView], str]) -> Sent:
    """The same one by one, each as `as_line` writes it on a line of its own. Close it."""
    return Sent(_lines(actor, q, as_line))


def _table(actor: Actor, q: str, write: Writer) -> Generator[bytes]:
    zone = ZoneInfo(actor.time_zone)
    with ExitStack() as opened:
        session = opened.enter_context(one_moment(actor))
        rows = ([_row(row, zone) for row in batch] for batch in batches(session, customers_named(q)))
        yield from write(Table("Customers", COLUMNS, to_the_end(opened, rows)))


def _lines(actor: Actor, q: str, as_line: Callable[[CustomerView], str]) -> Generator[bytes]:
    with one_moment(actor) as session:
        yield b""
        for batch in batches(session, customers_named(q)):
            yield "".join(f"{as_line(_view(row))}\n" for row in batch).encode()


def _view(row: AnyRow) -> CustomerView:
    return CustomerView(
        id=row.id,
        name=row.name,
        kind=row.kind,
        domain=row.domain,
        churn_risk=row.churn_risk,
        open_deals=row.open_deals,
        won_deals=row.won_deals,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _row(row: AnyRow, zone: ZoneInfo) -> list[Cell]:
    return [
        str(row.id),
        row.name,
        row.kind,
        row.domain,
        row.churn_risk,
        row.open_deals,
        row.won_deals,
        row.created_at.astimezone(zone).date(),
    ]
