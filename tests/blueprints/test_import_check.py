"""The check as a page and through the API: its tabs, its rows, what a person decides, and its start."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from deals_app.services.importing.checking import TOPIC, run_check
from deals_app.services.importing.run import run_import
from deals_app.services.importing.starting import TOPIC as STARTED
from deals_app.services.queries.imports import import_view
from tests.checked import check_file, queue_check, work
from tests.filled import import_file
from tests.people import People, api_key

BEFORE = "ID,Name,Company,Value\n1,Rollout,Acme,10\n2,Launch,Acme,20\n,Pilot,Acme,30\n"
FILE = """ID,Name,Company,Value
1,Rollout,Acme,12
2,Launch,Acme,20
3,Kick-off,Globex,5
,Pilot,Globex,40
5,Bad,Acme,TBD
"""


@pytest.fixture
def checked(people: People) -> UUID:
    """Line 2 updates, 3 changes nothing, 4 is new, 5 is like a deal of another company, 6 is rejected."""
    import_file(people.mona, BEFORE)
    return check_file(people.mona, FILE)


def page_of(browser: Any, import_id: UUID, query: str = "") -> str:
    answer = browser.get(f"/imports/{import_id}{query}")
    assert answer.status_code == 200
    return " ".join(answer.get_data(as_text=True).split())


def test_the_tabs_add_up_and_each_shows_its_rows(sign_in: Any, checked: UUID) -> None:
    browser = sign_in("mona")
    for tab, has, lacks in (
        ("new", ["Kick-off", "Globex", "$5"], ["Pilot", "Bad"]),
        ("updates", ["Rollout", "$10", "$12", "<del>", "<ins>"], ["Kick-off"]),
        ("unchanged", ["Launch"], ["Kick-off", "Leave out"]),
        ("duplicates", ["Pilot", "same name, another company", "$30"], ["Kick-off"]),
        ("rejected", ["Bad", "TBD", "Value", f"/imports/{checked}/errors.csv"], ["Kick-off"]),
    ):
        shown = page_of(browser, checked, f"?tab={tab}")
        table = shown[shown.index('class="tabs') :]
        assert all(text in table for text in has), (tab, has)
        assert not any(text in table for text in lacks), (tab, lacks)
        assert shown.count("check-count") == 5
        assert "Import 3 rows" in shown
    assert browser.get(f"/imports/{checked}?tab=none").status_code == 404


def test_the_rejected_rows_of_a_check_can_be_downloaded(sign_in: Any, checked: UUID) -> None:
    lines = sign_in("mona").get(f"/imports/{checked}/errors.csv").get_data(as_text=True).splitlines()
    assert len(lines) == 2
    assert "TBD" in lines[1]


def test_a_row_is_left_out_and_taken_in_again(sign_in: Any, people: People, checked: UUID) -> None:
    browser = sign_in("mona")
    url = f"/imports/{checked}/check/leave-out"
    answer = browser.hx_post(url, {"line": "2", "tab": "updates", "out": "1"})
    swapped = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert 'id="line-2"' in swapped
    assert "Take in" in swapped
    assert "Import 2 rows" in swapped
    assert browser.post(url, {"line": "2", "tab": "updates", "out": ""}).status_code == 303
    assert "Import 3 rows" in page_of(browser, checked)
    assert browser.hx_post(url, {"line": "6", "out": "1"}).status_code == 404
    assert sign_in("alice").hx_post(url, {"line": "2", "out": "1"}).status_code == 403


def test_all_likely_duplicates_are_left_out_at_once_and_the_rest_is_imported(
    sign_in: Any, people: People, checked: UUID
) -> None:
    browser = sign_in("mona")
    browser.post(f"/imports/{checked}/check/leave-out-duplicates", {"out": "1"})
    shown = page_of(browser, checked, "?tab=duplicates")
    assert "Import 2 rows" in shown
    assert "Take all likely duplicates in" in shown
    assert browser.post(f"/imports/{checked}/check/start").status_code == 303
    work(people.mona, checked, STARTED, run_import)
    done = import_view(people.mona, checked)
    assert (done.created, done.updated, done.unchanged, done.failed, done.skipped) == (1, 1, 1, 1, 1)
    assert "Done" in page_of(browser, checked)


def test_a_tab_goes_on_where_it_was(sign_in: Any, people: People) -> None:
    import_id = check_file(people.mona, "Name\n" + "".join(f"Deal {n:02}\n" for n in range(60)))
    browser = sign_in("mona")
    first = page_of(browser, import_id)
    assert "Deal 24" in first
    assert "Deal 25" not in first
    more = browser.get(f"/imports/{import_id}/check/rows?tab=new&after=26").get_data(as_text=True)
    assert "Deal 25" in more
    assert "after=51" in more
    last = browser.get(f"/imports/{import_id}/check/rows?tab=new&after=51").get_data(as_text=True)
    assert "Deal 59" in last
    assert "rows-more" not in last


def test_a_file_that_is_known_already_says_so(sign_in: Any, people: People) -> None:
    import_file(people.mona, BEFORE)
    shown = page_of(sign_in("mona"), check_file(people.mona, BEFORE))
    assert "every row is known already" in shown
    assert "Import another file" in shown
    assert "/check/start" not in shown


def test_a_running_check_shows_how_far_it_is_and_then_what_it_found(sign_in: Any, people: People) -> None:
    import_id = queue_check(people.mona, "Name\nOne\n")
    browser = sign_in("mona")
    assert "Waiting for its turn" in page_of(browser, import_id)
    waiting = browser.get(f"/imports/{import_id}/check").get_data(as_text=True)
    assert 'hx-trigger="load delay:1s"' in waiting
    work(people.mona, import_id, TOPIC, run_check)
    assert "Import 1 row<" in browser.get(f"/imports/{import_id}/check").get_data(as_text=True)
    browser.post(f"/imports/{import_id}/cancel")
    assert browser.get(f"/imports/{import_id}/check").headers["HX-Refresh"] == "true"


def test_a_checked_file_goes_back_to_its_columns(sign_in: Any, people: People, checked: UUID) -> None:
    browser = sign_in("mona")
    assert browser.post(f"/imports/{checked}/check/columns").status_code == 303
    assert import_view(people.mona, checked).state == "draft"


def test_other_tenants_and_reps_decide_nothing(sign_in: Any, checked: UUID) -> None:
    for path in ("", "/check", "/check/rows?tab=new"):
        assert sign_in("charlie").get(f"/imports/{checked}{path}").status_code == 404
    shown = page_of(sign_in("alice"), checked)
    assert "/check/start" not in shown
    assert "Leave out<" not in shown
    sign_in("alice").post(f"/imports/{checked}/check/start")
    assert "Import 3 rows" in page_of(sign_in("mona"), checked)


def upload(client: FlaskClient, key: dict[str, str], **fields: str) -> Any:
    return client.post(
        "/api/sales/deals/csv/upload",
        data={"file": (io.BytesIO(FILE.encode()), "deals.csv"), **fields},
        headers=key,
        content_type="multipart/form-data",
    )


def test_a_dry_run_through_the_api_changes_nothing(client: FlaskClient, people: People) -> None:
    import_file(people.mona, BEFORE)
    key = api_key(people.ada)
    answer = upload(client, key, dry_run="true")
    assert answer.status_code == 202
    import_id, url = UUID(answer.json["job_id"]), answer.json["status_url"]
    assert (answer.json["data"]["state"], answer.json["data"]["dry_run"]) == ("running", True)
    work(people.mona, import_id, TOPIC, run_check)
    found: dict[str, Any] = client.get(url, headers=key).get_json()["data"]
    assert (found["state"], found["dry_run"], found["total"], found["processed"]) == ("done", True, 5, 5)
    assert found["plan"] == {"create": 2, "update": 1, "unchanged": 1, "reject": 1, "review": 1}
    assert found["created"] == found["updated"] == 0
    assert "TBD" in client.get(found["errors_url"], headers=key).get_data(as_text=True)


def test_a_word_that_is_neither_yes_nor_no_starts_nothing(client: FlaskClient, people: People) -> None:
    answer = upload(client, api_key(people.ada), dry_run="ture")
    assert answer.status_code == 400
    assert "dry_run" in answer.get_data(as_text=True)


def test_without_dry_run_a_file_is_imported(client: FlaskClient, people: People) -> None:
    answer = upload(client, api_key(people.ada), dry_run="false")
    assert (answer.json["data"]["state"], answer.json["data"]["dry_run"]) == ("queued", False)
