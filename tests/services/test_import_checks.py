"""What a check says of each row before anything happens, and that the import then does as it said."""

from __future__ import annotations

import gzip
import threading
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from deals_app.models import Customer, Deal, ExternalRef, Import, ImportRow
from deals_app.services.deals import NewDeal, create_deal, delete_deal
from deals_app.services.importing import checking
from deals_app.services.importing.checking import TOPIC, run_check
from deals_app.services.importing.deciding import leave_out
from deals_app.services.importing.run import run_import
from deals_app.services.importing.starting import TOPIC as STARTED
from deals_app.services.importing.starting import start_import
from deals_app.services.queries.imports import import_view
from deals_app.services.reopening import reopen_deal
from deals_app.services.stage_transition import win_deal
from deals_app.services.unit_of_work import reading
from tests.checked import apply_checked, check_file, outbox_id, queue_check, work
from tests.engines import TestEngines
from tests.filled import import_file
from tests.people import People
from tests.sql import OWNER, connected

OUTCOMES = {"create": "created", "update": "updated", "unchanged": "unchanged", "reject": "failed"}
FILES = [
    "01_hubspot_deals_8800_bom.csv",
    "02_salesforce_report_latin1_footer.csv",
    "03_salesforce_dataloader.csv",
    "04_pipedrive_semicolon_cp1252.csv",
    "05_excel_unicode_text_utf16.txt",
    "06_excel_sep_line_semicolon.csv",
    "07_old_mac_cr_only.csv",
    "08a_seed_aliases.csv",
    "08b_seed_aliases.csv",
    "08c_seed_aliases.csv",
    "08d_seed_aliases.csv",
    "09_dirty_rows.csv",
    "10_nul_bytes.csv",
    "11_unclosed_quote.csv",
    "16_blank_lines_and_trailing_commas.csv",
    "19_utf8_invalid_bytes.csv",
    "20_large_cell_5MB.csv.gz",
]


def rows_of(people: People, import_id: UUID) -> list[Any]:
    with reading(people.mona) as session:
        rows = session.scalars(select(ImportRow).where(ImportRow.import_id == import_id).order_by(ImportRow.line)).all()
        session.expunge_all()
    return list(rows)


def plan_of(people: People, import_id: UUID) -> dict[str, int]:
    """The counts of a check; those of the verdicts must add up to the rows of the file."""
    with reading(people.mona) as session:
        found = session.scalars(select(Import).where(Import.id == import_id)).one()
        assert found.state == "checked"
        assert found.checked_at is not None
        assert sum(found.plan[verdict] for verdict in OUTCOMES) == found.total
        return {name: count for name, count in found.plan.items() if name != "began_at" and count}


def everything(people: People) -> tuple[int, ...]:
    with reading(people.mona) as session:
        return tuple(
            session.scalar(select(func.count()).select_from(table)) or 0 for table in (Deal, Customer, ExternalRef)
        )


def made(people: People, name: str, company: str | None = None, value: int = 1) -> UUID:
    new = NewDeal(name=name, currency="USD", value=value, customer_name=company, assigned_to=people.alice.user_id)
    return create_deal(people.alice, new)


def review_of(people: People, content: str) -> list[list[dict[str, Any]]]:
    return [row.review or [] for row in rows_of(people, check_file(people.mona, content))]


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_imported_as_its_check_says(people: People, crm: Path, name: str) -> None:
    raw = gzip.decompress((crm / name).read_bytes()) if name.endswith(".gz") else (crm / name).read_bytes()
    for _ in range(2):
        before = everything(people)
        import_id = check_file(people.mona, raw, filename=name)
        plan = plan_of(people, import_id)
        assert everything(people) == before
        apply_checked(people.mona, import_id)
        done = import_view(people.mona, import_id)
        counts = {verdict: getattr(done, outcome) for verdict, outcome in OUTCOMES.items()}
        assert {verdict: count for verdict, count in counts.items() if count} == {
            verdict: count for verdict, count in plan.items() if verdict != "review"
        }
        rows = rows_of(people, import_id)
        assert [row.outcome for row in rows] == [OUTCOMES[row.verdict] for row in rows]
    assert done.unchanged == done.total - done.failed


def test_updates_are_told_field_by_field_with_both_values(people: People) -> None:
    import_file(
        people.mona,
        "ID,Name,Company,Value,Stage,Deal Owner,Close Date,Tags,Region,Contact Email\n"
        "1,One,Acme,10,Lead,alice@acme.example,2030-01-31,x,North,a@acme.example\n2,Two,Acme,5,Lead,,,,,\n",
    )
    import_id = check_file(
        people.mona,
        "ID,Name,Company,Value,Stage,Deal Owner,Close Date,Tags,Region,Contact Email\n"
        "1,Uno,Globex,12.50,Proposal,bob@acme.example,2030-02-28,y,South,b@acme.example\n2,Two,ACME,5,Lead,,,,,\n",
    )
    assert plan_of(people, import_id) == {"update": 1, "unchanged": 1}
    first, second = rows_of(people, import_id)
    assert (second.verdict, second.changes) == ("unchanged", None)
    assert first.changes == {
        "name": ["One", "Uno"],
        "company": ["Acme", "Globex"],
        "value": [{"value": 1000, "currency": "USD"}, {"value": 1250, "currency": "USD"}],
        "stage": ["Lead", "Proposal"],
        "probability": [10, 50],
        "owner": [str(people.alice.user_id), str(people.bob.user_id)],
        "expected_close_date": ["2030-01-31", "2030-02-28"],
        "tags": [["x"], ["y"]],
        "custom_fields.Region": ["North", "South"],
        "metadata.contact_email": ["a@acme.example", "b@acme.example"],
    }


