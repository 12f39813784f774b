"""Files through the whole import: received, started, staged, applied; and what became of each row."""

from __future__ import annotations

import gzip
import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from deals_app.domain.errors import Forbidden, Invalid, NotFound, RuleBroken
from deals_app.domain.import_views import ImportView
from deals_app.models import Customer, Deal, DealEvent, ImportRow, Stage
from deals_app.services.deals import NewDeal, create_deal, delete_deal
from deals_app.services.importing.intake import receive_file
from deals_app.services.importing.starting import cancel_import, start_import
from deals_app.services.queries.import_rows import rejected_csv, rejected_rows
from deals_app.services.queries.imports import import_view
from deals_app.services.stage_transition import lose_deal, move_deal, win_deal
from deals_app.services.unit_of_work import reading
from tests.filled import import_file, queue_file
from tests.people import People


def counts(imported: ImportView) -> dict[str, int]:
    """What became of the rows, without the zeros; they must add up."""
    found = {name: getattr(imported, name) for name in ("created", "updated", "unchanged", "failed")}
    assert imported.state == "done"
    assert imported.processed == imported.total == sum(found.values())
    return {name: count for name, count in found.items() if count}


def deals_of(people: People) -> dict[str, Any]:
    """Deals by name, with stage key and customer name beside them."""
    with reading(people.alice) as session:
        rows = session.execute(
            select(Deal, Stage.key.label("stage"), Customer.name.label("customer"))
            .join(Stage, Stage.id == Deal.stage_id)
            .outerjoin(Customer, Customer.id == Deal.customer_id)
        ).all()
        session.expunge_all()
    return {row.Deal.name: row for row in rows}


def events(people: People) -> list[tuple[str, int]]:
    with reading(people.alice) as session:
        return [tuple(row) for row in session.execute(select(DealEvent.kind, DealEvent.version).order_by(DealEvent.id))]  # type: ignore[misc]


def test_a_pipedrive_export(people: People, crm: Path, expected: dict[str, Any]) -> None:
    path = crm / "04_pipedrive_semicolon_cp1252.csv"
    known = expected[path.name]
    assert counts(import_file(people.mona, path)) == {"created": known["rows"]}
    with reading(people.alice) as session:
        by_status = dict(session.execute(select(Deal.status, func.count()).group_by(Deal.status)).all())
        total, currency = session.execute(select(func.sum(Deal.value), func.min(Deal.currency))).one()
    assert (by_status["closed_won"], by_status["closed_lost"]) == (known["won"], known["lost"])
    assert (total, currency) == (Decimal(known["value_sum"]) * 100, known["currency"])
    assert counts(import_file(people.mona, path)) == {"unchanged": known["rows"]}


@pytest.mark.parametrize("letter", "abcd")
def test_every_column_name_of_the_mission(people: People, crm: Path, expected: dict[str, Any], letter: str) -> None:
    name = f"08{letter}_seed_aliases.csv"
    known = expected[name]["first"]
    assert counts(import_file(people.mona, crm / name)) == {"created": expected[name]["rows"]}
    row = deals_of(people)[known["name"]]
    assert (row.customer, row.stage, row.Deal.probability) == (known["company"], known["stage"], known["probability"])
    assert row.Deal.value == Decimal(known["value"]) * 100
    assert row.Deal.expected_close_date == date.fromisoformat(known["expected_close_date"])
    assert row.Deal.extra["contact_email"] == known["contact_email"]
    assert row.Deal.extra["contact_name"] == known["contact_name"]


