"""The columns page of an import, as plain forms send it."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any
from uuid import UUID

import pytest

from deals_app.services.queries.imports import import_view
from tests.people import People

FILE = "Title,Rgn,Step,Until\nA,North,Verbal,03/04/2027\nB,South,Verbal,05/06/2027\n"


@pytest.fixture
def path(sign_in: Any) -> str:
    return uploaded(sign_in("mona"), FILE)


def uploaded(browser: Any, content: str, name: str = "deals.csv") -> str:
    return browser.post("/ingest", {"file": (io.BytesIO(content.encode()), name)}).headers["Location"]


def page_of(browser: Any, path: str) -> str:
    return unescape(browser.get(path).get_data(as_text=True))


def form_of(page: str) -> dict[str, Any]:
    """What the browser would send of this page as it is."""
    form: dict[str, Any] = {"asked": re.findall(r'name="asked" value="(\w+)"', page)[0]}
    for name, options in re.findall(r'<select[^>]* name="([\w-]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', options) or re.findall(
            r'<option value="([^"]*)"', options
        )
        form.setdefault(name, []).append(chosen[0])
    form |= {name: re.findall(rf'name="{name}" value="([^"]*)"', page) for name in ("stage-text", "owner-text")}
    return form


def view_of(people: People, path: str) -> Any:
    return import_view(people.mona, UUID(path.rpartition("/")[2]))


def test_the_page_shows_columns_values_and_how_the_file_was_read(sign_in: Any, path: str) -> None:
    page = page_of(sign_in("mona"), path)
    for text in ("A · B", "North · South", "UTF-8, separated by comma, names in line 1", "2 rows"):
        assert text in page


def test_a_column_that_asks_something_new_brings_the_page_back(sign_in: Any, people: People, path: str) -> None:
    browser = sign_in("mona")
    form = form_of(page_of(browser, path)) | {
        "column-1": "custom", "custom-1": "Region", "column-2": "stage", "column-3": "expected_close_date",
    }  # fmt: skip
    answer = browser.post(f"{path}/columns", form)
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert view_of(people, path).state == "draft"
    page = page_of(browser, path)
    assert "ask something new" in page
    assert "Stages we do not know" in page
    assert "Which day is 03/04/2027?" in page
    stage = re.findall(r'<option value="([^"]+)">Proposal</option>', page)[0]
    answered = form_of(page) | {"custom-1": "Region", "stage-chosen": [stage], "date-order": "dmy"}
    assert browser.post(f"{path}/columns", answered).status_code == 303
    view = view_of(people, path)
    assert view.state in {"checking", "checked"}
    assert view.mapping == {"Title": "name", "Rgn": "custom:Region", "Step": "stage", "Until": "expected_close_date"}


def test_import_without_checking(sign_in: Any, people: People, path: str) -> None:
    browser = sign_in("mona")
    assert browser.post(f"{path}/start", form_of(page_of(browser, path))).status_code == 303
    assert view_of(people, path).state == "queued"


def test_what_is_wrong_is_said_with_the_choices_still_there(sign_in: Any, people: People, path: str) -> None:
    browser = sign_in("mona")
    form = form_of(page_of(browser, path)) | {"column-0": "ignore", "column-1": "custom", "custom-1": "Step"}
    answer = browser.post(f"{path}/columns", form)
    page = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 422
    assert "would both be the custom field “Step”" in page
    assert re.search(r'name="custom-1" value="Step"', page)
    assert form_of(page)["column-0"] == ["ignore"]
    assert view_of(people, path).mapping["Title"] == "name"


def test_without_a_name_it_is_asked_for(sign_in: Any, people: People, path: str) -> None:
    browser = sign_in("mona")
    answer = browser.post(f"{path}/columns", form_of(page_of(browser, path)) | {"column-0": "ignore"})
    assert answer.status_code == 422
    assert "Say which column holds the deal" in answer.get_data(as_text=True)
    assert view_of(people, path).state == "draft"


def test_the_layout_is_overruled_and_an_impossible_one_is_said(sign_in: Any, people: People, path: str) -> None:
    browser = sign_in("mona")
    assert browser.post(f"{path}/layout", {"header-line": "2"}).status_code == 303
    assert [*view_of(people, path).mapping] == ["A", "North", "Verbal", "03/04/2027"]
    answer = browser.post(f"{path}/layout", {"header-line": "99"})
    assert answer.status_code == 422
    assert "Line 99 is not among" in answer.get_data(as_text=True)
    assert 'value="99"' in answer.get_data(as_text=True)


def test_only_managers_of_the_tenant_decide(sign_in: Any, people: People, path: str) -> None:
    form = form_of(page_of(sign_in("mona"), path))
    for verb in ("columns", "start", "layout"):
        assert sign_in("charlie").post(f"{path}/{verb}", form).status_code == 404
        assert sign_in("alice").post(f"{path}/{verb}", form).status_code == 303
    assert view_of(people, path).state == "draft"


def test_the_next_file_says_since_when_it_is_read_so(sign_in: Any, people: People, path: str) -> None:
    browser = sign_in("mona")
    browser.post(f"{path}/start", form_of(page_of(browser, path)))
    assert "Read as on " in page_of(browser, uploaded(browser, FILE))
    assert "Read as on " not in page_of(browser, uploaded(browser, "Name\nA\n"))


@pytest.mark.parametrize("kind", [".xlsx", ".tsv"])
def test_the_upload_takes_workbooks_and_tabs(sign_in: Any, kind: str) -> None:
    assert kind in re.findall(r'accept="([^"]*)"', page_of(sign_in("mona"), "/ingest"))[0].split(",")