def test_a_row_with_an_id_is_that_deal_and_nothing_else(people: People) -> None:
    import_file(people.mona, "ID,Name\n1,One\n")
    deal_id = made(people, "Two")
    known, new = rows_of(people, check_file(people.mona, "ID,Name\n1,Two\n2,Two\n"))
    assert known.verdict == "update"
    assert known.deal_id != deal_id
    assert known.review is None
    assert (new.verdict, new.deal_id) == ("create", None)
    assert new.review == [{"deal_id": str(deal_id), "why": "same name and company"}]


def test_a_new_id_of_the_same_system_is_no_duplicate_of_an_old_one(people: People) -> None:
    import_file(people.mona, "ID,Name,Company\n1,Rollout,Acme\n")
    assert review_of(people, "ID,Name,Company\n2,Rollout,Acme\n") == [[]]


def test_a_row_without_an_id_is_matched_where_name_and_company_are_unique_on_both_sides(people: People) -> None:
    deal_id = made(people, "Rollout", "Acme Inc.")
    (row,) = rows_of(people, check_file(people.mona, "Name,Company,Value\n ROLLOUT ,ACME,11\n"))
    assert (row.verdict, row.deal_id, row.review) == ("update", deal_id, None)


def test_rows_of_one_file_that_are_alike_are_shown_and_never_merged(people: People) -> None:
    deal_id = made(people, "Twin", "Acme")
    import_id = check_file(people.mona, "Name,Company,Value\nTwin,Acme,2\nOther,Acme,3\ntwin,ACME,4\nTWIN,Acme,5\n")
    first, other, second, third = rows_of(people, import_id)
    assert {row.verdict for row in (first, other, second, third)} == {"create"}
    assert [row.review[0]["line"] for row in (first, second, third)] == [4, 2, 2]
    assert first.review[0]["why"] == "same name and company"
    assert [row.review[1]["deal_id"] for row in (first, second, third)] == [str(deal_id)] * 3
    assert other.review is None
    assert plan_of(people, import_id) == {"create": 4, "review": 3}


def test_rows_that_ids_tell_apart_are_no_duplicates(people: People) -> None:
    assert review_of(people, "ID,Name,Company\n1,Twin,Acme\n2,Twin,Acme\n") == [[], []]


@pytest.mark.parametrize(
    ("company", "row", "why"),
    [
        ("Globex", "Rollout,Acme,7", "same name, another company"),
        (None, "Rollout,Acme,7", "same name; that deal has no company"),
        ("Globex", "Rollout,,7", "same name; this row has no company"),
        ("Acme", "Launch,Acme,1", "same company and value, another name"),
    ],
)
def test_what_is_only_alike_is_listed(people: People, company: str | None, row: str, why: str) -> None:
    deal_id = made(people, "Rollout", company, value=100)
    import_id = check_file(people.mona, f"Name,Company,Value\n{row}\n")
    (found,) = rows_of(people, import_id)
    assert (found.verdict, found.review) == ("create", [{"deal_id": str(deal_id), "why": why}])
    apply_checked(people.mona, import_id)
    assert everything(people)[0] == 2


def test_several_deals_with_that_name_and_company_are_listed(people: People) -> None:
    ids = {str(made(people, "Rollout", "Acme", value=value)) for value in (100, 200)}
    ((first, second),) = review_of(people, "Name,Company,Value\nRollout,Acme,7\n")
    assert {first["deal_id"], second["deal_id"]} == ids
    assert first["why"] == "one of 2 open deals with this name and company"


def test_closed_and_deleted_deals_are_nobodys_duplicate(people: People) -> None:
    win_deal(people.mona, made(people, "Rollout", "Acme"))
    delete_deal(people.mona, made(people, "Launch", "Acme"))
    assert review_of(people, "Name,Company,Value\nRollout,Acme,1\nLaunch,Acme,1\n") == [[], []]


def test_what_the_deal_does_not_allow_is_refused_by_the_check(people: People) -> None:
    import_file(people.mona, "ID,Name,Stage\n1,One,Lead\n2,Two,Lead\n3,Three,Lead\n")
    ids = {row.name: row.id for row in deals_of(people)}
    win_deal(people.mona, ids["One"])
    delete_deal(people.mona, ids["Two"])
    import_id = check_file(
        people.mona, "ID,Name,Stage,Value\n1,One,Proposal,1\n2,Two,Lead,1\n3,Three,Nowhere,1\n4,,Lead,\n"
    )
    assert plan_of(people, import_id) == {"reject": 4}
    said = [row.problems[0]["message"] for row in rows_of(people, import_id)]
    for word, message in zip(("closed", "deleted", "Nowhere", "name"), said, strict=True):
        assert word in message


