"""From rows to drafts: what each column means, and everything that can be wrong with a row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from deals_app.domain.errors import FieldProblem
from deals_app.integrations.sources import csv_file
from deals_app.integrations.sources.csv_file import FIELDS, guess_mapping, guess_preset
from tests.integrations.csv_files import only, read


def test_it_makes_of_its_example_what_it_promises() -> None:
    content, drafts = csv_file.EXAMPLE

    assert tuple(read(content).drafts) == drafts


def test_it_reports_all_problems_of_a_row_in_the_order_of_its_columns() -> None:
    found = read("Stage,Amount,Deal Name,Close Date,E-mail\nlead,TBD, \u200b ,30.2.2026,nobody\n")

    assert [problem.field for problem in found.problems[2]] == ["Amount", "Deal Name", "Close Date", "E-mail"]
    assert found.problems[2][1] == FieldProblem("Deal Name", "is empty; every deal needs a name")


def test_it_keeps_texts_as_sent_but_for_trimmed_ends_and_our_own_apostrophe() -> None:
    draft = only("name,company,notes\n'=SUM(A1), Cafe\u0301 ,'tis\n")

    assert (draft.name, draft.company, draft.description) == ("=SUM(A1)", "Cafe\u0301", "'tis")


@pytest.mark.parametrize("text", ["'=x", "'+x", "'-x", "'@x"])
def test_it_takes_off_the_apostrophe_that_exports_put_on(text: str) -> None:
    assert only(f"name\n{text}\n").name == text[1:]


@pytest.mark.parametrize("characters", [1, 200])
def test_it_takes_names_up_to_two_hundred_characters(characters: int) -> None:
    assert only(f"name\n{'ä' * characters}\n").name == "ä" * characters


@pytest.mark.parametrize(
    ("row", "minor", "currency"),
    [
        ("0,", 0, None),
        (",", None, None),
        (",EUR", None, "EUR"),
        ("5,JPY", 5, "JPY"),
        ("$5,", 500, "USD"),
        ("€5,EUR", 500, "EUR"),
        ("1475.3000000000002,", 147530, None),
        ("1.234,KWD", 1234, "KWD"),
        ("5,eur", 500, "EUR"),
    ],
)
def test_it_reads_values_in_the_currency_of_their_row(row: str, minor: int | None, currency: str | None) -> None:
    draft = only(f"name,value,currency\nA,{row}\n")

    assert (draft.value_minor, draft.currency) == (minor, currency)


def test_it_counts_minor_units_in_the_base_currency_where_none_is_named() -> None:
    assert only("name,value\nA,5\n", base_currency="JPY").value_minor == 5
    assert only("name,value\nA,$5\n", base_currency="AUD").currency == "AUD"
    assert "currency" not in only("name,value\nA,5\n").given
    assert "currency" in only("name,value\nA,€5\n").given


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("€5,USD", "does not agree with the currency USD"),
        ("5,XYZ", "is not a currency"),
        ("-1,", "is negative"),
        ("1.005,", "may be 1005 or 1.01"),
        ("99999999999999999,", "too large"),
    ],
)
def test_it_refuses_values_that_are_not_clear(row: str, says: str) -> None:
    (problem,) = read(f"name,value,currency\nA,{row}\n").problems[2]

    assert says in problem.message


def test_it_lets_other_amounts_of_the_file_settle_what_a_dot_means() -> None:
    point = read("name;value\nA;1.234\nB;5.5\n")
    comma = read("name;value\nA;1.234\nB;5,5\n")

    assert [draft.value_minor for draft in point.drafts] == [123, 550]
    assert [draft.value_minor for draft in comma.drafts] == [123400, 550]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name,close date\nA,03/04/2026\n", date(2026, 3, 4)),
        ("name,close date\nA,03/04/2026\nB,25/04/2026\n", date(2026, 4, 3)),
        ("name;close date\nA;03/04/2026\n", date(2026, 4, 3)),
        ("name;close date\nA;03/04/2026\nB;04/25/2026\n", date(2026, 3, 4)),
    ],
)
def test_it_reads_all_dates_of_a_file_in_one_order(text: str, expected: date) -> None:
    assert read(text).drafts[0].expected_close_on == expected


@pytest.mark.parametrize(
    ("row", "stage", "closed_on"),
    [
        ("Demo,Open,,,", "Demo", None),
        ("Demo,won,2026-01-02,,", "won", date(2026, 1, 2)),
        ("Demo,Lost,,2026-01-03,too dear", "lost", date(2026, 1, 3)),
        (",,,,", None, None),
    ],
)
def test_it_lets_the_status_say_won_and_lost(row: str, stage: str | None, closed_on: date | None) -> None:
    draft = only(
        f"Deal - Title,Deal - Stage,Deal - Status,Deal - Won time,Deal - Lost time,Deal - Lost reason\nA,{row}\n"
    )

    assert (draft.stage_text, draft.closed_on) == (stage, closed_on)


def test_it_refuses_deals_deleted_in_the_other_system() -> None:
    (problem,) = read("Deal - Title,Deal - Status\nA,Deleted\n").problems[2]

    assert (problem.field, problem.message) == ("Deal - Status", "“Deleted”: the deal is deleted in the other system")


def test_it_takes_a_lonely_status_for_the_stage() -> None:
    assert only("name,status\nA,Negotiation\n").stage_text == "Negotiation"
    assert only("name,status\nA,Open\n").stage_text is None


def test_it_reads_shares_of_one_in_hubspot_exports_only() -> None:
    assert only("Record ID,Deal Name,Probability\n1,A,0.6\n").probability == Decimal(60)
    assert "may mean 60.0 %" in read("name,probability\nA,0.6\n").problems[2][0].message


def test_it_refuses_ids_that_a_spreadsheet_cut() -> None:
    assert only("Record ID,Deal Name\n9000000001,A\n").external_id == "9000000001"
    assert "spreadsheet has shortened" in read("Record ID,Deal Name\n9E+09,A\n").problems[2][0].message


@pytest.mark.parametrize(
    ("text", "source", "custom"),
    [
        ("partner", "partner", {}),
        ("Web", "inbound", {"Lead Source": "Web"}),
        ("MM-2043", None, {"Lead Source": "MM-2043"}),
    ],
)
def test_it_translates_sources_and_keeps_what_they_were(text: str, source: str | None, custom: dict[str, str]) -> None:
    draft = only(f"name,Lead Source\nA,{text}\n")

    assert (draft.source, draft.custom) == (source, custom)


def test_it_splits_tags_and_keeps_unknown_columns() -> None:
    draft = only('name,Tags,Region,Empty\nA,"hot; new, hot",EMEA,\n')

    assert draft.tags == ("hot", "new")
    assert draft.custom == {"Region": "EMEA"}


def test_it_speaks_only_of_columns_the_file_has() -> None:
    assert only("name,close_date\nA,\n").given == {"name", "expected_close_on", "closed_on"}


@pytest.mark.parametrize(
    ("header", "preset"),
    [
        (("Record ID", "Deal Name"), "hubspot"),
        (("Opportunity Name", "Amount"), "salesforce"),
        (("Id", "Name", "StageName", "IsWon"), "salesforce"),
        (("Deal - Title", "Organization"), "pipedrive"),
        (("Deal Name", "Account", "Stage Name", "close_date"), None),
    ],
)
def test_it_recognises_whose_export_it_is(header: tuple[str, ...], preset: str | None) -> None:
    assert guess_preset(header) == preset


def test_it_gives_a_field_to_the_first_column_that_means_it() -> None:
    assert guess_mapping(["Name", "Account", "Company", "Expected Revenue"]) == {
        "Name": "name",
        "Account": "company",
        "Company": "custom",
        "Expected Revenue": "ignore",
    }


def test_it_prefers_the_vendors_own_columns_under_a_preset() -> None:
    header = ["Name", "Owner", "Opportunity Name", "Opportunity Owner"]

    assert list(guess_mapping(header).values()) == ["name", "owner", "custom", "custom"]
    assert list(guess_mapping(header, "salesforce").values()) == ["custom", "custom", "name", "owner"]


def test_it_offers_each_field_once_on_the_mapping_form() -> None:
    keys = [field.key for field in FIELDS]

    assert len(keys) == len(set(keys))
    assert {"name", "value", "stage", "external_id", "custom", "ignore"} <= set(keys)


def test_it_reads_a_path_too(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_bytes(csv_file.EXAMPLE[0])

    assert csv_file.sniff(path).header[0] == "Deal Name"
