"""Files polluted in known ways (Pollock) and real ones of governments: read as their clean version, refused, or listed.

The tables below are what is not perfect. A file that is not in them is read exactly as its clean version says.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from deals_app.integrations.file_kinds import Unreadable
from deals_app.integrations.sources.csv_file import FileShape, LeftOut, RawRow, rows, sniff

# The rows of Pollock's table.
WHOLE = 83


class Differs(NamedTuple):
    """How what we read differs from the clean version, in rows, and why that is right or cannot be helped."""

    why: str
    right: int = WHOLE
    other: int = 0
    refused: int = 0
    header: bool = True


REFUSED = {
    "file_no_payload.csv": "The file is empty",
    "file_header_only.csv": "has a header .* but no rows below it",
    "file_field_delimiter_0x20.csv": "are not separated in one way",
    "row_extra_quote0_col0.csv": "The header in line 1 cannot be read: the quotation marks in this line do not add up",
}
DIFFERS = {
    "file_escape_char_0x00.csv": Differs(
        "NUL before quotes: six rows are refused, as no database keeps a NUL", 77, 0, 6
    ),
    "file_escape_char_0x5C.csv": Differs("a backslash before an apostrophe is an escape here as well", 82, 1),
    "file_header_multirow_2.csv": Differs("the second header is left out, where Pollock joins both", header=False),
    "file_header_multirow_3.csv": Differs("the other headers are left out, where Pollock joins all", header=False),
    "file_multitable_less.csv": Differs("two tables: the second one's rows come too, or are refused", WHOLE, 20, 62),
    "file_multitable_more.csv": Differs(
        "two tables: the second one's rows come too, but for a broken one", WHOLE, 81, 1
    ),
    "file_multitable_same.csv": Differs(
        "two tables: the second one's rows come too, but for a broken one", WHOLE, 81, 1
    ),
    "file_no_header.csv": Differs("no header: the columns are numbered, and that is said", header=False),
    "file_quotation_char_0x27.csv": Differs(
        "apostrophes within texts in apostrophes: those rows are refused", 49, 1, 33
    ),
    "row_extra_quote40_col3.csv": Differs("the row with the stray quote is refused", 82, 0, 1),
    "row_extra_quote5_col6.csv": Differs("the row with the stray quote is refused", 82, 0, 1),
    "row_field_delimiter_0_0x20.csv": Differs("a header without delimiters: the columns are numbered", header=False),
    "row_less_sep_row3_col2.csv": Differs("a delimiter is missing, and a missing cell at the end is allowed", 82, 1),
    "row_more_sep_row3_col2.csv": Differs("a delimiter too many, and a blank cell at the end is dropped", 82, 1),
}
PERFECT = [
    "file_double_trailing_newline.csv",
    "file_field_delimiter_0x2C_0x20.csv",
    "file_field_delimiter_0x3B.csv",
    "file_field_delimiter_0x9.csv",
    "file_no_trailing_newline.csv",
    "file_one_data_row.csv",
    "file_preamble.csv",
    "file_record_delimiter_0xA.csv",
    "file_record_delimiter_0xD.csv",
    "source.csv",
]
POLLOCK = [*PERFECT, *REFUSED, *DIFFERS]


class Government(NamedTuple):
    """A real file: the line of its header, its rows with those refused, and the lines left out as totals."""

    header_line: int
    rows: int
    refused: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()
    why: str = ""


GOVERNMENT = {
    "Consular_cases_April_2016.csv": Government(1, 309),
    "GPC_DCLG_December_2015_for_Publication.csv": Government(1, 8),
    "HMRC_spending_over_25000_for_September_2018.csv": Government(1, 406),
    "Note_4_Staff_costs_-_Average_number_of_persons_employed_13-14.csv": Government(
        4, 13, left_out=(15, 20), why="a header of three lines: its middle one is taken; “Of which:” is read as a row"
    ),
    "Oct_2013.csv": Government(1, 326),
    "Wakefield_Council_Procurement_Card_Transactions_2018-19_Q2.csv": Government(
        3, 4469, refused=(3018,), why="one row has a text in a column beyond the header, and is refused"
    ),
    "dwp-cmg-spend-1214.csv": Government(1, 8),
    "epcs-dwp-cmg-spend-july-2017.csv": Government(6, 5),
    "over25k-transparency.csv": Government(1, 188),
}


@pytest.fixture(scope="session")
def torture(real_data: Path) -> Path:
    return real_data / "csv_torture"


def read_all(path: Path) -> tuple[FileShape, list[RawRow], list[LeftOut]]:
    left_out: list[LeftOut] = []
    shape = sniff(path, name_required=False)
    with path.open("rb") as stream:
        return shape, list(rows(stream, shape, left_out.append)), left_out


def padded(row: RawRow, width: int) -> tuple[str, ...]:
    return (*row.cells, *[""] * (width - len(row.cells)))


@pytest.mark.parametrize("name", POLLOCK)
def test_it_reads_a_polluted_file_as_its_clean_version(torture: Path, name: str) -> None:
    path = torture / "pollock" / "csv" / name
    if name in REFUSED:
        with pytest.raises(Unreadable, match=REFUSED[name]):
            read_all(path)
        return
    with (torture / "pollock" / "clean" / name).open(newline="") as stream:
        clean = [tuple(cells) for cells in csv.reader(stream)]
    shape, found, _ = read_all(path)
    read = [padded(row, len(clean[0])) for row in found if not row.problem]
    known = set(clean)
    right = [cells for cells in read if cells in known]
    expected = DIFFERS.get(name, Differs("", right=len(clean) - 1))

    assert (shape.header == clean[0]) == expected.header
    assert len(set(right)) == expected.right
    assert len(read) - len(set(right)) == expected.other
    assert sum(row.problem is not None for row in found) == expected.refused


def test_the_tables_name_every_file(torture: Path) -> None:
    assert sorted(POLLOCK) == sorted(path.name for path in (torture / "pollock" / "csv").glob("*.csv"))
    assert sorted(GOVERNMENT) == sorted(path.name for path in (torture / "csv_real_gov").glob("*.csv"))


@pytest.mark.parametrize("name", GOVERNMENT)
def test_it_accounts_for_every_line_of_a_government_file(torture: Path, name: str) -> None:
    path = torture / "csv_real_gov" / name
    expected = GOVERNMENT[name]
    shape, found, left_out = read_all(path)

    assert shape.header_line == expected.header_line
    assert tuple(row.line for row in found if row.problem) == expected.refused
    assert tuple(line for line, _, _ in left_out) == expected.left_out
    assert len(found) == expected.rows
    assert len(found) + len(left_out) == _lines_with_text(path, below=shape.header_line)


@pytest.mark.parametrize("name", GOVERNMENT)
def test_it_finds_the_columns_of_a_government_file(torture: Path, name: str) -> None:
    path = torture / "csv_real_gov" / name
    said: dict[str, Any] = json.loads(path.with_name(f"{name}.params.json").read_text())
    shape = sniff(path, name_required=False)

    assert shape.delimiter == said["delimiter"]
    # Surveyed by hand; columns without name and rows are counted there.
    assert len(shape.header) <= said["n_columns"]
    if int(said["header_lines"]) == 1:
        named = [name.strip() for name in said["column_names"] if name.strip()]
        assert sum(name in shape.header for name in named) >= len(named) - 1


def _lines_with_text(path: Path, *, below: int) -> int:
    """Counted without our reader: records below this line that have any text."""
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.reader(stream)
        ends = [(reader.line_num, cells) for cells in reader]
    header = next(index for index, (end, _) in enumerate(ends) if end >= below)
    return sum(any(cell.strip() for cell in cells) for _, cells in ends[header + 1 :])