def deals_of(people: People) -> list[Deal]:
    with reading(people.mona) as session:
        found = list(session.scalars(select(Deal)).all())
        session.expunge_all()
    return found


def test_what_is_true_when_it_starts_is_applied(people: People) -> None:
    import_file(people.mona, "ID,Name,Stage\n1,One,Lead\n2,Two,Lead\n")
    ids = {row.name: row.id for row in deals_of(people)}
    win_deal(people.mona, ids["One"])
    import_id = check_file(people.mona, "ID,Name,Stage\n1,One,Proposal\n2,Two,Proposal\n3,Three,Lead\n4,Four,Lead\n")
    assert plan_of(people, import_id) == {"reject": 1, "update": 1, "create": 2}
    import_file(people.mona, "ID,Name,Stage\n3,Three,Lead\n")
    reopen_deal(people.mona, ids["One"], reason="A mistake")
    win_deal(people.mona, ids["Two"])
    apply_checked(people.mona, import_id)
    assert [row.outcome for row in rows_of(people, import_id)] == ["updated", "failed", "unchanged", "created"]


def test_rows_left_out_stay_out_and_are_counted(people: People) -> None:
    import_file(people.mona, "ID,Name\n1,One\n")
    import_id = check_file(people.mona, "ID,Name,Company\n1,Uno,\n2,Two,Acme\n3,Three,\n4,,\n")
    for line in (2, 3):
        leave_out(people.mona, import_id, line, is_out=True)
    apply_checked(people.mona, import_id)
    done = import_view(people.mona, import_id)
    assert (done.created, done.updated, done.failed, done.skipped) == (1, 0, 1, 2)
    assert done.processed == done.total == 4
    assert {deal.name for deal in deals_of(people)} == {"One", "Three"}
    assert everything(people)[1] == 0
    assert [row.outcome for row in rows_of(people, import_id)] == ["skipped", "skipped", "created", "failed"]


def test_what_a_row_made_is_marked_for_taking_it_back(people: People) -> None:
    made(people, "By hand")
    import_file(people.mona, "ID,Name\n1,Known\n")
    import_id = check_file(people.mona, "ID,Name,Company\n1,Known,Acme\n2,New,Acme\n,By hand,\n,Bad,\n")
    apply_checked(people.mona, import_id)
    assert [row.made_ref for row in rows_of(people, import_id)] == [False, True, True, True]
    with reading(people.mona) as session:
        assert session.scalars(text("SELECT import_id FROM customers")).all() == [import_id]  # type: ignore[call-overload]


def test_a_check_that_dies_after_any_chunk_goes_on(
    people: People, engines: TestEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "ROWS_PER_CHUNK", 3)
    import_id = queue_check(people.mona, "Name,Value\n" + "".join(f"Deal {n % 9},{n}\n" for n in range(10)))
    honest = checking.judge_chunk

    def dies(*args: Any, **kwargs: Any) -> bool:
        honest(*args, **kwargs)
        raise ZeroDivisionError

    seen: list[int] = []
    for _ in range(4):
        calls = iter(range(100))
        monkeypatch.setattr(checking, "judge_chunk", lambda *a, c=calls, **k: (dies if next(c) else honest)(*a, **k))
        with pytest.raises(ZeroDivisionError):
            work(people.mona, import_id, TOPIC, run_check)
        seen.append(sum(row.verdict is not None for row in rows_of(people, import_id)))
        with connected(engines, OWNER) as connection:
            connection.execute("UPDATE outbox SET leased_until = NULL WHERE job IS NOT NULL")
    assert seen == [3, 6, 9, 10]
    monkeypatch.setattr(checking, "judge_chunk", honest)
    work(people.mona, import_id, TOPIC, run_check)
    assert plan_of(people, import_id) == {"create": 10, "review": 2}


def test_two_people_with_the_same_file_at_the_same_moment_make_each_deal_once(app: Flask, people: People) -> None:
    content = "Name,Company,Value\n" + "".join(f"Deal {n},Acme {n % 7},{n}\n" for n in range(300))
    imports = {name: check_file(actor, content) for name, actor in (("mona", people.mona), ("ada", people.ada))}
    for name, import_id in imports.items():
        assert plan_of(people, import_id) == {"create": 300}
        start_import(getattr(people, name), import_id)
    together = threading.Barrier(2)

    def apply(import_id: UUID, outbox: UUID) -> None:
        with app.app_context():
            together.wait(30)
            run_import(str(people.tenant_id), str(outbox))

    threads = [
        threading.Thread(target=apply, args=(import_id, outbox_id(people.mona, import_id, STARTED)))
        for import_id in imports.values()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    done = [import_view(people.mona, import_id) for import_id in imports.values()]
    assert sorted((each.created, each.unchanged) for each in done) == [(0, 300), (300, 0)]
    assert everything(people) == (300, 7, 300)
