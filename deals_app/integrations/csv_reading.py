"""From a file of a known shape to the rows that are deals: no header, no blank line, no total, no footer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from deals_app.integrations.csv_records import LOST_TRACK, RawRow
from deals_app.integrations.csv_shape import FileShape, is_blank_row, read_records

__all__ = ["RawRow", "rows"]

# Salesforce ends its reports with the first three; the rest is what other systems and people put under a table.
_FOOTER = re.compile(
    r"grand totals?\b.*|confidential information\b.*|copyright\b.*|©.*|all rights reserved.*|generated (by|on|at)\b.*"
    r"|exported (by|on|at|from)\b.*|(report|data) (generated|as of)\b.*|\(?[0-9,. ]+ (records?|rows?|deals?)\)?"
    r"|end of (report|file|list).*|source:.*",
    re.IGNORECASE | re.DOTALL,
)
_TOTAL = re.compile(
    r"(?:grand |sub[ -]?|overall )?totals?(?: \([0-9,. ]+ \w+\))?:?"
    r"|(?:sum|summe|gesamt|gesamtsumme|total général|celkem):?",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"[^A-Za-z]{0,4}[0-9][0-9.,'\s%]*[^A-Za-z]{0,4}(?:[A-Z]{3})?")
# More lines of text under a table than this are no footer.
_FOOTER_LINES: Final = 20


def rows(stream: BinaryIO, shape: FileShape) -> Iterator[RawRow]:
    """The rows below the header, in the order and with the line numbers of the file, in constant memory.

    Cells beyond the header are dropped when blank and a problem when not; missing ones stay missing. Totals (a word for
    it, and otherwise figures only) are left out wherever they stand, footers only at the end of the file. Once the
    quotes of a line did not add up, a row must have as many cells as the header: it might be the middle of a text.
    """
    held: list[RawRow] = []
    after_blank = distrust = False
    with read_records(stream, shape.encoding, shape.delimiter) as found:
        for row in found:
            if row.line <= shape.header_line:
                continue
            if is_blank_row(row.cells):
                after_blank = True
                continue
            distrust = distrust or row.problem in LOST_TRACK
            if _may_be_footer(row, shape, after_blank=after_blank or bool(held)) and len(held) < _FOOTER_LINES:
                held.append(row)
                continue
            for ready in (*held, row):
                if not _is_total(ready.cells):
                    yield _fitted(ready, shape, distrust=distrust)
            held.clear()
            after_blank = False


def _may_be_footer(row: RawRow, shape: FileShape, *, after_blank: bool) -> bool:
    """A line with one text and nothing else, below a blank line or in a footer's words; a footer if no row follows."""
    if len(row.cells) > 1 and row.cells[0].strip() and row.cells[1].strip():
        return False
    texts = [cell for cell in row.cells if cell and not cell.isspace()]
    if row.problem or len(texts) != 1 or len(shape.header) == 1:
        return False
    return bool(_FOOTER.fullmatch(texts[0].strip())) or (after_blank and len(row.cells) == 1)


def _is_total(cells: list[str]) -> bool:
    texts = (text for cell in cells if (text := cell.strip()))
    return bool(_TOTAL.fullmatch(next(texts))) and all(_FIGURE.fullmatch(text) for text in texts)


def _fitted(row: RawRow, shape: FileShape, *, distrust: bool) -> RawRow:
    width = len(shape.header)
    if row.problem or len(row.cells) == width:
        return row
    if is_blank_row(row.cells[width:]):
        row = RawRow(row.line, row.cells[:width])
    if len(row.cells) > width:
        problem = (
            f"the row has {len(row.cells)} cells, the header {width}; a cell that holds the delimiter needs quotes"
        )
        return RawRow(row.line, row.cells, problem)
    if distrust and len(row.cells) < width:
        problem = f"the row has {len(row.cells)} cells, the header {width}, and quotes above it do not add up"
        return RawRow(row.line, row.cells, problem)
    return row
