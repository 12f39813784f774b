"""From bytes to rows: encodings, delimiters, headers, footers, and quotes that do not add up."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deals_app.integrations.csv_records import MAX_CELL_CHARACTERS, MAX_ROW_CHARACTERS
from deals_app.integrations.csv_text import detect_encoding
from deals_app.integrations.file_kinds import Unreadable
from deals_app.integrations.sources.csv_file import MappingProblem, rows, sniff
from tests.integrations.csv_files import read


def cells_of(text: str) -> list[list[str]]:
    """The cells of all rows below the header."""
    return [row.cells for row in read(text).rows]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "Größe 北京"),
        ("utf-8-sig", "Größe 北京"),
        ("utf-16", "Größe 北京"),
        ("utf-16-le", "Plain"),
        ("utf-16-be", "Plain"),
        ("cp1252", "«CAFÉ» – Größe"),
        ("latin-1", "Cañcity"),
        ("cp1251", "Поставка оборудования на завод"),
        ("cp932", "株式会社サンプルの案件です"),
    ],
)
def test_it_reads_files_in_the_encodings_of_the_world(encoding: str, name: str) -> None:
    table = f"name,value\n{name},1\n" + f"{name},1\n" * 20

    assert {draft.name for draft in read(table.encode(encoding)).drafts} == {name}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_it_finds_the_delimiter_and_any_line_end(delimiter: str, line_end: str) -> None:
    lines = [["name", "value", "notes"], ["A", "1", "x"], ["B", "2", ""]]
    found = read(line_end.join(delimiter.join(line) for line in lines))

    assert found.shape.delimiter == delimiter
    assert [(draft.name, draft.value_minor) for draft in found.drafts] == [("A", 100), ("B", 200)]


def test_it_reads_a_single_column() -> None:
    assert [draft.name for draft in read("Deal Name\nAcme renewal\nTotal refit\n").drafts] == [
        "Acme renewal",
        "Total refit",
    ]


def test_it_skips_a_preamble_and_counts_physical_lines() -> None:
    found = read('Pipeline report\n"Region: ""EMEA""\nall"\n\nDeal Name,Amount\n"A\nB",1\nC,2\n')

    assert found.shape.header_line == 5
    assert [(row.line, row.cells) for row in found.rows] == [(6, ["A\nB", "1"]), (8, ["C", "2"])]


def test_it_leaves_out_totals_and_footers_but_no_deal() -> None:
    text = (
        "name,company,value\nTotal,TotalEnergies,5\nA,,1\nSubtotal,,6\nB\nGrand Total:,,7\n\n"
        "Confidential Information - Do Not Distribute\nPrinted for Ms Novak\n\nCopyright (c) 2026\n"
    )

    assert [cells[0] for cells in cells_of(text)] == ["Total", "A", "B"]


def test_it_keeps_single_cells_when_rows_follow() -> None:
    assert [cells[0] for cells in cells_of("name,value\nA,1\n\nLonely\nB,2\n")] == ["A", "Lonely", "B"]


def test_it_treats_missing_cells_as_unsaid_and_extra_ones_as_a_problem() -> None:
    found = read("name,value,stage\nshort,1\nlong,1,lead,oops\npadded,1,lead,,\n")

    assert [draft.name for draft in found.drafts] == ["short", "padded"]
    assert "stage_text" not in found.drafts[0].given
    assert "stage_text" in found.drafts[1].given
    assert "4 cells, the header 3" in found.problems[3][0].message


@pytest.mark.parametrize(
    ("text", "names", "bad_lines"),
    [
        ('name,value\n"A,1\nB,2\nC,3\n', ["B", "C"], [2]),
        ('name,value\nA,1\n"B ""x"",2\n"C",3\n', ["A", "C"], [3]),
        ('name,value\n"A "quoted" B",1\nC,2\n', ["C"], [2]),
        ('name,value\n"A,1\nB,"2"\nC,3\n', ["B", "C"], [2]),
        ('name,notes\n"A","first\nsecond "loud" third\nfourth"\nB,x\n', ["B"], [2, 3, 4]),
        ('name,value\nA,1\n"B', ["A"], [3]),
    ],
)
def test_it_costs_only_the_lines_of_a_stray_quote(text: str, names: list[str], bad_lines: list[int]) -> None:
    found = read(text)

    assert [draft.name for draft in found.drafts] == names
    assert list(found.problems) == bad_lines


def test_it_survives_a_quote_that_is_open_for_megabytes() -> None:
    filler = "x,1\n" * (MAX_ROW_CHARACTERS // 4 + 1000)
    found = read(f'name,value\n"A,1\n{filler}')

    assert list(found.problems) == [2]
    assert {draft.name for draft in found.drafts} == {"x"}
    assert found.rows[-1].line == filler.count("\n") + 2


def test_it_refuses_a_cell_that_no_deal_has() -> None:
    found = read(f'name,notes\nA,"{"x" * (MAX_CELL_CHARACTERS + 1)}"\nB,"{"y" * MAX_CELL_CHARACTERS}"\n')

    assert "column 2 holds 131,073 characters" in found.problems[2][0].message
    assert [draft.name for draft in found.drafts] == ["B"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n", "empty"),
        (b" , ,\n,,\n", "no rows"),
        (b"PK\x03\x04rest", "looks like an Excel workbook but is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "Excel workbook of the old kind"),
        (b"\xd0\xcf\x11\xe0" + bytes(3000) + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        (b"\xd0\xcf\x11\xe0" + bytes(1 << 20) + "WordDocument".encode("utf-16-le"), "a Word document"),
        (b"%PDF-1.7\n", "a PDF document, not a table; export the list as CSV or XLSX"),
        (b"\x1f\x8b\x08\x00", "gzip archive; unpack it"),
        (b"7z\xbc\xaf\x27\x1c\x00", "7-Zip"),
        (b"BZh91AY&SY\x00", "bzip2"),
        (b"\x89PNG\r\n\x1a\n", r"picture \(PNG\)"),
        (b"\xff\xd8\xff\xe0", r"picture \(JPEG\)"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a picture"),
        (b"SQLite format 3\x00", "SQLite"),
        (b"<!DOCTYPE html><table>", "web page"),
        (b'[{"name": "A"}]', "JSON"),
        (bytes(range(32)) * 20, "not text"),
        (b"\xff\xfen\x00a\x00\x00\xd8", "damaged"),
        (b'"name,value\nA,1\n', "header in line 1 cannot be read"),
    ],
)
def test_it_says_what_the_file_is_instead(content: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        sniff(io.BytesIO(content))


def test_it_leaves_the_stream_open_and_at_its_start() -> None:
    stream = io.BytesIO(b"name\nA\n")
    shape = sniff(stream)

    assert stream.tell() == 0
    assert [row.cells for row in rows(stream, shape)] == [["A"]]
    assert not stream.closed


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_memory_does_not_grow_with_the_rows(line_end: str) -> None:
    count = 60_000
    line = f'Deal,"Company, Inc",1.5{line_end}'
    stream = io.BytesIO((f"name,company,value{line_end}" + line * count).encode())
    shape = sniff(stream)
    tracemalloc.start()
    lines = sum(1 for _ in rows(stream, shape))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert lines == count
    # The file has one and a half megabytes, its cells twelve.
    assert peak < 1_500_000, peak


def test_it_takes_the_columns_somebody_chose() -> None:
    found = read("Vorgang;Summe;Wert\nA;x;1\n", chosen={"vorgang": "Deal Name", "WERT": "value"})

    assert (found.drafts[0].name, found.drafts[0].value_minor) == ("A", 100)
    assert found.drafts[0].custom == {"Summe": "x"}


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"Nothing": "name"}, "does not have"),
        ({"a": "nonsense"}, "is not a field"),
        ({"a": "name", "b": "name"}, "from two columns"),
    ],
)
def test_it_refuses_a_mapping_that_does_not_fit(chosen: dict[str, str], says: str) -> None:
    with pytest.raises(MappingProblem, match=says):
        sniff(io.BytesIO(b"a,b\n1,2\n"), chosen=chosen)


CELLS = st.text(st.characters(include_characters="\n\r\t", exclude_categories=["Cs", "Cc"]), max_size=8)


@settings(deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=6),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-16"]),
)
def test_it_reads_every_cell_that_a_csv_writer_wrote(table: list[list[str]], delimiter: str, encoding: str) -> None:
    written = io.StringIO(newline="")
    table = [["A", "1", "x"], *table]
    csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["name", "value", "notes"], *table])
    kept = [cells for cells in table if any(cell.strip() for cell in cells)]
    stream = io.BytesIO(written.getvalue().encode(encoding))
    found = list(rows(stream, sniff(stream)))

    assert [row.problem for row in found] == [None] * len(found)
    assert _is_subsequence([row.cells for row in found], kept)


def _is_subsequence(found: list[list[str]], kept: list[list[str]]) -> bool:
    """Totals and footers may be left out, nothing else may differ."""
    rest: Iterator[list[str]] = iter(kept)
    return all(any(cells == other for other in rest) for cells in found)


@settings(deadline=None)
@given(st.binary(max_size=400) | st.text(alphabet='ab,;"\n\r\t \0é', max_size=200).map(str.encode))
def test_it_answers_any_bytes_with_rows_or_a_sentence(content: bytes) -> None:
    stream = io.BytesIO(content)
    try:
        shape = sniff(stream, name_required=False)
    except Unreadable as error:
        sentence, lines = str(error), []
    else:
        sentence, lines = "read", [row.line for row in rows(stream, shape)]
    assert sentence
    assert lines == sorted(set(lines))


def test_it_never_stores_a_replacement_character() -> None:
    stream = io.BytesIO("name\nGröße\nGröße\nGröße\n".encode() + b"Gr\xf6\xdfe\n\x81\n")

    assert detect_encoding(stream) == "utf-8+cp1252"
    assert [row.cells for row in rows(stream, sniff(stream))] == [["Größe"]] * 4 + [["\x81"]]
