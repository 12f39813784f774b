"""The panel of each source: filled in, looked at, refused at the field, counted; for a source added as one file too."""

from __future__ import annotations

import html
import importlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from deals_app.integrations import sources as package
from deals_app.integrations.sources import sources
from deals_app.services.ingestion import object_doors
from deals_app.services.queries.inbox import ItemFilter, inbox_items
from tests.blueprints.programs import Api
from tests.conftest import SignedIn, application
from tests.engines import TestEngines
from tests.heard import heard
from tests.people import People, api_key, make_people

SignIn = Callable[[str], Any]
DEAL = {"name": "Fleet", "company": "Acme", "value": "1200.50", "stage": "proposal", "contact_email": "a@b.example"}

# All that somebody writes who adds a source.
TYPEFORM = '''
"""Answers of a Typeform."""

from deals_app.domain.drafts import DealDraft
from deals_app.domain.inbound import LeadDraft, SourceField, Understood
from deals_app.integrations.object_drafts import ReadObject

key = "typeform"
label = "Typeform"
says = "Answers of a form made with Typeform."
kind = "json"
path = "/typeform"
FIELDS = (
    SourceField(name="title", says="What it is about", example="Demo", is_required=True),
    SourceField(name="mail", says="Who answered", example="jane@company.example", looks="email"),
)
EXAMPLE = (
    {"title": "Demo of <b>Deals</b>", "mail": "jane@company.example"},
    Understood(draft=DealDraft(name="Demo of <b>Deals</b>", given=frozenset({"name"})), system="typeform",
               lead=LeadDraft(email="jane@company.example"), found_in={"name": "Demo of <b>Deals</b>"}),
)


def normalise(payload, surroundings):
    read = ReadObject(payload, FIELDS)
    title, mail = read.text("title") or "", read.email("mail")
    return read.problems or Understood(
        draft=DealDraft(name=title, given=frozenset({"name"})), system=key, lead=LeadDraft(email=mail),
        found_in={"name": title}, metadata=read.unknown())
'''


@pytest.fixture
def with_typeform(tmp_path: Path, engines: TestEngines) -> Iterator[tuple[Flask, People]]:
    """An application that was started after one file was put beside the sources."""
    (tmp_path / "typeform.py").write_text(TYPEFORM)
    package.__path__.append(str(tmp_path))
    importlib.invalidate_caches()
    sources.cache_clear()
    with application(engines) as app:
        yield app, make_people()
    package.__path__.remove(str(tmp_path))
    sources.cache_clear()


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return html.unescape(answer.get_data(as_text=True))


def figures(page: str) -> dict[str, list[str]]:
    """Outcome: today and 30 days, as the page shows them."""
    table = page.partition("source-figures")[2].partition("</table>")[0]
    rows = re.findall(r'<th scope="row">(\w+)</th>(.*?)</tr>', table, re.DOTALL)
    return {name: re.findall(r">(\d+)</td>", cells) for name, cells in rows}


def test_every_source_has_its_tab_with_what_programs_must_know(sign_in: SignIn) -> None:
    mona = sign_in("mona")
    for door in object_doors():
        page = text_of(mona.get(f"/ingest?tab={door.key}"))
        assert page.count('aria-current="page"') >= 1
        assert f"<code>{door.endpoint}</code>" in page
        assert all(f"<code>{field.name}</code>" in page for field in door.fields)
        assert door.example_json.replace("'", "'\\''") in page
        assert f'action="/ingest/{door.key}"' in page
    assert "deals.csv" in text_of(mona.get("/ingest?tab=nothing"))


def test_a_deal_is_typed_in_and_leads_to_its_page(sign_in: SignIn, people: People) -> None:
    alice = sign_in("alice")
    answer = alice.post("/ingest/manual", DEAL)
    assert answer.status_code == 303
    page = text_of(alice.get(answer.headers["Location"]))
    deal = re.search(r'href="(/deals/[0-9a-f-]{36})">Fleet<', page)
    assert deal
    assert "Add another" in page
    assert "Fleet" in text_of(alice.get(deal[1]))
    assert alice.post("/ingest/manual", DEAL).status_code == 303
    assert figures(text_of(alice.get("/ingest?tab=manual"))) == {
        "Created": ["1", "1"], "Updated": ["0", "0"], "Unchanged": ["1", "1"], "Rejected": ["0", "0"],
        "Held": ["0", "0"],
    }  # fmt: skip
    assert [item.outcome for item in inbox_items(people.ada, ItemFilter(source="manual")).items] == [
        "unchanged", "created",
    ]  # fmt: skip


