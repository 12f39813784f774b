"""A table on its way into a file: its columns, and its rows as values of the kinds a cell can have."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

# None is an empty cell. Money is a Decimal in major units with all the decimals of its currency.
Cell = str | Decimal | int | date | None
Row = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Column:
    """`header` is what an import of ours recognises; `width` is in characters, for sheets."""

    header: str
    width: int = 14


@dataclass(frozen=True, slots=True)
class Table:
    """`title` names the sheet; the rows come in batches, each as long as `columns`."""

    title: str
    columns: Sequence[Column]
    batches: Iterable[Iterable[Row]]


Writer = Callable[[Table], Generator[bytes]]