def test_one_bad_row_never_stops_the_others(people: People, crm: Path, expected: dict[str, Any]) -> None:
    known: list[dict[str, Any]] = expected["09_dirty_rows.csv"]["per_row"]
    imported = import_file(people.mona, crm / "09_dirty_rows.csv")
    with reading(people.alice) as session:
        rows = session.execute(
            select(ImportRow.line, ImportRow.outcome, ImportRow.problems, Deal.value, Deal.currency, Stage.key)
            .outerjoin(Deal, Deal.id == ImportRow.deal_id)
            .outerjoin(Stage, Stage.id == Deal.stage_id)
            .order_by(ImportRow.line)
        ).all()
    assert len(rows) == imported.total == len(known)
    for row, judged in zip(rows, known, strict=True):
        if judged["expect"] == "ok":
            assert row.outcome in {"created", "updated"}, (judged, row.problems)
        if judged["expect"] == "row-error":
            assert row.outcome == "failed", judged
        if row.outcome == "failed":
            assert row.problems[0]["message"], judged
            continue
        value = None if row.value is None else Decimal(row.value) / 100
        if "value" in judged:
            assert value == Decimal(judged["value"]), judged
        if "stage" in judged:
            assert row.key == judged["stage"]
        if judged["name"] == "Unknown stage":
            assert row.key not in {"closed_won", "closed_lost"}
    found = counts(imported)
    assert found["failed"] == sum(row.outcome == "failed" for row in rows)
    again = counts(import_file(people.mona, crm / "09_dirty_rows.csv"))
    assert again == {"unchanged": imported.total - imported.failed, "failed": imported.failed}


def test_blank_lines_are_no_deals(people: People, crm: Path) -> None:
    assert counts(import_file(people.mona, crm / "16_blank_lines_and_trailing_commas.csv")) == {"created": 2}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("12_empty.csv", "empty"),
        ("13_header_only.csv", "no rows"),
        ("17_xlsx_renamed.csv", "Excel workbook"),
        ("18_pdf_renamed.csv", "PDF"),
    ],
)
def test_a_file_that_is_no_table_of_deals_says_what_it_is(people: People, crm: Path, name: str, says: str) -> None:
    with pytest.raises(Invalid, match=says), (crm / name).open("rb") as stream:
        receive_file(people.mona, name, stream)


def test_a_file_without_a_name_column_asks_which_it_is(people: People, crm: Path) -> None:
    raw = (crm / "14_no_known_columns.csv").read_bytes()
    import_id = receive_file(people.mona, "14.csv", io.BytesIO(raw))
    with pytest.raises(Invalid, match="name"):
        start_import(people.mona, import_id)
    assert import_view(people.mona, import_id).state == "draft"
    start_import(people.mona, import_id, {"foo": "name"})
    assert import_view(people.mona, import_id).state == "queued"


@pytest.mark.parametrize(
    ("name", "created", "lines"),
    [
        ("10_nul_bytes.csv", 1, [2]),
        ("11_unclosed_quote.csv", 501, [2]),
        ("19_utf8_invalid_bytes.csv", 2, []),
        ("20_large_cell_5MB.csv.gz", 1, [2]),
    ],
)
def test_files_made_to_hurt_hurt_one_row(people: People, crm: Path, name: str, created: int, lines: list[int]) -> None:
    raw = (crm / name).read_bytes()
    imported = import_file(people.mona, gzip.decompress(raw) if name.endswith(".gz") else raw, filename=name)
    assert (imported.created, imported.failed) == (created, len(lines))
    rejected = rejected_rows(people.mona, imported.id)
    assert [row.line for row in rejected] == lines
    assert all(row.reasons for row in rejected)
    assert "�" not in "".join(deals_of(people))


def test_rejected_rows_come_back_as_csv_with_line_and_reason(people: People) -> None:
    imported = import_file(people.mona, "Name,Value\nGood,1\n=1+1,bad\n,3\n")
    header, first, second = "".join(rejected_csv(people.mona, imported.id)).splitlines()
    assert header == "Name,Value,line,reason"
    assert first.startswith("'=1+1,bad,3,")
    assert second.startswith(",3,4,")


def test_a_changed_row_changes_that_deal_with_one_event(people: People) -> None:
    import_file(people.mona, "ID,Name,Value,Stage\n1,One,10,Lead\n2,Two,20,Lead\n")
    assert counts(import_file(people.mona, "ID,Name,Value,Stage\n1,One,10,Lead\n2,Two,25,Lead\n")) == {
        "updated": 1,
        "unchanged": 1,
    }
    assert deals_of(people)["Two"].Deal.value == 2500
    assert events(people) == [("created", 1), ("created", 1), ("updated", 2)]


