"""What a CSV file looks like before its rows are read: encoding, delimiter, header, its way with figures and dates."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from deals_app.domain.dates import DateOrder, guess_order
from deals_app.domain.decimal_marks import DecimalMark, guess_decimal_mark
from deals_app.domain.matching import fold, without_invisible
from deals_app.integrations.csv_columns import Preset, guess_mapping, guess_preset, known_target
from deals_app.integrations.csv_records import RawRow, records
from deals_app.integrations.csv_text import Unreadable, detect_encoding, open_text

_DELIMITERS: Final = (",", ";", "\t", "|")
# Excel's own hint in the first line; other programs show it as a row.
_SEP_LINE = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)
_HEADER_WITHIN_RECORDS: Final = 50
_COLUMNS_SHOWN: Final = 8
# Numbers and dates are judged by this many rows, so that a huge file is not read twice.
_JUDGED_ROWS: Final = 10_000
_DATE_FIELDS: Final = frozenset(
    {"close_date", "expected_close_date", "actual_close_date", "won_date", "lost_date", "created_at"}
)


@dataclass(frozen=True)
class FileShape:
    """How to read one file. `header` has no blank and no two equal names; trailing empty columns are cut off.

    `header_line` is the physical line the header starts in, the first being 1. `decimal_mark` None means that nothing
    settles it (see `money.parse_money`). `date_order` is how dates with slashes are read throughout the file.
    """

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_line: int
    decimal_mark: DecimalMark | None
    date_order: DateOrder
    preset: Preset | None

    def as_json(self) -> dict[str, Any]:
        """Plain types, for storing beside the import; `from_json` is the way back."""
        return {**asdict(self), "header": list(self.header)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> FileShape:
        """The shape that `as_json` made."""
        fields: dict[str, Any] = {**stored, "header": tuple(stored["header"])}
        return cls(**fields)


def sniff(
    source: str | Path | BinaryIO, *, chosen: Mapping[str, str] | None = None, name_required: bool = True
) -> FileShape:
    """Look at a whole file (a path, or a seekable binary stream, which is left open and at its start).

    `chosen` are columns somebody mapped by hand (see `guess_mapping`); they also help to find the header.
    `name_required=False` is for the mapping form, where a person still has to say which column is the name.

    Raises Unreadable for what is no table of deals: another kind of file, nothing in it, a header without rows, two
    columns of the same name, no column for the name. Raises csv_columns.MappingProblem when `chosen` does not fit.
    """
    with _binary(source) as stream:
        encoding = detect_encoding(stream)
        delimiter, header = _find_header(stream, encoding, chosen or {})
        columns = _column_names(header)
        preset = guess_preset(columns)
        mapping = guess_mapping(columns, preset, chosen=chosen)
        if name_required and "name" not in mapping.values():
            message = f"No column for the deal's name among {_listed(columns)}; name one “Deal Name” or map it"
            raise Unreadable(message)
        with read_records(stream, encoding, delimiter) as found:
            below = (row.cells for row in found if row.line > header.line and not is_blank_row(row.cells))
            mark, order = _judge(list(islice(below, _JUDGED_ROWS)), columns, mapping)
        stream.seek(0)
    # Semicolons and decimal commas come from places where the day is written first.
    day_first = delimiter == ";" or mark == ","
    return FileShape(
        encoding=encoding,
        delimiter=delimiter,
        header=columns,
        header_line=header.line,
        decimal_mark=mark,
        date_order=order or ("dmy" if day_first else "mdy"),
        preset=preset,
    )


@contextmanager
def _binary(source: str | Path | BinaryIO) -> Generator[BinaryIO]:
    if isinstance(source, str | Path):
        with Path(source).open("rb") as opened:
            yield opened
    else:
        yield source


@contextmanager
def read_records(stream: BinaryIO, encoding: str, delimiter: str) -> Generator[Iterator[RawRow]]:
    """All records of the stream from its start; the stream stays open afterwards."""
    text = open_text(stream, encoding)
    try:
        yield records(text, delimiter)
    finally:
        text.detach()


def _find_header(stream: BinaryIO, encoding: str, chosen: Mapping[str, str]) -> tuple[str, RawRow]:
    """The delimiter under which the best header is found, and that header."""
    text = open_text(stream, encoding)
    said = _SEP_LINE.fullmatch(text.readline(20))
    text.detach()
    wanted = {fold(column) for column in chosen}
    best: tuple[tuple[int, int, float], str, RawRow] | None = None
    for delimiter in (said[1],) if said else _DELIMITERS:
        with read_records(stream, encoding, delimiter) as found:
            sample = list(islice(found, 1 if said else 0, _HEADER_WITHIN_RECORDS))
        position, known = _header_position(sample, wanted)
        header = sample[position]
        width = len(_cut(header.cells))
        below = [row for row in sample[position + 1 :] if not is_blank_row(row.cells)]
        even = sum(len(_cut(row.cells)) <= width for row in below) / len(below) if below else 0.0
        score = (known, int(width > 1), even * width)
        if best is None or score > best[0]:
            best = (score, delimiter, header)
    assert best is not None  # noqa: S101 (for the types: there is always a delimiter to try)
    return best[1], best[2]


def _header_position(sample: list[RawRow], wanted: set[str]) -> tuple[int, int]:
    """Where in the sample the header most likely is, and how many of its names are known.

    The row with the most known names; where none is known, the first that is as full as most, or that cannot be read.
    """
    known = [len({fold(cell) for cell in row.cells if fold(cell) in wanted or known_target(cell)}) for row in sample]
    if known and max(known) > 0:
        return known.index(max(known)), max(known)
    filled = [sum(bool(cell.strip()) for cell in row.cells) for row in sample]
    if not filled or max(filled) == 0:
        message = "The file has no rows"
        raise Unreadable(message)
    typical = sorted(count for count in filled if count)[sum(map(bool, filled)) // 2]
    full = (
        index
        for index, (row, count) in enumerate(zip(sample, filled, strict=True))
        if row.problem or count >= min(typical, 2)
    )
    return next(full), 0


def _column_names(header: RawRow) -> tuple[str, ...]:
    if header.problem:
        message = f"The header in line {header.line} cannot be read: {header.problem}"
        raise Unreadable(message)
    names = tuple(
        without_invisible(cell).strip() or f"Column {position}" for position, cell in enumerate(_cut(header.cells), 1)
    )
    seen: dict[str, int] = {}
    for position, name in enumerate(names, 1):
        earlier = seen.setdefault(fold(name) or name, position)
        if earlier != position:
            message = (
                f"Columns {earlier} (“{names[earlier - 1]}”) and {position} (“{name}”) have the same name; rename or "
                "remove one of them"
            )
            raise Unreadable(message)
    return names


def _judge(
    cells: list[list[str]], columns: tuple[str, ...], mapping: Mapping[str, str]
) -> tuple[DecimalMark | None, DateOrder | None]:
    if not cells:
        message = f"The file has a header ({_listed(columns)}) but no rows below it"
        raise Unreadable(message)
    amounts, dates = set[str](), set[str]()
    for position, column in enumerate(columns):
        if mapping[column] == "value":
            amounts.update(row[position] for row in cells if position < len(row))
        elif mapping[column] in _DATE_FIELDS:
            dates.update(row[position] for row in cells if position < len(row))
    return guess_decimal_mark(amounts), guess_order(dates)


def _cut(cells: list[str]) -> list[str]:
    """Without the empty columns that spreadsheets leave at the end."""
    width = max((position for position, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return cells[:width]


def is_blank_row(cells: list[str]) -> bool:
    """True for an empty line and for one of delimiters only."""
    return not any(cell.strip() for cell in cells)


def _listed(columns: tuple[str, ...]) -> str:
    shown = ", ".join(f"“{name[:40]}”" for name in columns[:_COLUMNS_SHOWN])
    return shown if len(columns) <= _COLUMNS_SHOWN else shown + ", …"
