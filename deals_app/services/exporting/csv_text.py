"""A table as CSV: RFC 4180, UTF-8 with the mark by which spreadsheets know it."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Generator, Iterable

from deals_app.domain.formulas import disarmed
from deals_app.services.exporting.tables import Cell, Row, Table


def as_csv(table: Table) -> Generator[bytes]:
    """The file in parts, a batch each, the header first."""
    yield codecs.BOM_UTF8 + _lines([[column.header for column in table.columns]])
    for batch in table.batches:
        yield _lines(batch)


def _lines(rows: Iterable[Row]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([*map(_written, row)] for row in rows)
    return text.getvalue().encode()


def _written(cell: Cell) -> str:
    """Numbers in plain digits, dates as ISO 8601 has them."""
    if isinstance(cell, str):
        return disarmed(cell)
    return "" if cell is None else str(cell)
