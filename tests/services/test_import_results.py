"""What an import leaves behind: its rejected rows as a file to correct, its rate, its place in the history."""

from __future__ import annotations

import csv
import io
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from deals_app.domain.errors import Invalid
from deals_app.services.importing.checking import check_import, run_check
from deals_app.services.importing.intake import receive_file
from deals_app.services.queries.import_rows import rejected_csv, rejected_rows
from deals_app.services.queries.imports import import_history, import_view
from deals_app.services.unit_of_work import reading
from tests.engines import TestEngines
from tests.filled import import_file, outbox_id_of
from tests.people import People
from tests.sql import OWNER, connected

GERMAN = 'Firma;Titel;Betrag;Farbe\nMüller GmbH;=SUM(1);abc;"zwei;\nZeilen"\nÆther;+49;7;-\nŁódź;Drei;x;@home\n'
MAPPED = {"Firma": "company", "Titel": "name", "Betrag": "value"}


def given_back(people: People, content: str | bytes) -> str:
    done = import_file(people.mona, content, chosen=MAPPED)
    return "".join(rejected_csv(people.mona, done.id, as_uploaded=True))


def test_rejected_rows_come_back_in_their_own_columns(people: People) -> None:
    told = given_back(people, GERMAN)
    assert told.startswith("\ufeffFirma;Titel;Betrag;Farbe;line;reason\r\n")
    header, *rows = csv.reader(io.StringIO(told.removeprefix("\ufeff")), delimiter=";")
    assert [row[:5] for row in rows] == [
        ["Müller GmbH", "'=SUM(1)", "abc", "zwei;\nZeilen", "2"],
        ["Łódź", "Drei", "x", "'@home", "5"],
    ]
    assert len(header) == len(rows[0]) == 6
    assert "Betrag" in rows[0][5]


def test_once_corrected_the_file_is_imported_as_it_is(people: People) -> None:
    told = given_back(people, GERMAN.encode("utf-16")).replace(";abc;", ";12,50;").replace(";x;", ";7;")
    again = import_file(people.mona, told.encode())
    assert again.mapping == MAPPED | {"Farbe": "custom", "line": "ignore", "reason": "ignore"}
    assert (again.created, again.failed) == (2, 0)
    with reading(people.mona) as session:
        found = session.execute(text("SELECT name, value, custom_fields FROM deals ORDER BY name")).all()
    assert [tuple(row) for row in found] == [
        ("+49", 700, {"Farbe": "-"}),
        ("=SUM(1)", 1250, {"Farbe": "zwei;\nZeilen"}),
        ("Drei", 700, {"Farbe": "@home"}),
    ]


def test_what_is_rejected_again_has_its_new_reasons_only(people: People) -> None:
    told = given_back(people, GERMAN).replace(";x;", ";y;")
    again = import_file(people.mona, told.encode())
    header, *rows = csv.reader(io.StringIO("".join(rejected_csv(people.mona, again.id))))
    assert header == ["Firma", "Titel", "Betrag", "Farbe", "line", "reason"]
    assert [row[4] for row in rows] == ["2", "4"]
    assert "y" in rows[1][5]


def test_a_row_with_more_cells_than_the_header_keeps_them(people: People) -> None:
    done = import_file(people.mona, "Name,Value\nA,x,more,and more\nB,y\n")
    header, *rows = csv.reader(io.StringIO("".join(rejected_csv(people.mona, done.id))))
    assert header == ["Name", "Value", "", "", "line", "reason"]
    assert [row[:5] for row in rows] == [["A", "x", "more", "and more", "2"], ["B", "y", "", "", "3"]]


def test_a_column_called_reason_is_only_ours_behind_the_line(people: People) -> None:
    import_id = receive_file(people.mona, "own.csv", io.BytesIO(b"Name,reason\nOne,budget\n"))
    assert import_view(people.mona, import_id).mapping["reason"] != "ignore"


def test_memory_does_not_grow_with_the_rejected_rows(people: People) -> None:
    def peak_of(rows: int) -> int:
        done = import_file(people.mona, "Name,Value\n" + f"Deal,{'x' * 200}\n" * rows)
        tracemalloc.start()
        count = sum(part.count("\r\n") for part in rejected_csv(people.mona, done.id))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == rows + 1
        return peak

    assert peak_of(8_000) < 1.5 * peak_of(1_000)


def test_counts_add_up_and_the_rate_is_told(people: People) -> None:
    done = import_file(people.mona, "Name,Value\n" + "".join(f"Deal {n},{n if n % 3 else 'x'}\n" for n in range(30)))
    counted = done.created + done.updated + done.unchanged + done.failed + done.skipped
    assert counted == done.processed == done.total == 30
    assert done.rows_per_second is not None
    assert done.seconds_left is None
    assert len(rejected_rows(people.mona, done.id)) == done.failed == 10


def test_a_running_import_says_how_long_it_will_take(people: People, engines: TestEngines) -> None:
    done = import_file(people.mona, "Name,Value\n" + "".join(f"Deal {n},{n}\n" for n in range(10)))
    with connected(engines, OWNER, tenant=people.tenant_id) as connection:
        connection.execute(
            "UPDATE imports SET state = 'running', finished_at = NULL, total = 1000, started_at = %(at)s,"
            " staged_at = %(at)s",
            {"at": datetime.now(UTC) - timedelta(minutes=50)},
        )
    running = import_view(people.mona, done.id)
    assert (running.rows_per_second, running.seconds_left) == (1, 990)


def test_what_turned_out_otherwise_than_checked_is_told(people: People) -> None:
    done = import_file(people.mona, "Name,Value\nOne,1\nTwo,2\nThree,x\n")
    checked = {"create": 2, "update": 0, "unchanged": 0, "reject": 1, "review": 0}
    assert not done.turned_out_differently
    assert not replace(done, plan=checked).turned_out_differently
    assert replace(done, plan=checked | {"create": 1, "unchanged": 1}).turned_out_differently
    # A row left out by hand is none that turned out otherwise.
    assert not replace(done, plan=checked | {"create": 3}).turned_out_differently


def test_the_history_goes_on_where_the_last_page_ended(people: People) -> None:
    made = [import_file(people.mona, f"Name\nDeal {n}\n", filename=f"{n}.csv").id for n in range(5)]
    first = import_history(people.alice, limit=2)
    second = import_history(people.alice, first.next_after, limit=2)
    third = import_history(people.alice, second.next_after, limit=2)
    assert [view.id for page in (first, second, third) for view in page.items] == made[::-1]
    assert third.next_after is None
    assert import_history(people.charlie).items == ()
    with pytest.raises(Invalid, match="cursor"):
        import_history(people.alice, "nonsense")


def test_what_a_check_rejects_can_be_corrected_before_the_import(people: People) -> None:
    import_id = receive_file(people.mona, "deals.csv", io.BytesIO(b"Name,Value\nOne,1\nTwo,x\n"))
    check_import(people.mona, import_id)
    run_check(str(people.tenant_id), str(outbox_id_of(people.mona, import_id)))
    assert import_view(people.mona, import_id).state == "checked"
    (_, row) = csv.reader(io.StringIO("".join(rejected_csv(people.mona, import_id))))
    assert row[:3] == ["Two", "x", "3"]
    assert rejected_rows(people.mona, import_id) == []
