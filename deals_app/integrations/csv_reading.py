"""From a file of a known shape to the rows that are deals: no header, no blank line, no total, no footer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, Literal, NamedTuple

from deals_app.integrations.csv_records import LOST_TRACK, RawRow
from deals_app.integrations.csv_shape import FileShape
from deals_app.integrations.file_layout import open_records
from deals_app.integrations.header_line import is_blank_row

__all__ = ["LeftOut", "RawRow", "rows"]

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
# How a row begins that may be blank or a total; asking this is cheaper than asking for that.
_UNUSUAL_START = re.compile(r"\s|$|total|grand|sub|overall|sum|gesamt|celkem", re.IGNORECASE)
# More lines of text under a table than this are no footer.
_FOOTER_LINES: Final = 20


class LeftOut(NamedTuple):
    """A line below the header that is no deal: what stands in it, and why it was left out."""

    line: int
    cells: list[str]
    why: Literal["footer", "total", "header"]


def _forget(_: LeftOut) -> None:
    """Nobody asked what was left out."""


def rows(stream: BinaryIO, shape: FileShape, leave_out: Callable[[LeftOut], None] = _forget) -> Iterator[RawRow]:
    """The rows below the header, in the order and with the line numbers of the file, in constant memory.

    Cells beyond the header are dropped when blank and a problem when not; missing ones stay missing in text, and are
    empty in a sheet. Totals (a word for it, and otherwise figures only) and repeated headers are left out wherever they
    stand, footers only at the end of the file. Once the quotes of a line did not add up, a row must have as many cells
    as the header: it might be the middle of a text.

    `leave_out` hears of every line that is neither blank nor a row. Raises Unreadable for a damaged workbook.
    """
    width, first_name = len(shape.header), shape.header[0]
    held: list[RawRow] = []
    after_blank = distrust = False
    with open_records(stream, shape.layout) as found:
        for row in found:
            line, cells, problem = row
            if line <= shape.header_line:
                continue
            # Nearly every row is one of these, and has none of the questions to answer that cost time.
            plain = len(cells) == width > 1 and cells[1] and problem is None and not _UNUSUAL_START.match(cells[0])
            if plain and not (held or after_blank or cells[0].startswith(first_name)):
                yield row
                continue
            if problem is None and is_blank_row(cells):
                after_blank = True
                continue
            distrust = distrust or problem in LOST_TRACK
            if _may_be_footer(row, shape, after_blank=after_blank or bool(held)) and len(held) < _FOOTER_LINES:
                held.append(row)
                continue
            for ready in (*held, row):
                if why := _left_out_for(ready, shape):
                    leave_out(LeftOut(ready.line, ready.cells, why))
                else:
                    yield _fitted(ready, shape, distrust=distrust)
            held.clear()
            after_blank = False
    for row in held:
        leave_out(LeftOut(row.line, row.cells, "footer"))


def _left_out_for(row: RawRow, shape: FileShape) -> Literal["total", "header"] | None:
    if row.problem:
        return None
    if _is_total(row.cells):
        return "total"
    return "header" if _is_header_again(row.cells, shape.header) else None


def _is_header_again(cells: list[str], header: tuple[str, ...]) -> bool:
    """As where several exports were pasted together; names made distinct end in a number here."""
    alike = 0
    for name, cell in zip(header, cells, strict=False):
        if text := cell.strip():
            if name != text and not name.startswith(f"{text} ("):
                return False
            alike += 1
    return alike > 1


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
        problem = f"the row has {len(row.cells)} cells, the header {width}"
        if shape.sheet is None:
            problem += "; a cell that holds the delimiter needs quotes"
        return RawRow(row.line, row.cells, problem)
    if shape.sheet is not None:
        return RawRow(row.line, row.cells + [""] * (width - len(row.cells)))
    if distrust and len(row.cells) < width:
        problem = f"the row has {len(row.cells)} cells, the header {width}, and quotes above it do not add up"
        return RawRow(row.line, row.cells, problem)
    return row
