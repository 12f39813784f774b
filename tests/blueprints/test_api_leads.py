"""Leads over the API, and the counts that operators read."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from tests.blueprints.programs import Api, data, refused
from tests.people import People, api_key

URL = "/api/v1/leads"
FIELDS = {
    "id", "email", "first_name", "last_name", "company", "phone", "message", "source", "status", "ai_score",
    "ai_qualification_summary", "is_spam", "facts", "assigned_to", "merged_into", "customer_id", "contact_id",
    "deal_id", "deal_count", "last_at", "version", "created_at", "updated_at",
}  # fmt: skip


def came(api: Api, email: str) -> str:
    answer = api("POST", "/api/sales/deals/web-form", {"email": email, "first_name": "Jane", "company": email})
    assert answer.status_code == 201
    return answer.json["lead_id"]


@pytest.fixture
def jane(api: Api) -> str:
    return came(api, "jane@acme.example")


def test_they_are_listed_and_read(api: Api, jane: str) -> None:
    other = came(api, "other@x.example")
    found = data(api("GET", URL))
    assert [each["id"] for each in found] == [other, jane]
    assert all(set(each) == FIELDS for each in found)
    assert data(api("GET", f"{URL}/{jane}"))["deal_count"] == 1
    first = api("GET", f"{URL}?page_size=1").json
    rest = api("GET", f"{URL}?page_size=1&after={first['pagination']['next_after']}").json
    assert [first["data"][0]["id"], rest["data"][0]["id"], rest["pagination"]] == [other, jane, {"next_after": None}]
    assert [each["id"] for each in data(api("GET", f"{URL}?q=JANE%40"))] == [jane]
    refused(api("GET", f"{URL}?status=nonsense"), 400, "VALIDATION_FAILED", "status")
    refused(api("GET", f"{URL}?after=nonsense"), 400, "VALIDATION_FAILED", "after")


def test_they_are_changed(api: Api, people: People, jane: str) -> None:
    body = {"status": "qualified", "assigned_to": str(people.bob.user_id), "version": 1}
    changed = data(api("PATCH", f"{URL}/{jane}", body))
    assert (changed["status"], changed["assigned_to"], changed["version"]) == ("qualified", body["assigned_to"], 2)
    refused(api("PATCH", f"{URL}/{jane}", body), 409, "VERSION_CONFLICT")
    assert data(api("PATCH", f"{URL}/{jane}", {"assigned_to": None}))["status"] == "qualified"
    refused(api("PATCH", f"{URL}/{jane}", {"status": "converted"}), 400, "VALIDATION_FAILED", "status")
    refused(api("PATCH", f"{URL}/{jane}", {"assigned_to": str(uuid4())}), 400, "VALIDATION_FAILED", "assigned_to")
    refused(api("PATCH", f"{URL}/{jane}", {"email": "x"}), 400, "VALIDATION_FAILED", "email")


def test_they_are_converted_once(api: Api, jane: str) -> None:
    first = data(api("POST", f"{URL}/{jane}/convert"))
    again = data(api("POST", f"{URL}/{jane}/convert"))
    assert (first["is_new"], again) == (True, first | {"is_new": False})
    found = data(api("GET", f"{URL}/{jane}"))
    assert (found["status"], found["deal_id"]) == ("converted", first["deal_id"])


def test_they_are_merged_and_taken_apart(api: Api, jane: str) -> None:
    other = came(api, "other@x.example")
    merged = data(api("POST", f"{URL}/{jane}/merge", {"other_lead_id": other}))
    assert merged["deal_count"] == 2
    assert data(api("GET", f"{URL}/{other}"))["merged_into"] == jane
    refused(api("POST", f"{URL}/{other}/convert"), 400, "LEAD_MERGED")
    assert data(api("POST", f"{URL}/{other}/unmerge"))["merged_into"] is None
    refused(api("POST", f"{URL}/{other}/unmerge"), 400, "UNMERGE_FAILED")
    refused(api("POST", f"{URL}/{jane}/merge", {"other_lead_id": jane}), 400, "VALIDATION_FAILED", "other_lead_id")


def test_spam(api: Api, jane: str) -> None:
    assert data(api("POST", f"{URL}/{jane}/spam"))["is_spam"] is True
    assert data(api("GET", URL)) == []
    assert [each["id"] for each in data(api("GET", f"{URL}?is_spam=true"))] == [jane]
    assert data(api("POST", f"{URL}/{jane}/not-spam"))["is_spam"] is False


def test_another_tenants_is_not_there(stranger: Api, jane: str) -> None:
    for method, path, body in (("GET", "", None), ("PATCH", "", {"status": "new"}), ("POST", "/convert", None)):
        refused(stranger(method, f"{URL}/{jane}{path}", body), 404, "NOT_FOUND")
    assert data(stranger("GET", URL)) == []


def test_an_ingest_key_sees_none(client: FlaskClient, people: People, jane: str) -> None:
    ingest = Api(client, api_key(people.ada, "ingest"))
    assert ingest("GET", f"{URL}/{jane}").status_code == 403


def counts(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/metrics")
    lines = answer.get_data(as_text=True).splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if line.startswith("deals_ingested_total"))


def test_operators_read_the_counts_over_all_tenants(
    client: FlaskClient, api: Api, stranger: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deals_app.blueprints.ops._is_loopback", lambda: True)
    for program in (api, api, stranger):
        program("POST", "/api/sales/deals/api", {"name": "Fleet"})
    api("POST", "/api/sales/deals/api", {})
    assert counts(client) == {
        'deals_ingested_total{outcome="created",source="api"}': "2.0",
        'deals_ingested_total{outcome="rejected",source="api"}': "1.0",
        'deals_ingested_total{outcome="unchanged",source="api"}': "1.0",
    }
