"""Workbooks: the texts their cells become, the sheet that is read, and what is refused before it is unpacked."""

from __future__ import annotations

import io
import tracemalloc
from datetime import date
from decimal import Decimal

import pytest

from deals_app.integrations.file_kinds import Unreadable
from deals_app.integrations.sources.csv_file import LeftOut, Said, rows, sniff
from tests.integrations.csv_files import read
from tests.integrations.workbooks import MAIN, Cell, workbook

HEADER: list[Cell] = ["Deal Name", "Value", "Close Date", "Probability"]


def cells_of(content: bytes) -> list[list[str]]:
    return [row.cells for row in read(content).rows]


def text_of(cell: Cell, *formats: str | int, properties: str = "") -> str:
    """What a cell says; its style is 1 when it has a format."""
    sheets = {"Deals": [["name", "other"], ["A", cell]]}
    found = read(workbook(sheets, formats=formats, workbook_properties=properties))
    return found.rows[0].cells[1]


def test_it_makes_drafts_of_a_sheet() -> None:
    found = read(
        workbook(
            {"Deals": [HEADER, ["Acme & Söhne", 1234.5, b's="1"><v>46174</v>', b's="2"><v>0.6</v>'], ["B", 1]]},
            formats=["dd/mm/yyyy", 9],
        )
    )

    assert not found.problems
    assert (found.shape.sheet, found.shape.sheets, found.shape.header_line) == ("Deals", ("Deals",), 1)
    first, second = found.drafts
    assert (first.name, first.value_minor) == ("Acme & Söhne", 123450)
    assert (first.expected_close_on, first.probability) == (date(2026, 6, 1), Decimal(60))
    assert (second.value_minor, second.expected_close_on) == (100, None)
    assert "probability" in second.given


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("5", "5"),
        ("-5", "-5"),
        ("0.1", "0.1"),
        ("1475.3000000000002", "1475.3"),
        ("0.30000000000000004", "0.3"),
        ("1E-3", "0.001"),
        ("1.2E+5", "120000"),
        ("9000000001", "9000000001"),
        ("-0", "0"),
        ("1.2345678901234568E+17", "1.23456789012346E+17"),
        ("NaN", "NaN"),
        ("nonsense", "nonsense"),
    ],
)
def test_it_writes_numbers_without_noise(stored: str, text: str) -> None:
    assert text_of(f"><v>{stored}</v>".encode()) == text


@pytest.mark.parametrize(
    ("stored", "code", "text"),
    [
        ("46174", 14, "2026-06-01"),
        ("46174.5", 22, "2026-06-01 12:00:00"),
        ("0.25", 20, "06:00:00"),
        ("59", 14, "1900-02-28"),
        ("61", 14, "1900-03-01"),
        ("46174", "yyyy\\-mm\\-dd", "2026-06-01"),
        ("46174", "[$-409]d\\-mmm\\-yy;@", "2026-06-01"),
        ("46174", '"Day" 0', "46174"),
        ("46174", "[Red]0.00", "46174"),
        ("-1", 14, "-1"),
        ("0.6", "0.0%", "60%"),
        ("0.125", 10, "12.5%"),
        ("0.07", 9, "7%"),
        ("1", 9, "100%"),
        ("1234.5", "#,##0.00\\ [$€-407]", "1234.5 €"),
        ("1234.5", '"$"#,##0.00', "1234.5 $"),
        ("1234.5", '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\)', "1234.5 $"),
        ("1234.5", "[$CHF] #,##0.00", "1234.5 CHF"),
        ("1234.5", "£#,##0", "1234.5 £"),
        ("1234.5", '#,##0 "units"', "1234.5"),
        ("1234.5", "0.00E+00", "1234.5"),
        ("1234.5", "General", "1234.5"),
    ],
)
def test_it_reads_what_a_number_format_says(stored: str, code: str | int, text: str) -> None:
    assert text_of(f's="1"><v>{stored}</v>'.encode(), code) == text


def test_it_takes_the_currency_of_a_format_and_three_decimals_at_their_word() -> None:
    found = read(
        workbook(
            {"Deals": [["name", "value"], ["A", b's="1"><v>1234.5</v>'], ["B", 1.234]]}, formats=["#,##0 [$€-407]"]
        )
    )

    assert [(draft.value_minor, draft.currency) for draft in found.drafts] == [(123450, "EUR"), (123, None)]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (True, "TRUE"),
        (False, "FALSE"),
        (b't="e"><v>#N/A</v>', "#N/A"),
        (b't="str"><f>A1&amp;"x"</f><v>Ax</v>', "Ax"),
        (b"><f>1+1</f><v>2</v>", "2"),
        (b't="d"><v>2026-06-01T00:00:00</v>', "2026-06-01T00:00:00"),
        (b't="inlineStr"><is><r><t>Rich </t></r><r><rPr/><t>text</t></r><rPh><t>no</t></rPh></is>', "Rich text"),
        ("a_x000D_\nb_x005F_c_xD800_", "a\r\nb_c_xD800_"),
        (b't="s"><v>1</v>', "two"),
        (b's="77"><v>3</v>', "3"),
        (b's="1"></c><c r="C2" t="s"><v/>', ""),
    ],
)
def test_it_reads_every_kind_of_cell(cell: Cell, text: str) -> None:
    shared = ["<si><t>one</t></si>", "<si><r><t>t</t></r><r><t>wo</t></r><rPh><t>no</t></rPh></si>"]
    found = read(workbook({"Deals": [["name", "other", "more"], ["A", cell]]}, shared=shared, formats=[14]))

    assert found.rows[0].cells[1] == text


