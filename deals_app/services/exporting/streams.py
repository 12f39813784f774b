"""What is read while it is sent: one moment of the database, in batches, and a transaction that is never left open."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from typing import Final, TypeVar, cast

from sqlalchemy import text
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.services.statements import AnyRow, AnySelect
from deals_app.services.unit_of_work import looking

Item = TypeVar("Item")

ROWS_PER_BATCH: Final = 500
# Whoever stops reading loses the rest of the file: a connection and a snapshot are not kept for them for ever.
PATIENCE: Final = text("SET LOCAL idle_in_transaction_session_timeout = '120s'")


class Sent(Iterator[bytes]):
    """The parts of a file, the first already made: what is refused is refused before anything is sent.

    They are made in a context of their own: the transaction behind them is open for them alone, and whoever takes them
    may do other work in between. `close` ends it, however many were taken.
    """

    def __init__(self, parts: Generator[bytes]) -> None:
        self._parts = parts
        self._context = copy_context()
        self._first: bytes | None = self._context.run(next, parts, b"")

    def __next__(self) -> bytes:
        first, self._first = self._first, None
        return self._context.run(next, self._parts) if first is None else first

    def close(self) -> None:
        """End the transaction; nothing more comes."""
        self._context.run(self._parts.close)


@contextmanager
def one_moment(actor: Actor) -> Generator[Session]:
    """A read-only transaction in which every statement sees the same state of the database."""
    with looking(actor, at_one_moment=True) as work:
        work.session.execute(PATIENCE)
        yield work.session


def to_the_end(opened: ExitStack, items: Iterable[Item]) -> Iterator[Item]:
    """The items; with the last of them ends what was opened, however long the file then takes to be sent."""
    yield from items
    opened.close()


def batches(session: Session, statement: AnySelect) -> Iterator[list[AnyRow]]:
    """The rows of a statement by a cursor of the server: memory does not grow with their number."""
    with session.connection().execute(statement, execution_options={"yield_per": ROWS_PER_BATCH}) as found:
        for batch in found.partitions():
            yield cast("list[AnyRow]", batch)
