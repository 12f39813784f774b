"""A table as a workbook: real dates and numbers, and texts that are never formulas.

A ZIP's rows can only be sent once all are there, so the file is made on disk first; memory does not grow with it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO, Final, cast

from deals_app.domain.errors import Invalid
from deals_app.domain.formulas import disarmed
from deals_app.services.beside_hub import beside_the_hub
from deals_app.services.exporting.tables import Cell, Row, Table

PART_BYTES: Final = 256 * 1024
MOST_ROWS: Final = 1_048_575
MOST_COLUMNS: Final = 16_384
LONGEST_TEXT: Final = 32_767
# Spreadsheets keep 15 digits of a number, and know no day before this.
DIGITS: Final = 15
FIRST_DAY: Final = date(1900, 3, 1)


def as_workbook(table: Table) -> Generator[bytes]:
    """The file in parts. Raises Invalid when a sheet cannot hold the table."""
    with tempfile.TemporaryDirectory(prefix="deals-export-") as folder, tempfile.TemporaryFile(dir=folder) as stream:
        _write(table, folder, cast("BinaryIO", stream))
        stream.seek(0)
        while part := stream.read(PART_BYTES):
            yield part


def _write(table: Table, folder: str, stream: BinaryIO) -> None:
    import xlsxwriter  # pyright: ignore[reportMissingTypeStubs] (it has none)

    if len(table.columns) > MOST_COLUMNS:
        message = f"A sheet holds {MOST_COLUMNS:,} columns, and these are {len(table.columns):,}; export them as CSV"
        raise Invalid(message=message)
    # `constant_memory` keeps one row; the rest waits in `folder`, which goes away however this ends.
    workbook: Any = xlsxwriter.Workbook(stream, {"constant_memory": True, "tmpdir": folder, "use_zip64": True})
    sheet = _Sheet(workbook, table)
    try:
        for batch in table.batches:
            for row in batch:
                sheet.write(row)
    except BaseException:
        sheet.give_up()
        raise
    # Packing a hundred megabytes takes a second; other requests need not wait for it.
    beside_the_hub(workbook.close)


class _Sheet:
    """The one sheet, row after row."""

    def __init__(self, workbook: Any, table: Table) -> None:
        self._workbook = workbook
        self._sheet = workbook.add_worksheet(table.title)
        self._day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        self._numbers: dict[int, Any] = {}
        self._row = 0
        head = workbook.add_format({"bold": True, "bottom": 1})
        self._sheet.freeze_panes(1, 0)
        for position, column in enumerate(table.columns):
            self._sheet.set_column(position, position, column.width)
            self._sheet.write_string(0, position, disarmed(column.header), head)

    def write(self, cells: Row) -> None:
        """The next row. Raises Invalid below the last one that a sheet has."""
        if self._row == MOST_ROWS:
            message = f"A sheet holds {MOST_ROWS:,} rows, and these are more; export them as CSV, or fewer of them"
            raise Invalid(message=message)
        self._row += 1
        for position, cell in enumerate(cells):
            if cell is not None:
                self._write(position, cell)

    def give_up(self) -> None:
        """Close what the library keeps open until the workbook is closed."""
        self._sheet.row_data_fh.close()

    def _write(self, position: int, cell: Cell) -> None:
        if isinstance(cell, date) and cell >= FIRST_DAY:
            self._sheet.write_datetime(self._row, position, cell, self._day)
        elif isinstance(cell, Decimal | int) and len(str(cell).replace(".", "").lstrip("0")) <= DIGITS:
            self._sheet.write_number(self._row, position, cell, self._format_of(cell))
        else:
            # A text too long for a cell is left out, not cut: an import of a cut one would change what we have.
            text = disarmed(str(cell))
            if len(text) <= LONGEST_TEXT:
                self._sheet.write_string(self._row, position, text)

    def _format_of(self, number: Decimal | int) -> Any:
        """Thousands apart, and as many decimals as the number is written with."""
        places = -cast("int", number.as_tuple().exponent) if isinstance(number, Decimal) else 0
        if places not in self._numbers:
            code = "#,##0" + ("." + "0" * places if places else "")
            self._numbers[places] = self._workbook.add_format({"num_format": code})
        return self._numbers[places]