def test_what_is_wrong_stands_at_its_field_with_what_was_typed(sign_in: SignIn, people: People) -> None:
    mona = sign_in("mona")
    page = text_of(mona.post("/ingest/manual", DEAL | {"value": "-5", "contact_email": "nobody<script>"}), 422)
    assert 'id="source-value-error"' in page
    assert 'id="source-contact_email-error"' in page
    assert 'value="-5"' in page
    assert "<script>" not in mona.post("/ingest/manual", {"name": "<script>"}).get_data(as_text=True)
    assert "is required" in text_of(mona.post("/ingest/manual", {"name": " "}), 422)
    shown = text_of(mona.get("/ingest?tab=manual"))
    assert figures(shown)["Rejected"] == ["2", "2"]
    assert shown.count('href="/inbox/') == 2
    assert "contact_email" in shown.partition("Last errors")[2]


def test_it_is_looked_at_without_keeping_it(sign_in: SignIn, people: People) -> None:
    alice = sign_in("alice")
    fragment = text_of(alice.hx_post("/ingest/manual/look", DEAL))
    assert fragment.lstrip().startswith('<div id="understood"')
    assert "$1,200.50" in fragment
    assert "Acme" in fragment
    assert "required" in text_of(alice.hx_post("/ingest/manual/look", {"name": ""}))
    whole = text_of(alice.post("/ingest/manual/look", DEAL | {"probability": "900"}))
    assert 'id="source-probability-error"' in whole
    assert inbox_items(people.ada, ItemFilter()).items == ()


def test_another_systems_object_is_tried_out_by_managers(sign_in: SignIn, people: People) -> None:
    mona, alice = sign_in("mona"), sign_in("alice")
    for door in object_doors():
        if not door.is_typed:
            assert alice.post(f"/ingest/{door.key}", {"body": "{}"}).status_code == 403
            assert alice.post(f"/ingest/{door.key}/look", {"body": "{}"}).status_code == 403
            assert "for managers and admins" in text_of(alice.get(f"/ingest?tab={door.key}"))
        if not door.has_form:
            assert mona.post(f"/ingest/{door.key}", {"body": door.example_json}).status_code == 303
            page = text_of(mona.post(f"/ingest/{door.key}", {"body": "{nonsense"}), 422)
            assert "{nonsense</textarea>" in page
            assert "is not valid JSON" in page
    assert mona.post("/ingest/nothing", {}).status_code == 404
    assert mona.post("/ingest/csv/look", {}).status_code == 404


def test_a_source_that_is_one_file_has_all_of_it(
    with_typeform: tuple[Flask, People], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deals_app.blueprints.ops._is_loopback", lambda: True)
    app, people = with_typeform
    sent, _ = sources()[[each.key for each in sources()].index("typeform")].EXAMPLE
    api = Api(app.test_client(), api_key(people.ada))
    made = api("POST", "/api/sales/deals/typeform", sent)
    assert (made.status_code, made.json["action"], made.json["data"]["ingested_from"]) == (201, "created", "typeform")
    refused = api("POST", "/api/sales/deals/typeform", {"mail": "x"})
    assert (refused.status_code, refused.json["source"], len(refused.json["details"])) == (400, "typeform", 2)
    assert api("GET", "/api/sales/deals/metrics").json["data"]["sources"]["typeform"] == {"success": 1, "failure": 1}
    metrics = app.test_client().get("/metrics").get_data(as_text=True)
    assert 'deals_ingested_total{outcome="created",source="typeform"} 1.0' in metrics
    ada = SignedIn(app.test_client(), people.ada.email)
    page = text_of(ada.get("/ingest?tab=typeform"))
    assert "Answers of a form made with Typeform." in page
    assert "<code>title</code>" in page
    assert (figures(page)["Created"], figures(page)["Rejected"]) == (["1", "1"], ["1", "1"])
    assert ada.post("/ingest/typeform", {"body": json.dumps(sent)}).status_code == 303
    [item] = inbox_items(people.ada, ItemFilter(source="typeform", outcome="created")).items
    shown = ada.get(f"/inbox/{item.id}").get_data(as_text=True)
    assert '<mark class="found">Demo of &lt;b&gt;Deals&lt;/b&gt;<span class="found-as">name' in shown


@pytest.mark.parametrize(("tab", "most"), [("csv", 7), ("manual", 7), ("api", 5)])
def test_a_tab_asks_little_however_much_came(sign_in: SignIn, tab: str, most: int) -> None:
    mona = sign_in("mona")
    counts: list[int] = []
    for number in (1, 6):
        for each in range(number):
            mona.post("/ingest/manual", {"name": "x" if each % 2 else " "})
        asked: list[str] = []
        with heard(asked.append):
            text_of(mona.get(f"/ingest?tab={tab}"))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= most, counts