def test_a_changed_stage_is_a_move_with_its_probability_and_date(people: People) -> None:
    import_file(people.mona, "ID,Name,Stage,Probability\n1,One,Lead,33\n2,Two,Lead,\n3,Three,Lead,\n")
    assert deals_of(people)["One"].Deal.probability == 33
    counts(import_file(people.mona, "ID,Name,Stage\n1,One,Proposal\n2,Two,Won\n3,Three,Lost\n"))
    found = deals_of(people)
    assert [(found[name].stage, found[name].Deal.probability) for name in ("One", "Two", "Three")] == [
        ("proposal", 50),
        ("closed_won", 100),
        ("closed_lost", 0),
    ]
    assert found["One"].Deal.actual_close_date is None
    assert found["Two"].Deal.actual_close_date is not None
    assert sorted(events(people)[3:]) == [("lost", 2), ("moved", 2), ("won", 2)]


def test_absent_columns_leave_a_matched_deal_alone(people: People) -> None:
    import_file(
        people.mona, "ID,Name,Value,Stage,Company,Expected Close Date,Tags\n1,One,10,Proposal,Acme,2030-01-31,x\n"
    )
    assert counts(import_file(people.mona, "ID,Name\n1,Uno\n")) == {"updated": 1}
    row = deals_of(people)["Uno"]
    assert (row.stage, row.customer, row.Deal.value, row.Deal.tags) == ("proposal", "Acme", 1000, ["x"])
    assert row.Deal.expected_close_date == date(2030, 1, 31)


@pytest.mark.parametrize("close", [win_deal, lose_deal])
def test_a_closed_deal_is_not_reopened(people: People, close: Any) -> None:
    import_file(people.mona, "ID,Name,Stage\n1,One,Lead\n2,Two,Lead\n")
    close(people.mona, deals_of(people)["One"].Deal.id)
    imported = import_file(people.mona, "ID,Name,Stage\n1,One,Proposal\n2,Two,Proposal\n")
    assert counts(imported) == {"updated": 1, "failed": 1}
    (rejected,) = rejected_rows(people.mona, imported.id)
    assert rejected.line == 2
    assert "closed" in rejected.reasons[0]
    assert deals_of(people)["One"].Deal.status != "open"


def test_a_deleted_deal_does_not_come_back(people: People) -> None:
    import_file(people.mona, "ID,Name\n1,One\n")
    delete_deal(people.mona, deals_of(people)["One"].Deal.id)
    imported = import_file(people.mona, "ID,Name\n1,One\n")
    assert counts(imported) == {"failed": 1}
    assert "deleted" in rejected_rows(people.mona, imported.id)[0].reasons[0]


def test_rows_without_an_id_match_by_name_and_company_where_that_is_unique(people: People) -> None:
    import_file(people.mona, "Name,Company,Value\nRollout,Acme Inc.,10\nRollout,Globex,10\n")
    assert counts(import_file(people.mona, "Name,Company,Value\n ROLLOUT ,ACME,11\n")) == {"updated": 1}
    import_file(people.mona, "Name,Company,Value\nTwin,Acme,1\nTwin,Acme,2\n")
    assert counts(import_file(people.mona, "Name,Company,Value\nTwin,Acme,3\n")) == {"created": 1}


def test_a_row_that_says_the_same_again_is_known_after_its_deal_was_closed(people: People) -> None:
    text = "Name,Company,Value,Stage\nRollout,Acme,10,Lead\n"
    import_file(people.mona, text)
    win_deal(people.mona, deals_of(people)["Rollout"].Deal.id)
    imported = import_file(people.mona, text)
    assert (imported.created, imported.total) == (0, 1)
    assert len(deals_of(people)) == 1


def test_no_company_equals_no_company(people: People) -> None:
    import_file(people.mona, "Name,Value\nRollout,10\n")
    assert counts(import_file(people.mona, "Name,Company,Value\nRollout,Acme,12\n")) == {"created": 1}


def test_a_deal_made_by_hand_is_found_by_name_and_company(people: People) -> None:
    new = NewDeal(name="Rollout", currency="USD", value=1, customer_name="Acme Inc.", assigned_to=people.alice.user_id)
    deal_id = create_deal(people.alice, new)
    assert counts(import_file(people.mona, "Name,Company,Value\nrollout,ACME,12\n")) == {"updated": 1}
    row = deals_of(people)["rollout"]
    assert (row.Deal.id, row.Deal.value, row.Deal.assigned_to) == (deal_id, 1200, people.alice.user_id)


