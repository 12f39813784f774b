"""Where the names of the columns stand, and what the columns are called. Which field each means is csv_columns.py."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from deals_app.domain.matching import fold, without_invisible
from deals_app.integrations.csv_columns import known_target
from deals_app.integrations.csv_records import RawRow
from deals_app.integrations.file_kinds import Unreadable

_WITHIN_RECORDS: Final = 50
# A header is about as full as the rows below it; titles and notes above it are not.
_FULL: Final = 0.6
# Dates, times, amounts, addresses: no column is called so, except by a year.
_DATA = re.compile(
    r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}.*|[0-9]{1,2}:[0-9]{2}.*|https?://.*|[^@\s]+@[^@\s]+\.[^@\s]+"
    r"|(?!(?:19|20)[0-9]{2}$)[^\w\s]{0,2}\s?-?[0-9][0-9.,' ]*\s?(?:%|[^\w\s]|[A-Z]{3})?"
)
_DATA_CELLS: Final = 2
_DATA_SHARE: Final = 1 / 3


class Header(NamedTuple):
    """Where rows begin: below `line`. `cells` are None where no line has the names; then there are `width` columns.

    `known` counts the names that are known; with a `problem` the line cannot be read.
    """

    line: int
    cells: list[str] | None
    width: int
    known: int = 0
    problem: str | None = None


def find_header(sample: list[RawRow], wanted: set[str], line: int | None = None) -> Header | None:
    """The header among these first records: the one with the most known names, or folded names `wanted`.

    Where none is known, the first that is as full as most, or that cannot be read; when that has data instead of
    names, there is no header. `line` is what a person said. None when there is no record that could be one.

    Raises Unreadable when no record begins in `line` or soon below it.
    """
    if line is not None:
        return _said_header(sample, line)
    first = sample[:_WITHIN_RECORDS]
    known = [len({fold(cell) for cell in row.cells if fold(cell) in wanted or known_target(cell)}) for row in first]
    if known and max(known) > 0:
        return _header(first[known.index(max(known))], max(known))
    filled = [sum(bool(cell.strip()) for cell in row.cells) for row in first]
    counts = sorted(filter(None, filled))
    if not counts:
        return None
    typical = counts[len(counts) // 2]
    least = max(min(typical, 2), typical * _FULL)
    row = next(row for row, count in zip(first, filled, strict=True) if row.problem or count >= least)
    is_data = not row.problem and _has_data(row.cells)
    return _without_header(sample, row.line - 1) if is_data else _header(row, 0)


def column_names(header: Header) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the columns, none blank and no two equal, and sentences about those the file has otherwise."""
    if header.cells is None:
        remark = "No line of the file looks like names of columns; they are called Column 1, Column 2, …"
        return tuple(f"Column {position}" for position in range(1, header.width + 1)), (remark,)
    names: list[str] = []
    remarks: list[str] = []
    taken: dict[str, int] = {}
    for position, cell in enumerate(without_empty_end(header.cells), 1):
        name = own = without_invisible(cell).strip() or f"Column {position}"
        number = 1
        while (fold(name) or name) in taken:
            number += 1
            name = f"{own} ({number})"
        if number > 1:
            first = taken[fold(own) or own]
            remarks.append(f"Columns {first} and {position} have the same name; the second is called “{name}” here")
        taken[fold(name) or name] = position
        names.append(name)
    return tuple(names), tuple(remarks)


def without_empty_end(cells: list[str]) -> list[str]:
    """Without the empty columns that spreadsheets leave at the end."""
    width = max((position for position, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return cells[:width]


def is_blank_row(cells: list[str]) -> bool:
    """True for an empty line and for one of delimiters only."""
    return not any(cell.strip() for cell in cells)


def _said_header(sample: list[RawRow], line: int) -> Header | None:
    if line == 0:
        return _without_header(sample, 0)
    row = next((row for row in sample if row.line >= line and not is_blank_row(row.cells)), None)
    if row is None:
        message = f"Line {line} is not among the first {len(sample)} of the file; name the line with the column names"
        raise Unreadable(message)
    return _header(row, 0)


def _header(row: RawRow, known: int) -> Header:
    return Header(row.line, row.cells, len(without_empty_end(row.cells)), known, row.problem)


def _without_header(sample: list[RawRow], line: int) -> Header | None:
    widths = [len(without_empty_end(row.cells)) for row in sample if row.line > line and not row.problem]
    width = max(widths, key=widths.count, default=0)
    return Header(line, None, width) if width else None


def _has_data(cells: list[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    data = sum(bool(_DATA.fullmatch(cell)) for cell in filled)
    return data >= _DATA_CELLS and data >= len(filled) * _DATA_SHARE