def test_it_counts_from_1904_where_the_workbook_does() -> None:
    assert text_of(b's="1"><v>44712</v>', 14, properties='<workbookPr date1904="1"/>') == "2026-06-01"


def test_it_numbers_rows_as_the_sheet_does_and_fills_gaps() -> None:
    found = read(
        workbook(
            {
                "Deals": '<row r="3"><c r="B3" t="str"><v>name</v></c><c r="D3" t="str"><v>value</v></c></row>'
                '<row r="7"><c r="D7"><v>5</v></c></row><row><c t="str"><v>first</v></c><c t="str"><v>A</v></c></row>'
            }
        )
    )

    assert found.shape.header == ("Column 1", "name", "Column 3", "value")
    assert [(row.line, row.cells) for row in found.rows] == [(7, ["", "", "", "5"]), (8, ["first", "A", "", ""])]


def test_it_leaves_out_preamble_total_and_footer_and_says_which() -> None:
    content = workbook(
        {
            "Report": [
                ["Pipeline of the North"],
                [],
                HEADER,
                ["A", 1],
                [],
                ["Total", 1],
                ["Grand Totals", None, "(1 record)"],
                [],
                ["Confidential Information - Do Not Distribute"],
            ]
        }
    )
    left_out: list[LeftOut] = []
    stream = io.BytesIO(content)
    shape = sniff(stream)

    assert [row.line for row in rows(stream, shape, left_out.append)] == [4, 7]
    assert [(line, why) for line, _, why in left_out] == [(6, "total"), (9, "footer")]
    assert shape.header_line == 3


def test_it_reads_the_first_sheet_with_a_table_unless_told() -> None:
    content = workbook(
        {
            "Old": [["Deal Name", "Value"], ["hidden", 1]],
            "Cover": [["Our pipeline"], ["Printed for Ms Novak"]],
            "Notes": [["Who", "What"], ["Ann", "x"]],
            "Deals": [["Deal Name", "Value"], ["A", 1]],
            "More": [["Deal Name", "Value"], ["B", 1]],
        },
        hidden=["Old"],
    )

    assert read(content).shape.sheet == "Deals"
    assert read(content).shape.sheets == ("Cover", "Notes", "Deals", "More", "Old")
    assert sniff(io.BytesIO(content), said=Said(sheet="Old")).first_rows == (("hidden", "1"),)
    with pytest.raises(Unreadable, match="no sheet “Nope”; it has “Cover”, “Notes”"):
        sniff(io.BytesIO(content), said=Said(sheet="Nope"))


def test_it_reads_a_workbook_whose_names_have_prefixes() -> None:
    cell = '<x:row><x:c t="inlineStr"><x:is><x:t>{}</x:t></x:is></x:c></x:row>'
    data = f"<x:sheetData>{cell.format('name')}{cell.format('A')}</x:sheetData>"
    sheet = f'<x:worksheet xmlns:x="{MAIN}">{data}</x:worksheet>'

    assert cells_of(workbook({"Deals": ""}, more={"xl/worksheets/sheet1.xml": sheet.encode()})) == [["A"]]


def test_it_refuses_a_cell_far_outside_and_one_that_is_too_long_but_no_other() -> None:
    data = (
        '<row r="1"><c r="A1" t="str"><v>name</v></c></row><row r="2"><c r="A2" t="str"><v>A</v></c>'
        f'<c r="XFD2"><v>1</v></c></row><row r="3"><c r="A3" t="str"><v>{"x" * 500_000}</v></c></row>'
        '<row r="4"><c r="A4" t="str"><v>B</v></c></row>'
    )
    found = read(workbook({"Deals": data}))

    assert [draft.name for draft in found.drafts] == ["B"]
    assert "column 16,384" in found.problems[2][0].message
    assert "characters" in found.problems[3][0].message
    assert len(found.rows[1].cells[0]) < 2000


def test_it_refuses_a_row_whose_formula_was_never_calculated() -> None:
    found = read(
        workbook(
            {
                "Deals": [
                    ["name", "value"],
                    ["A", b"><f>B9*2</f><v></v>"],
                    ["B", b't="str"><f>""</f><v></v>'],
                    [b"><f>A9</f>"],
                ]
            }
        )
    )

    assert "column 2 has a formula without its result" in found.problems[2][0].message
    assert list(found.problems) == [2, 4]
    assert [(draft.name, draft.value_minor) for draft in found.drafts] == [("B", None)]


def test_memory_does_not_grow_with_the_rows() -> None:
    row = '<row><c t="s"><v>{0}</v></c><c t="str"><v>Company {0}</v></c><c><v>{0}.5</v></c></row>'
    head = '<row><c t="str"><v>name</v></c><c t="str"><v>company</v></c><c t="str"><v>value</v></c></row>'
    count = 20_000
    stream = io.BytesIO(
        workbook(
            {"Deals": head + "".join(row.format(n) for n in range(count))},
            shared=[f"<si><t>Deal {n} {n * 7919 % 10**6:x} {'long' * 40}</t></si>" for n in range(count)],
        )
    )
    tracemalloc.start()
    shape = sniff(stream)
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    total = sum(1 for _ in rows(stream, shape))
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()

    assert total == count
    # The texts alone are four megabytes.
    assert peak < 2_500_000, peak
