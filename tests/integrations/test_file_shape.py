"""What is found out about a file before its rows are read: columns, quotes, and what a person says instead."""

from __future__ import annotations

import io
import json

import pytest

from deals_app.integrations.file_kinds import Unreadable
from deals_app.integrations.sources.csv_file import FileShape, LeftOut, Said, rows, sniff
from tests.integrations.csv_files import read


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("Name,value,VALUE,Value", ("Name", "value", "VALUE (2)", "Value (3)")),
        ("Name,Value (2),Value,Value", ("Name", "Value (2)", "Value", "Value (3)")),
        ("Name,,x,y", ("Name", "Column 2", "x", "y")),
    ],
)
def test_it_makes_equal_names_distinct_and_says_so(header: str, names: tuple[str, ...]) -> None:
    shape = read(f"{header}\nA,1,2,3\n").shape

    assert shape.header == names
    assert len(shape.remarks) == sum(name.endswith(")") for name in names) - header.count("(2)")


def test_it_says_which_columns_have_the_same_name() -> None:
    (remark,) = read("Name,Value,value\nA,1,2\n").shape.remarks

    assert remark == "Columns 2 and 3 have the same name; the second is called “value (2)” here"


def test_it_leaves_out_the_header_where_files_were_pasted_together() -> None:
    left_out: list[LeftOut] = []
    stream = io.BytesIO(b"name,value,value\nA,1,1\nname,value,value\nB,1,1\nname,1,1\n")

    assert [row.cells[0] for row in rows(stream, sniff(stream), left_out.append)] == ["A", "B", "name"]
    assert left_out == [LeftOut(3, ["name", "value", "value"], "header")]


def test_it_names_the_columns_of_a_file_without_header() -> None:
    stream = io.BytesIO(b"Acme,2026-06-01,1200.50,ann@acme.example\nBolt,2026-06-02,7,bob@bolt.example\n")
    shape = sniff(stream, name_required=False)

    assert (shape.header, shape.header_line) == (("Column 1", "Column 2", "Column 3", "Column 4"), 0)
    assert [row.line for row in rows(stream, shape)] == [1, 2]
    assert "No line of the file looks like names" in shape.remarks[0]


def test_it_takes_years_for_names_of_columns() -> None:
    assert read("Region,2024,2025,2026,name\nEMEA,1,2,3,A\n").shape.header_line == 1
    assert sniff(io.BytesIO(b"Region,2024,2025,2026\nEMEA,1,2,3\n"), name_required=False).header_line == 1


def test_it_refuses_text_whose_cells_are_not_separated_in_one_way() -> None:
    torn = b"a,b\n" + b'x "one, two" y,1\n' * 20
    inches = b'name,size\n"Pipe, 10"" long","5"""\n' * 20
    with pytest.raises(Unreadable, match="not separated in one way"):
        sniff(io.BytesIO(torn), name_required=False)
    assert sniff(io.BytesIO(inches)).first_rows[0] == ('Pipe, 10" long', '5"')


def test_it_understands_backslashes_before_quotes_and_single_quotes() -> None:
    escaped = read('name,notes\n"Pipe 10\\" long","a, b"\n"B","x"\n')
    single = read("name,'notes'\nA,'x, y'\nB,'it''s'\n")

    assert (escaped.shape.escape, [row.cells for row in escaped.rows]) == (
        "\\",
        [['Pipe 10" long', "a, b"], ["B", "x"]],
    )
    assert (single.shape.quote, [row.cells for row in single.rows]) == ("'", [["A", "x, y"], ["B", "it's"]])


@pytest.mark.parametrize(
    ("content", "said", "first"),
    [
        ("name;a,b\nA;1,2\n", Said(delimiter=","), ("A;1", "2")),
        ('name\tx\n"A\tB\t1\n', Said(quote="'"), ('"A', "B", "1")),
        ("title,x\nname,value\nA,1\n", Said(header_line=1), ("name", "value")),
        ("A,1\nB,2\n", Said(header_line=0), ("A", "1")),
        ("Größe,1\nÄ,2\n", Said(encoding="cp1252", header_line=0), ("GrÃ¶ÃŸe", "1")),
        ("sep=;\nname,x\nA,B;1\n", Said(delimiter=","), ("A", "B;1")),
        ("name:x\nA:1\n", Said(delimiter=":"), ("A", "1")),
    ],
)
def test_it_believes_what_a_person_says_of_a_file(content: str, said: Said, first: tuple[str, ...]) -> None:
    stream = io.BytesIO(content.encode())
    shape = sniff(stream, name_required=False, said=said)

    assert tuple(next(rows(stream, shape)).cells) == first
    assert FileShape.from_json(json.loads(json.dumps(shape.as_json()))) == shape


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (Said(encoding="klingon"), "is not an encoding"),
        (Said(encoding="ascii"), "cannot be read as ascii"),
        (Said(encoding="base64"), "is not an encoding"),
        (Said(delimiter=",,"), "give one character"),
        (Said(delimiter="\n"), "give one character"),
        (Said(header_line=999), "Line 999 is not among the first 2"),
    ],
)
def test_it_says_what_cannot_be_done_with_a_file(said: Said, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        sniff(io.BytesIO("name,value\nÄ,1\n".encode()), said=said)


def test_it_shows_the_first_rows_and_keeps_shapes_of_earlier_versions() -> None:
    shape = read("name,value\n\n" + f"{'A' * 200},1\n" * 9).shape

    assert (shape.first_line, len(shape.first_rows)) == (3, 5)
    assert shape.first_rows[0] == ("A" * 100 + "…", "1")
    kept = {
        key: value for key, value in shape.as_json().items() if key in "encoding delimiter header header_line preset"
    }
    earlier = FileShape.from_json({**kept, "decimal_mark": None, "date_order": "mdy"})
    assert (earlier.header, earlier.sheet, earlier.quote) == (("name", "value"), None, '"')
