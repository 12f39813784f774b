"""From text to records of cells, a bad one never taking others with it. Which records are deals is csv_reading.py."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# Python's own limit of a field, kept as ours: no deal has a cell of that size.
MAX_CELL_CHARACTERS: Final = 131_072
# A row that is longer has an unclosed quote, or was never a row; also what keeps memory from growing with the file.
MAX_ROW_CHARACTERS: Final = 1 << 20
_SHOWN_CHARACTERS: Final = 1000

_QUOTES_DO_NOT_ADD_UP: Final = (
    "the quotation marks in this line do not add up; one inside a quoted cell is written twice, and each has its end"
)
_TOO_LONG: Final = f"the row has more than {MAX_ROW_CHARACTERS:,} characters; is a quotation mark never closed?"

# After one of these nobody knows where the next row really begins.
LOST_TRACK: Final = frozenset({_QUOTES_DO_NOT_ADD_UP, _TOO_LONG})


@dataclass(frozen=True)
class RawRow:
    """A row as it stands in the file. `line` is the physical line it starts in, the first of the file being 1.

    With a `problem` (a sentence) the cells are only there to be shown; long ones are cut and a NUL is shown as ␀.
    """

    line: int
    cells: list[str]
    problem: str | None = None


class _Lines:
    """The physical lines of a text; remembers those of the record being read, and refuses a record without an end."""

    def __init__(self, text: io.TextIOBase) -> None:
        self.text = text
        self.number = 0
        self.of_record: list[str] = []
        self.characters = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.text.readline(MAX_ROW_CHARACTERS)
        if not line:
            raise StopIteration
        self.number += 1
        self.of_record.append(line)
        self.characters += len(line)
        if self.characters >= MAX_ROW_CHARACTERS:
            self._skip_to_line_end(line)
            raise csv.Error
        return line

    def start_record(self) -> int:
        """Forget the lines so far; the number of the line the next record starts in."""
        self.of_record = []
        self.characters = 0
        return self.number + 1

    def _skip_to_line_end(self, piece: str) -> None:
        while piece and not piece.endswith(("\n", "\r")):
            piece = self.text.readline(MAX_ROW_CHARACTERS)


def records(text: io.TextIOBase, delimiter: str) -> Iterator[RawRow]:
    """All rows of `text` (opened with newline=""), blank ones included, in constant memory.

    Where quotes do not add up, the line with the odd one is a row with the problem of `LOST_TRACK`, and reading
    goes on with the next physical line: one stray quote costs one row, and never swallows those below it.
    """
    # Process-wide, but only ever raised: the size of a row is limited above, that of a cell below.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_ROW_CHARACTERS))
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        start = lines.start_record()
        try:
            yield _checked(start, next(reader))
        except StopIteration:
            return
        except csv.Error:
            yield from _line_by_line(start, lines.of_record, delimiter)


def _line_by_line(start: int, lines: list[str], delimiter: str) -> Iterator[RawRow]:
    """What is left of a record whose quotes do not add up: its first line is refused, the others read on their own."""
    too_long = sum(map(len, lines)) >= MAX_ROW_CHARACTERS
    yield RawRow(start, [_shown(lines[0])], _TOO_LONG if too_long else _QUOTES_DO_NOT_ADD_UP)
    for number, line in enumerate(lines[1:], start + 1):
        try:
            for cells in csv.reader([line], delimiter=delimiter, strict=True, skipinitialspace=True):
                yield _checked(number, cells)
        except csv.Error:
            yield RawRow(number, [_shown(line)], _QUOTES_DO_NOT_ADD_UP)


def _checked(line: int, cells: list[str]) -> RawRow:
    row = "".join(cells)
    if "\0" not in row and len(row) <= MAX_CELL_CHARACTERS:
        return RawRow(line, cells)
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
