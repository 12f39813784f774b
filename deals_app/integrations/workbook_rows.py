"""From a sheet of a workbook to records of texts, row by row: memory does not grow with the sheet."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, Final
from xml.parsers import expat

from deals_app.integrations.csv_records import MAX_CELL_CHARACTERS, RawRow, checked
from deals_app.integrations.workbook_package import Sheet, opened
from deals_app.integrations.workbook_strings import shared_strings
from deals_app.integrations.workbook_values import NumberText, number_texts, plain, unescaped
from deals_app.integrations.workbook_xml import DEEPEST, damage_is_told, feeding, new_parser, whole

# Beyond it a cell is a slip of the hand; a list of all of a sheet's columns for each row would be felt.
MAX_COLUMNS: Final = 1000
_DIGITS: Final = "0123456789"
_OUTSIDE: Final = "the row has a cell in column {:,}; only the first {:,} columns of a sheet are read"
_UNSOLVED: Final = (
    "column {} has a formula without its result; open the workbook in a spreadsheet program, save it and send it again"
)


@contextmanager
def workbook_records(stream: BinaryIO, sheet_name: str) -> Generator[Iterator[RawRow]]:
    """All rows of the sheet of this name (the first when there is none), numbered as the sheet numbers them.

    Cells up to the last one that is filled; where rows are missing, one without cells stands before the next. A merged
    cell has its text in its first place, a formula what it last gave. The stream stays open.

    Raises Unreadable, also while rows are taken, for what `workbook_package.opened` refuses.
    """
    with opened(stream) as package, shared_strings(package) as strings:
        named = [sheet for sheet in package.sheets if sheet.name == sheet_name]
        sheet = (named or list(package.sheets))[0]
        styles = number_texts(package)
        with package.open(sheet.part) as content:
            yield _records(content, strings.text, styles)


def sheets_of(stream: BinaryIO) -> list[Sheet]:
    """The sheets with cells, visible ones first. Raises Unreadable as `workbook_records` does."""
    with opened(stream) as package:
        return sorted(package.sheets, key=lambda sheet: sheet.hidden)


def _records(content: IO[bytes], shared: Callable[[str], str], styles: dict[str, NumberText]) -> Iterator[RawRow]:
    reader = _SheetReader(shared, styles)
    with damage_is_told():
        for _ in feeding(reader.parser, content):
            yield from reader.taken()


class _SheetReader:
    """The handlers of a sheet's XML; finished rows wait to be taken."""

    def __init__(self, shared: Callable[[str], str], styles: dict[str, NumberText]) -> None:
        self._shared = shared
        self._styles = styles
        self._rows: list[RawRow] = []
        self._columns: dict[str, int] = {}
        self._line = 0
        self._cells: list[str] = []
        self._problem = ""
        self._column = -1
        self._kind = ""
        self._formula = False
        self._style = ""
        self._pieces: list[str] = []
        self._prefix: str | None = None
        self._depth = 0
        self._within_reading = False
        self.parser = new_parser()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def taken(self) -> list[RawRow]:
        """The rows that are finished, once."""
        rows, self._rows = self._rows, []
        if sum(map(len, self._pieces)) > 2 * MAX_CELL_CHARACTERS:
            self._pieces[:] = ["".join(self._pieces)[: 2 * MAX_CELL_CHARACTERS]]
        return rows

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise expat.ExpatError
        if self._prefix is None:
            self._prefix = name[: name.rfind(":") + 1]
        if self._prefix:
            name = name.removeprefix(self._prefix)
        if name == "c":
            reference = attributes.get("r")
            self._column = self._column + 1 if reference is None else self._column_of(reference)
            self._kind = attributes.get("t", "n")
            self._style = attributes.get("s", "0")
            self._formula = False
        elif name == "v" or (name == "t" and not self._within_reading):
            self.parser.CharacterDataHandler = self._pieces.append
        elif name == "row":
            self._start_row(attributes.get("r", ""))
        elif name == "f":
            self._formula = True
        elif name == "rPh":
            self._within_reading = True

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._prefix:
            name = name.removeprefix(self._prefix)
        if name in {"v", "t"}:
            self.parser.CharacterDataHandler = None
        elif name == "c":
            if self._pieces:
                self._put("".join(self._pieces))
                self._pieces.clear()
            elif self._formula and self._kind != "str":
                # A result that is an empty text has that type; programs that do not calculate leave out both.
                self._problem = self._problem or _UNSOLVED.format(self._column + 1)
        elif name == "row":
            row = checked(self._line, self._cells)
            self._rows.append(row._replace(problem=self._problem) if self._problem and not row.problem else row)
        elif name == "rPh":
            self._within_reading = False

    def _start_row(self, number: str) -> None:
        line = max(whole(number), self._line + 1)
        if line > self._line + 1:
            self._rows.append(RawRow(line - 1, []))
        self._line = line
        self._cells = []
        self._problem = ""
        self._column = -1

    def _put(self, stored: str) -> None:
        kind = self._kind
        if kind == "s":
            text = self._shared(stored)
        elif kind == "n":
            text = self._styles.get(self._style, plain)(stored)
        elif kind == "b":
            text = "FALSE" if stored == "0" else "TRUE"
        else:
            text = unescaped(stored)
        cells, column = self._cells, self._column
        if not text:
            return
        if column >= MAX_COLUMNS:
            self._problem = self._problem or _OUTSIDE.format(column + 1, MAX_COLUMNS)
        elif column == len(cells):
            cells.append(text)
        elif column < len(cells):
            cells[column] = text
        else:
            cells.extend([""] * (column - len(cells)))
            cells.append(text)

    def _column_of(self, reference: str) -> int:
        """Of “C7”: 2. The letters are few, and the same in every row."""
        letters = reference.rstrip(_DIGITS)
        column = self._columns.get(letters)
        if column is None:
            column = -1
            for letter in letters[:4].upper():
                column = (column + 1) * 26 + ord(letter) - ord("A")
            column = max(column, 0)
            if len(self._columns) < MAX_COLUMNS:
                self._columns[letters] = column
        return column
