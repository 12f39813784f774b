"""The vendors' own exports, and files made to hurt: each against what its EXPECTED.json says."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from deals_app.domain.drafts import DealDraft
from deals_app.domain.money import to_minor
from deals_app.integrations.file_kinds import Unreadable
from deals_app.integrations.sources.csv_file import FileShape, guess_mapping, normalise, reading_of, rows, sniff
from tests.integrations.csv_files import read


def test_it_reads_a_hubspot_export(crm: Path, expected: dict[str, Any]) -> None:
    known = expected["01_hubspot_deals_8800_bom.csv"]
    found = read(crm / "01_hubspot_deals_8800_bom.csv")

    assert not found.problems
    assert len(found.drafts) == known["rows"]
    assert found.shape.preset == "hubspot"
    assert found.shape.header[0] == "Record ID"
    assert Counter(draft.stage_text for draft in found.drafts) == known["stages"]
    assert len({draft.external_id for draft in found.drafts}) == known["rows"]
    assert len({draft.name for draft in found.drafts}) == known["distinct_names"]
    first = found.drafts[0]
    assert (first.external_id, first.company, first.value_minor) == ("9000000000", "Cancity", 105400)
    assert first.closed_on == first.expected_close_on == date(2017, 3, 1)
    assert first.created_on == date(2016, 10, 20)
    assert (first.owner_text, first.pipeline_text) == ("Moses Frase", "Sales Pipeline")


def test_it_reads_a_salesforce_report_without_its_footer(crm: Path, expected: dict[str, Any]) -> None:
    known = expected["02_salesforce_report_latin1_footer.csv"]
    found = read(crm / "02_salesforce_report_latin1_footer.csv", base_currency="EUR")

    assert not found.problems
    assert len(found.drafts) == known["rows"]
    assert (found.shape.preset, found.shape.date_order) == ("salesforce", "mdy")
    assert found.drafts[0].company in known["must_be_visible"]
    assert found.drafts[1].closed_on == date(2017, 3, 11)
    assert {draft.currency for draft in found.drafts} == {"USD"}


def test_it_reads_a_data_loader_file_with_line_ends_in_cells(crm: Path, expected: dict[str, Any]) -> None:
    found = read(crm / "03_salesforce_dataloader.csv")

    assert not found.problems
    assert len(found.drafts) == expected["03_salesforce_dataloader.csv"]["rows"]
    assert [row.line for row in found.rows[:3]] == [2, 4, 6]
    first = found.drafts[0]
    assert first.description == 'Requires "super users"\nto learn the system, which is not the setup they want.'
    assert (first.external_id, first.probability, first.value_minor) == ("0065e000001C1I7AAA", 100, 105400)


def test_it_reads_a_pipedrive_export(crm: Path, expected: dict[str, Any]) -> None:
    known = expected["04_pipedrive_semicolon_cp1252.csv"]
    found = read(crm / "04_pipedrive_semicolon_cp1252.csv")

    assert not found.problems
    assert len(found.drafts) == known["rows"]
    assert (found.shape.encoding, found.shape.delimiter, found.shape.decimal_mark) == ("cp1252", ";", ",")
    outcomes = Counter(draft.stage_text for draft in found.drafts)
    assert (outcomes["won"], outcomes["lost"]) == (known["won"], known["lost"])
    assert sum(draft.value_minor or 0 for draft in found.drafts) == to_minor(Decimal(known["value_sum"]), "EUR")
    assert {draft.currency for draft in found.drafts} == {known["currency"]}
    first = found.drafts[0]
    assert first.name == "Cancity – GTX Plus Basic"
    assert (first.closed_on, first.tags) == (date(2017, 3, 1), ("Hot", "Größe"))


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter", "header_line"),
    [
        ("05_excel_unicode_text_utf16.txt", "utf-16", "\t", 1),
        ("06_excel_sep_line_semicolon.csv", "utf-8", ";", 2),
        ("07_old_mac_cr_only.csv", "utf-8", ",", 1),
        ("16_blank_lines_and_trailing_commas.csv", "utf-8", ",", 3),
    ],
)
def test_it_reads_what_spreadsheets_write(
    crm: Path, expected: dict[str, Any], name: str, encoding: str, delimiter: str, header_line: int
) -> None:
    found = read(crm / name)

    known = expected[name]
    assert not found.problems
    assert len(found.drafts) == known.get("rows", 2)
    shape = found.shape
    assert (shape.encoding, shape.delimiter, shape.header_line) == (encoding, delimiter, header_line)


@pytest.mark.parametrize("letter", "abcd")
def test_it_knows_every_column_name_of_the_mission(crm: Path, expected: dict[str, Any], letter: str) -> None:
    name = f"08{letter}_seed_aliases.csv"
    found = read(crm / name)
    known = expected[name]["first"]

    first = found.drafts[0]
    assert len(found.drafts) == expected[name]["rows"]
    assert (first.name, first.company, first.stage_text) == (known["name"], known["company"], known["stage"])
    assert first.value_minor == to_minor(Decimal(known["value"]), "USD")
    assert first.probability == known["probability"]
    assert first.expected_close_on == date.fromisoformat(known["expected_close_date"])
    assert (first.contact_email, first.contact_name) == (known["contact_email"], known["contact_name"])
    assert first.description == "Enterprise license for 500 users"
    assert found.drafts[1].description == 'multi\nline "quoted"'


def test_it_judges_every_dirty_row_by_itself(crm: Path, expected: dict[str, Any]) -> None:
    found = read(crm / "09_dirty_rows.csv")
    known: list[dict[str, Any]] = expected["09_dirty_rows.csv"]["per_row"]
    drafts = iter(found.drafts)

    assert len(found.rows) == len(known)
    for row, judged in zip(found.rows, known, strict=True):
        if row.line in found.problems:
            assert judged["expect"] != "ok", (judged, found.problems[row.line])
            continue
        draft = next(drafts)
        assert judged["expect"] != "row-error", judged
        _assert_as_expected(draft, judged)


def _assert_as_expected(draft: DealDraft, judged: dict[str, Any]) -> None:
    value = None if draft.value_minor is None else Decimal(draft.value_minor) / 100
    if "value" in judged:
        assert value == Decimal(judged["value"]), judged
    if "value_any" in judged:
        assert value in [None if any_of is None else Decimal(any_of) for any_of in judged["value_any"]], judged
    if "expected_close_date" in judged:
        assert str(draft.expected_close_on) == judged["expected_close_date"], judged
    if "expected_close_date_any" in judged:
        assert str(draft.expected_close_on) in judged["expected_close_date_any"], judged
    if "currency" in judged:
        assert draft.currency == judged["currency"], judged


def test_it_names_column_value_and_remedy_of_dirty_rows(crm: Path) -> None:
    problems = read(crm / "09_dirty_rows.csv").problems

    assert {line: (problem.field, problem.message[:24]) for line, (problem,) in problems.items()} == {
        4: ("Probability", "“0.6” may mean 60.0 % or"),
        7: ("Value", "“(500.00)” is negative; "),
        8: ("Value", "“-500” is negative; a va"),
        9: ("Value", "“1.234” may be 1234 or 1"),
        11: ("Value", "“TBD” is not an amount; "),
        12: ("Value", "“NaN” is not an amount; "),
        13: ("Value", "“Infinity” is not an amo"),
        14: ("Value", "“1e309” is not an amount"),
        17: ("Value", "“1.005” may be 1005 or 1"),
        18: ("Probability", "“101” is not a probabili"),
        19: ("Probability", "“-1” is not a probabilit"),
        23: ("Expected Close Date", "“2026-02-30” is not a da"),
        28: ("Expected Close Date", "“20206-06-01” is not a d"),
        29: ("Contact Email", "“not-an-email” is not an"),
        30: ("Deal Name", "is empty; every deal nee"),
        31: ("Deal Name", "is empty; every deal nee"),
        32: ("Deal Name", "“NNNNNNNNNNNNNNNNNNNNNNN"),
        43: ("", "the row has 11 cells, th"),
    }


def test_it_isolates_nul_bytes_and_unclosed_quotes(crm: Path) -> None:
    nul = read(crm / "10_nul_bytes.csv")
    assert ([draft.name for draft in nul.drafts], list(nul.problems)) == (["ok"], [2])
    assert nul.rows[0].cells == ["A␀B", "10"]

    unclosed = read(crm / "11_unclosed_quote.csv")
    assert list(unclosed.problems) == [2]
    assert Counter(draft.name for draft in unclosed.drafts) == {"ok": 1, "x": 500}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("12_empty.csv", "The file is empty"),
        ("13_header_only.csv", r"a header \(“name”, “value”\) but no rows"),
        ("14_no_known_columns.csv", "No column for the deal's name among “foo”, “bar”"),
        ("17_xlsx_renamed.csv", "Excel workbook"),
        ("18_pdf_renamed.csv", "PDF"),
    ],
)
def test_it_says_what_an_unreadable_file_is(crm: Path, name: str, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        sniff(crm / name)


def test_it_makes_duplicate_headers_distinct(crm: Path) -> None:
    found = read(crm / "15_duplicate_headers.csv")

    assert found.shape.header == ("name", "value", "Value (2)", "Amount")
    assert found.shape.remarks
    (draft,) = found.drafts
    assert (draft.value_minor, draft.custom) == (100, {"Value (2)": "2", "Amount": "3"})


def test_it_reads_a_file_of_two_encodings_without_replacement_characters(crm: Path) -> None:
    assert [draft.name for draft in read(crm / "19_utf8_invalid_bytes.csv").drafts] == ["Müller", "Müller"]


def test_it_refuses_a_cell_of_five_megabytes_and_goes_on(crm: Path) -> None:
    found = read(gzip.decompress((crm / "20_large_cell_5MB.csv.gz").read_bytes()))

    assert list(found.problems) == [2]
    assert len(found.rows[0].cells[0]) < 2000
    assert [draft.name for draft in found.drafts] == ["ok"]


def test_it_finds_headers_below_preambles_of_real_files(real_data: Path) -> None:
    for path in sorted((real_data / "csv_torture").rglob("*.csv")):
        try:
            shape = sniff(path, name_required=False)
        except Unreadable:
            continue
        with path.open("rb") as stream:
            lines = [row.line for row in rows(stream, shape)]
        assert lines == sorted(set(lines))
        assert FileShape.from_json(json.loads(json.dumps(shape.as_json()))) == shape


def test_it_finds_the_header_of_a_council_report_in_its_third_line(real_data: Path) -> None:
    (path,) = (real_data / "csv_torture").rglob("Wakefield*.csv")
    shape = sniff(path, chosen={"Purpose of Spend": "name", "Net Amount": "value"})

    assert (shape.header_line, shape.header[0], len(shape.header)) == (3, "Organisation Name", 17)
    mapping = guess_mapping(shape.header, shape.preset, chosen={"Purpose of Spend": "name"})
    with path.open("rb") as stream:
        first = normalise(next(iter(rows(stream, shape))), reading_of(shape, mapping, "GBP"))
    assert isinstance(first, DealDraft)
    assert (first.name, first.company) == ("Promotions", "Wakefield MDC")
