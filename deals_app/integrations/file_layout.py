"""How a file is laid out, before anybody knows its columns: text in an encoding with delimiters, or a sheet."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

from deals_app.integrations.csv_records import Dialect, RawRow, records
from deals_app.integrations.csv_text import chosen_encoding, detect_encoding, open_text
from deals_app.integrations.file_kinds import Unreadable, is_workbook
from deals_app.integrations.workbook_rows import sheets_of, workbook_records

DELIMITERS: Final = (",", ";", "\t", "|")
QUOTES: Final = ('"', "'")
SAMPLE_RECORDS: Final = 200
_HEAD_CHARACTERS: Final = 1 << 16
_MAX_SHEETS_TRIED: Final = 30
# Excel's own hint in the first line; other programs show it as a row.
_SEP_LINE = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)


class Layout(NamedTuple):
    """Text (`sheet` is None), or a sheet of a workbook (then the rest means nothing)."""

    encoding: str
    dialect: Dialect
    sheet: str | None = None


@dataclass(frozen=True)
class Said:
    """What a person says of a file; None is what nobody said, and is detected.

    `header_line` is the physical line (of a sheet: the row) with the names of the columns, 0 says that there is none.
    """

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header_line: int | None = None
    sheet: str | None = None


class Candidate(NamedTuple):
    """A layout that may be the file's, and the first records under it."""

    layout: Layout
    sample: list[RawRow]


@contextmanager
def open_records(stream: BinaryIO, layout: Layout) -> Generator[Iterator[RawRow]]:
    """All records of the stream from its start; the stream stays open afterwards. Raises Unreadable."""
    if layout.sheet is not None:
        with workbook_records(stream, layout.sheet) as found:
            yield found
        return
    text = open_text(stream, layout.encoding)
    try:
        yield records(text, layout.dialect)
    finally:
        # Rows that were not taken to their end may be given up after their file was closed.
        if not stream.closed:
            text.detach()


def sheet_names(stream: BinaryIO) -> tuple[str, ...]:
    """The sheets somebody can choose from; none for a file of text."""
    return tuple(sheet.name for sheet in sheets_of(stream)) if is_workbook(stream) else ()


def candidates(stream: BinaryIO, said: Said) -> list[Candidate]:
    """The layouts the file may have, in the order of preference. Raises Unreadable."""
    if is_workbook(stream):
        layouts = _sheets(stream, said)
        return [Candidate(layout, _sample(stream, layout)) for layout in layouts]
    encoding = chosen_encoding(stream, said.encoding) if said.encoding else detect_encoding(stream)
    text = open_text(stream, encoding)
    head = text.read(_HEAD_CHARACTERS)
    text.detach()
    hint = _SEP_LINE.match(head)
    delimiters = (said.delimiter,) if said.delimiter else (hint[1],) if hint else DELIMITERS
    for sign in (*delimiters, said.quote or '"'):
        if len(sign) != 1 or sign in "\r\n\0":
            message = f"“{sign}” cannot separate or quote cells; give one character"
            raise Unreadable(message)
    return [_as_quoted(stream, encoding, delimiter, said.quote, head, after=bool(hint)) for delimiter in delimiters]


def _sheets(stream: BinaryIO, said: Said) -> list[Layout]:
    names = [sheet.name for sheet in sheets_of(stream)]
    if said.sheet is not None and said.sheet not in names:
        message = f"The workbook has no sheet “{said.sheet[:60]}”; it has " + ", ".join(f"“{name}”" for name in names)
        raise Unreadable(message)
    chosen = names[:_MAX_SHEETS_TRIED] if said.sheet is None else [said.sheet]
    return [Layout("", Dialect(""), name) for name in chosen]


def _as_quoted(
    stream: BinaryIO, encoding: str, delimiter: str, quote: str | None, head: str, *, after: bool
) -> Candidate:
    """The delimiter with the way of quoting that the first records have; `after` a line that is Excel's hint."""

    def tried(dialect: Dialect) -> Candidate:
        layout = Layout(encoding, dialect)
        return Candidate(layout, _sample(stream, layout)[int(after) :])

    if quote is not None:
        return tried(Dialect(delimiter, quote))
    best = tried(Dialect(delimiter))
    if '\\"' in head and _odd(best.sample):
        escaped = tried(Dialect(delimiter, escape="\\"))
        best = min(best, escaped, key=lambda candidate: _odd(candidate.sample))
    elif f'{delimiter}"' not in head and not head.startswith('"') and _has_cells_in(best.sample, "'"):
        best = tried(Dialect(delimiter, "'"))
    return best


def _sample(stream: BinaryIO, layout: Layout) -> list[RawRow]:
    with open_records(stream, layout) as found:
        return list(islice(found, SAMPLE_RECORDS))


def _odd(sample: list[RawRow]) -> int:
    return sum(row.problem is not None for row in sample)


def _has_cells_in(sample: list[RawRow], quote: str) -> bool:
    """Whether the first record has a cell with this sign at both ends, as a header in quotes has."""
    return any(
        len(cell) > 1 and cell.startswith(quote) and cell.endswith(quote) for row in sample[:1] for cell in row.cells
    )
