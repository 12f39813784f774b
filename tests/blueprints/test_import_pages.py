"""An import's page after it has ended: what it did, what can be done about it, and the same through the API."""

from __future__ import annotations

from typing import Any

from flask import Flask

from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.importing.taking_back import undo_import
from deals_app.services.queries.imports import import_view
from tests.filled import import_file
from tests.people import People, api_key
from tests.services.test_taking_back import BEFORE, SECOND, deal_named, outbox_of, take_back


def test_an_import_is_undone_from_its_page(people: People, sign_in: Any) -> None:
    done = import_file(people.mona, BEFORE)
    deal_id = deal_named(people.mona, "1")
    edit_deal(people.mona, deal_id, DealEdit(name="Touched since"))
    path = f"/imports/{done.id}"
    mona = sign_in("mona")
    assert "6 new deals are deleted" in mona.get(path).text
    answer = mona.post(f"{path}/undo")
    assert (answer.status_code, answer.location) == (303, path)
    assert "0 of 6 deals" in mona.get(f"{path}/progress").text
    undo_import(str(people.tenant_id), str(outbox_of(people.mona, done.id)))
    page = mona.get(path).text
    assert "hx-trigger" not in mona.get(f"{path}/progress").text
    assert f'href="/deals/{deal_id}"' in page
    for told in ("Undone", "Touched since", "Name", "Mona"):
        assert told in page
    assert "Undo this import" not in page


def test_reps_see_imports_and_do_not_undo_them(people: People, sign_in: Any) -> None:
    done = import_file(people.mona, BEFORE)
    alice = sign_in("alice")
    page = alice.get(f"/imports/{done.id}").text
    assert "Undo this import" not in page
    assert alice.post(f"/imports/{done.id}/undo").status_code == 303
    assert "Only managers" in alice.get(f"/imports/{done.id}").text
    assert import_view(people.mona, done.id).state == "done"


def test_the_history_lists_every_import(people: People, sign_in: Any) -> None:
    done = import_file(people.mona, SECOND, filename="second.csv")
    page = sign_in("alice").get("/imports").text
    for told in ("second.csv", "Mona", "Done", f"/imports/{done.id}"):
        assert told in page


def test_rejected_rows_are_streamed_as_the_file_they_came_in(people: People, sign_in: Any) -> None:
    done = import_file(people.mona, "Name;Value\nA;x\n")
    answer = sign_in("mona").get(f"/imports/{done.id}/errors.csv", buffered=False)
    assert answer.is_streamed
    assert answer.get_data().startswith("\ufeffName;Value;line;reason\r\n".encode())


def test_an_import_is_undone_through_the_api(app: Flask, people: People, client: Any) -> None:
    done = import_file(people.mona, BEFORE)
    path = f"/api/sales/deals/imports/{done.id}"
    assert client.post(f"{path}/undo", headers=api_key(people.ada, "ingest")).status_code == 403
    headers = api_key(people.ada)
    answer = client.post(f"{path}/undo", headers=headers)
    assert answer.status_code == 202
    told = answer.json["data"]
    assert (told["job_id"], told["state"], told["undo"]["total"]) == (str(done.id), "undoing", 6)
    undo_import(str(people.tenant_id), str(outbox_of(people.mona, done.id)))
    told = client.get(path, headers=headers).json["data"]
    assert (told["state"], told["undo"]["deleted"], told["undo"]["done"]) == ("undone", 6, 6)
    refused = client.post(f"{path}/undo", headers=headers)
    assert refused.status_code == 400
    assert "undone already" in refused.json["error"]
    nothing = import_file(people.mona, "Name,Value\nA,x\n")
    refused = client.post(f"/api/sales/deals/imports/{nothing.id}/undo", headers=headers)
    assert (refused.status_code, "nothing to undo" in refused.json["error"]) == (400, True)
    again = import_file(people.mona, BEFORE)
    assert take_back(people.ada, again.id).state == "undone"