def test_the_same_id_twice_in_a_file_names_the_first_line(people: People) -> None:
    imported = import_file(people.mona, "ID,Name\n7,One\n8,Two\n7,Three\n")
    assert counts(imported) == {"created": 2, "failed": 1}
    (rejected,) = rejected_rows(people.mona, imported.id)
    assert rejected.line == 4
    assert "line 2" in rejected.reasons[0]


def test_owners_are_found_by_mail_or_name_and_others_are_kept_by_name(people: People) -> None:
    import_file(people.mona, "Name,Deal Owner\na,alice@acme.example\nb,BOB\nc,Charlie\nd,\n")
    found = deals_of(people)
    assert found["a"].Deal.assigned_to == people.alice.user_id
    assert found["b"].Deal.assigned_to == people.bob.user_id
    assert (found["c"].Deal.assigned_to, found["c"].Deal.extra) == (None, {"owner_name": "Charlie"})
    assert (found["d"].Deal.assigned_to, found["d"].Deal.extra) == (None, {})


def test_an_unknown_stage_fails_its_row_and_names_the_known_ones(people: People) -> None:
    imported = import_file(people.mona, "Name,Stage\nOne,Verbal Commit\nTwo,discovery\n")
    assert counts(imported) == {"created": 1, "failed": 1}
    (rejected,) = rejected_rows(people.mona, imported.id)
    assert "Verbal Commit" in rejected.reasons[0]
    assert "Proposal" in rejected.reasons[0]
    assert deals_of(people)["Two"].stage == "qualified"


def test_two_tenants_with_the_same_file_have_their_own_deals(people: People) -> None:
    text = "ID,Name,Company\n1,One,Acme\n"
    assert counts(import_file(people.mona, text)) == {"created": 1}
    with pytest.raises(NotFound):
        import_view(people.charlie, queue_file(people.mona, text))
    assert counts(import_file(people.charlie, text)) == {"created": 1}
    assert len(deals_of(people)) == 1


def test_imports_are_for_managers(people: People) -> None:
    with pytest.raises(Forbidden):
        receive_file(people.alice, "a.csv", io.BytesIO(b"Name\nOne\n"))
    import_id = receive_file(people.mona, "a.csv", io.BytesIO(b"Name\nOne\n"))
    for refused in (start_import, cancel_import):
        with pytest.raises(Forbidden):
            refused(people.alice, import_id)
        with pytest.raises(NotFound):
            refused(people.charlie, import_id)


def test_an_import_starts_once_and_what_is_over_cannot_be_cancelled(people: People) -> None:
    done = import_file(people.mona, "Name\nOne\n")
    with pytest.raises(RuleBroken):
        start_import(people.mona, done.id)
    with pytest.raises(RuleBroken):
        cancel_import(people.mona, done.id)


def test_an_import_that_moves_a_card_puts_it_on_top(people: People) -> None:
    import_file(people.mona, "ID,Name,Stage\n1,One,Lead\n2,Two,Proposal\n")
    move_deal(people.mona, deals_of(people)["Two"].Deal.id, stage="qualified")
    import_file(people.mona, "ID,Name,Stage\n1,One,Qualified\n")
    found = deals_of(people)
    assert found["One"].Deal.position < found["Two"].Deal.position


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("Company", "x" * 201),
        ("Tags", "".join(f"{n:x}" for n in range(3000))),
        ("External ID", "x" * 256),
        ("Value", "9" * 30),
        ("Expected Close Date", "9" * 30),
    ],
)
def test_a_cell_too_long_for_its_field_fails_its_row_only(people: People, header: str, cell: str) -> None:
    imported = import_file(people.mona, f"Name,{header}\nBad,{cell}\nGood,\n")
    assert counts(imported) == {"created": 1, "failed": 1}
    (rejected,) = rejected_rows(people.mona, imported.id)
    assert rejected.reasons[0].startswith(f"{header}: ")


@pytest.mark.parametrize(
    "header", ["Description", "Loss Reason", "Contact Name", "Deal Owner", "Anything else", "Lead Source"]
)
def test_a_long_text_is_kept_where_texts_may_be_long(people: People, header: str) -> None:
    assert counts(import_file(people.mona, f"Name,Stage,{header}\nGood,Lost,{'long ' * 2000}\n")) == {"created": 1}
