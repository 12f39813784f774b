"""Looking at a whole file once: which kind it is, where its header stands, its way with figures and dates."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from deals_app.domain.dates import DateOrder, guess_order, open_date
from deals_app.domain.decimal_marks import DecimalMark, guess_decimal_mark
from deals_app.domain.matching import fold
from deals_app.integrations.csv_columns import guess_mapping, guess_preset
from deals_app.integrations.csv_reading import RawRow, rows
from deals_app.integrations.csv_shape import FileShape
from deals_app.integrations.file_kinds import Unreadable
from deals_app.integrations.file_layout import Candidate, Layout, Said, candidates, sheet_names
from deals_app.integrations.header_line import Header, column_names, find_header, is_blank_row, without_empty_end

_COLUMNS_SHOWN: Final = 8
_ROWS_SHOWN: Final = 5
_CHARACTERS_SHOWN: Final = 100
# Numbers and dates are judged by this many rows, so that a huge file is not read twice.
_JUDGED_ROWS: Final = 10_000
_DATE_FIELDS: Final = frozenset(
    {"close_date", "expected_close_date", "actual_close_date", "won_date", "lost_date", "created_at"}
)
# A quotation that begins within a cell, in many rows, and ends in another: the delimiter is not where we think. Inches
# and lone quotes are no such beginning.
_QUOTATION_BEGINS: Final = re.compile(r'\s"[^"\s][^"]*$')
_TORN_ROWS: Final = 10
_TORN_SHARE: Final = 1 / 4
_NOTHING_SAID: Final = Said()


class _Found(NamedTuple):
    layout: Layout
    header: Header
    # Of the sample: the rows below the header.
    below: list[RawRow]


def sniff(
    source: str | Path | BinaryIO,
    *,
    chosen: Mapping[str, str] | None = None,
    name_required: bool = True,
    said: Said = _NOTHING_SAID,
) -> FileShape:
    """Look at a whole file (a path, or a seekable binary stream, which is left open and at its start).

    `chosen` are columns somebody mapped by hand (see `guess_mapping`); they also help to find the header. `said` goes
    before what would be detected. `name_required=False` is for the mapping form, where a person still has to say which
    column is the name.

    Raises Unreadable for what is no table of deals: another kind of file, nothing in it, a header without rows, no
    column for the name. Raises csv_columns.MappingProblem when `chosen` does not fit.
    """
    with _binary(source) as stream:
        found = _best(candidates(stream, said), {fold(column) for column in chosen or {}}, said.header_line)
        _refuse_unclear(found, said)
        columns, remarks = column_names(found.header)
        preset = guess_preset(columns)
        mapping = guess_mapping(columns, preset, chosen=chosen)
        if name_required and "name" not in mapping.values():
            message = f"No column for the deal's name among {_listed(columns)}; name one “Deal Name” or map it"
            raise Unreadable(message)
        shape = FileShape(
            encoding=found.layout.encoding,
            delimiter=found.layout.dialect.delimiter,
            quote=found.layout.dialect.quote,
            escape=found.layout.dialect.escape,
            sheet=found.layout.sheet,
            sheets=sheet_names(stream),
            header=columns,
            header_line=found.header.line,
            decimal_mark=None,
            date_order="mdy",
            preset=preset,
            remarks=remarks,
        )
        shape = judged(stream, shape, mapping)
        stream.seek(0)
    return shape


@contextmanager
def _binary(source: str | Path | BinaryIO) -> Generator[BinaryIO]:
    if isinstance(source, str | Path):
        with Path(source).open("rb") as opened:
            yield opened
    else:
        yield source


def _best(tried: list[Candidate], wanted: set[str], header_line: int | None) -> _Found:
    """The layout under which the best header is found; among sheets, the first with a table."""
    best: tuple[tuple[bool | int | float, ...], _Found] | None = None
    for layout, sample in tried:
        header = find_header(sample, wanted, header_line)
        if header is None and layout.sheet is None:
            break
        if header is None:
            continue
        found = _Found(
            layout, header, [row for row in sample if row.line > header.line and not is_blank_row(row.cells)]
        )
        in_columns = header.width > 1
        score = (
            (header.known, in_columns, _fitting(found) * header.width)
            if layout.sheet is None
            else (header.known > 1 and in_columns, in_columns and bool(found.below), bool(found.below))
        )
        if best is None or score > best[0]:
            best = (score, found)
    if best is None:
        message = "The file has no rows"
        raise Unreadable(message)
    return best[1]


def _fitting(found: _Found) -> float:
    """Which part of the rows has no more cells than the header."""
    fit = sum(len(without_empty_end(row.cells)) <= found.header.width for row in found.below)
    return fit / max(len(found.below), 1)


def _refuse_unclear(found: _Found, said: Said) -> None:
    """Raise Unreadable for text that is no table under any delimiter: reading on would tear its cells apart."""
    if found.header.problem:
        message = f"The header in line {found.header.line} cannot be read: {found.header.problem}"
        raise Unreadable(message)
    if found.layout.sheet is not None or not found.below or said.header_line is not None:
        return
    torn = sum(_is_torn(row.cells) for row in found.below)
    if torn > max(_TORN_ROWS, len(found.below) * _TORN_SHARE):
        message = (
            f"The cells of line {found.header.line} and of those below it are not separated in one way; comma, "
            "semicolon, tab and | are understood, and quotation marks around cells that hold one of them"
        )
        raise Unreadable(message)


def _is_torn(cells: list[str]) -> bool:
    begun = next((index for index, cell in enumerate(cells, 1) if _QUOTATION_BEGINS.search(cell)), len(cells))
    return any('"' in cell for cell in cells[begun:])


def figure_columns(mapping: Mapping[str, str]) -> dict[str, str]:
    """The columns whose values say how a file writes figures and dates; under another mapping it is `judged` anew."""
    return {column: target for column, target in mapping.items() if target == "value" or target in _DATE_FIELDS}


def judged(stream: BinaryIO, shape: FileShape, mapping: Mapping[str, str]) -> FileShape:
    """The shape with what its first rows say about figures and dates. Raises Unreadable when it has none."""
    first = list(islice(rows(stream, shape), _JUDGED_ROWS))
    if not first:
        message = f"The file has a header ({_listed(shape.header)}) but no rows below it"
        raise Unreadable(message)
    amounts, dates = set[str](), dict[str, None]()
    for position, column in enumerate(shape.header):
        if mapping[column] == "value":
            amounts.update(row.cells[position] for row in first if position < len(row.cells))
        elif mapping[column] in _DATE_FIELDS:
            dates.update((row.cells[position], None) for row in first if position < len(row.cells))
    mark = guess_decimal_mark(amounts)
    return replace(
        shape,
        # The numbers of a sheet are written by us; only texts among them can say otherwise.
        decimal_mark=mark if shape.sheet is None else mark or ".",
        date_order=guess_order(dates) or _usual_order(shape.delimiter, mark),
        open_date=open_date(dates),
        first_line=first[0].line,
        first_rows=tuple(tuple(_shown(cell) for cell in row.cells) for row in first[:_ROWS_SHOWN]),
    )


def _usual_order(delimiter: str, mark: DecimalMark | None) -> DateOrder:
    """Semicolons and decimal commas come from places where the day is written first."""
    return "dmy" if delimiter == ";" or mark == "," else "mdy"


def _shown(cell: str) -> str:
    return cell if len(cell) <= _CHARACTERS_SHOWN else cell[:_CHARACTERS_SHOWN] + "…"


def _listed(columns: tuple[str, ...]) -> str:
    shown = ", ".join(f"“{name[:40]}”" for name in columns[:_COLUMNS_SHOWN])
    return shown if len(columns) <= _COLUMNS_SHOWN else shown + ", …"
