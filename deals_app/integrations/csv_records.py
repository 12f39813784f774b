"""From text to records of cells, a bad one never taking others with it. Which records are deals is csv_reading.py."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final, NamedTuple

# Python's own limit of a field, kept as ours: no deal has a cell of that size.
MAX_CELL_CHARACTERS: Final = 131_072
# A row that is longer has an unclosed quote, or was never a row; also what keeps memory from growing with the file.
MAX_ROW_CHARACTERS: Final = 1 << 20
_BATCH_CHARACTERS: Final = 1 << 16
_SHOWN_CHARACTERS: Final = 1000

_QUOTES_DO_NOT_ADD_UP: Final = (
    "the quotation marks in this line do not add up; one inside a quoted cell is written twice, and each has its end"
)
_TOO_LONG: Final = f"the row has more than {MAX_ROW_CHARACTERS:,} characters; is a quotation mark never closed?"

# After one of these nobody knows where the next row really begins.
LOST_TRACK: Final = frozenset({_QUOTES_DO_NOT_ADD_UP, _TOO_LONG})


class RawRow(NamedTuple):
    """A row as it stands in the file. `line` is the physical line it starts in, the first of the file being 1.

    With a `problem` (a sentence) the cells are only there to be shown; long ones are cut and a NUL is shown as ␀.
    """

    line: int
    cells: list[str]
    problem: str | None = None


class Dialect(NamedTuple):
    """How cells are told apart. A quote inside a quoted cell is written twice, or after the `escape` if one is set."""

    delimiter: str
    quote: str = '"'
    escape: str | None = None

    def reader(self, lines: Iterator[str]) -> Any:
        """The csv module's reader of these lines; it raises csv.Error where quotes do not add up."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            escapechar=self.escape,
            doublequote=self.escape is None,
            skipinitialspace=True,
            strict=True,
        )


class _Lines:
    """The physical lines of a text in batches; those of the record being read are kept, for the case that it fails.

    Taking lines one by one in Python would cost more than splitting them into cells does in C.
    """

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self._unfinished = ""
        self._kept: list[str] = []
        self._first_kept = 1
        # The line in which the record being read starts; whoever reads moves it.
        self.record = 1

    def __iter__(self) -> Iterator[str]:
        """The lines from the start of the record on."""
        return chain.from_iterable(self._batches())

    def between(self, first: int, last: int) -> list[str]:
        """These lines, both included, of the record being read."""
        return self._kept[first - self._first_kept : last + 1 - self._first_kept]

    def _batches(self) -> Iterator[list[str]]:
        if known := self._kept[self.record - self._first_kept :]:
            yield known
        while True:
            record = self._kept[self.record - self._first_kept :]
            if sum(map(len, record)) >= MAX_ROW_CHARACTERS:
                raise csv.Error
            batch = self._next_batch()
            if not batch:
                return
            self._kept = record + batch
            self._first_kept = self.record
            yield batch

    def _next_batch(self) -> list[str]:
        while piece := self._text.read(_BATCH_CHARACTERS):
            lines = io.StringIO(self._unfinished + piece, newline="").readlines()
            # A CR at the end may be half of a line end.
            self._unfinished = "" if lines[-1].endswith("\n") else lines.pop()
            if len(self._unfinished) >= MAX_ROW_CHARACTERS:
                lines.append(self._cut_line())
            if lines:
                return lines
        rest, self._unfinished = self._unfinished, ""
        return io.StringIO(rest, newline="").readlines()

    def _cut_line(self) -> str:
        """The beginning of a line without an end, with a NUL at its end as a mark; the rest of it is skipped."""
        cut, self._unfinished = self._unfinished[:MAX_ROW_CHARACTERS] + "\0\n", ""
        while piece := self._text.read(_BATCH_CHARACTERS):
            lines = io.StringIO(piece, newline="").readlines()
            if len(lines) > 1 or lines[0].endswith(("\n", "\r")):
                self._unfinished = "".join(lines[1:])
                break
        return cut


def records(text: io.TextIOBase, dialect: Dialect) -> Iterator[RawRow]:
    """All rows of `text` (opened with newline=""), blank ones included, in constant memory.

    Where quotes do not add up, the line with the odd one is a row with the problem of `LOST_TRACK`, and reading
    goes on with the next physical line: one stray quote costs one row, and never swallows those below it.
    """
    # Process-wide, but only ever raised: the size of a row is limited above, that of a cell below.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_ROW_CHARACTERS))
    lines = _Lines(text)
    while True:
        start = lines.record
        before = start - 1
        reader = dialect.reader(iter(lines))
        try:
            for cells in reader:
                lines.record = before + reader.line_num + 1
                yield checked(start, cells)
                start = lines.record
        except csv.Error:
            last = before + reader.line_num
            yield from _line_by_line(start, lines.between(start, last), dialect)
            lines.record = last + 1
        else:
            return


def _line_by_line(start: int, lines: list[str], dialect: Dialect) -> Iterator[RawRow]:
    """What is left of a record whose quotes do not add up: its first line is refused, the others read on their own."""
    too_long = sum(map(len, lines)) >= MAX_ROW_CHARACTERS
    yield RawRow(start, [_shown(lines[0])], _TOO_LONG if too_long else _QUOTES_DO_NOT_ADD_UP)
    for number, line in enumerate(lines[1:], start + 1):
        try:
            for cells in dialect.reader(iter([line])):
                yield checked(number, cells)
        except csv.Error:
            yield RawRow(number, [_shown(line)], _QUOTES_DO_NOT_ADD_UP)


def checked(line: int, cells: list[str]) -> RawRow:
    """A row of these cells; refused when a cell is too long or holds a NUL, which no database keeps."""
    row = "".join(cells)
    if "\0" not in row and len(row) <= MAX_CELL_CHARACTERS:
        return RawRow(line, cells)
    if len(row) >= MAX_ROW_CHARACTERS // 2:
        return RawRow(line, [_shown(cell) for cell in cells[:_SHOWN_CHARACTERS]], _TOO_LONG)
    for position, cell in enumerate(cells, 1):
        if "\0" in cell:
            problem = f"column {position} contains a NUL character; take it out"
            return RawRow(line, [_shown(each) for each in cells], problem)
        if len(cell) > MAX_CELL_CHARACTERS:
            problem = f"column {position} holds {len(cell):,} characters; {MAX_CELL_CHARACTERS:,} are the most"
            return RawRow(line, [_shown(each) for each in cells], problem)
    return RawRow(line, cells)


def _shown(cell: str) -> str:
    cell = cell.replace("\0", "␀").rstrip("\r\n")
    return cell if len(cell) <= _SHOWN_CHARACTERS else cell[:_SHOWN_CHARACTERS] + "…"
