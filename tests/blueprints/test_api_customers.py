"""Customers over the management API."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from deals_app.services.api_keys import api_keys
from tests.people import People, api_key

URL = "/api/v1/customer-mgmt/customers"


@pytest.fixture
def headers(people: People) -> dict[str, str]:
    return api_key(people.ada)


def made(client: Any, headers: dict[str, str], **body: Any) -> dict[str, Any]:
    answer = client.post(URL, json=body, headers=headers)
    assert answer.status_code == 201, answer.json
    assert answer.json["status"] == "success"
    return answer.json["data"]


def test_a_customer_is_read_as_it_was_made(client: Any, headers: dict[str, str]) -> None:
    found = made(client, headers, name=" Acme Inc. ", domain="Acme.EXAMPLE", churn_risk=0.25)
    assert (found["name"], found["kind"], found["domain"]) == ("Acme Inc.", "company", "acme.example")
    assert float(found["churn_risk"]) == 0.25
    assert client.get(f"{URL}/{found['id']}", headers=headers).json["data"] == found
    assert made(client, headers, name="Joe", kind="person")["kind"] == "person"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "Acme", "kind": "planet"}, "kind"),
        ({"name": "Acme", "churn_risk": 1.1}, "churn_risk"),
        ({"name": "Acme", "churn_risk": -0.1}, "churn_risk"),
        ({"name": "Acme", "surprise": 1}, "surprise"),
        ({"name": None}, "name"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(client: Any, headers: dict[str, str], body: dict[str, Any], field: str) -> None:
    answer = client.post(URL, json=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "VALIDATION_FAILED"
    assert field in {detail["field"] for detail in answer.json["error"]["details"]}


def test_customers_come_by_name_a_stretch_at_a_time(client: Any, headers: dict[str, str]) -> None:
    names = [made(client, headers, name=f"Customer {letter}")["name"] for letter in "bdaec"]
    seen: list[str] = []
    after = ""
    while True:
        query = {"page_size": 2} | ({"after": after} if after else {})
        answer = client.get(URL, query_string=query, headers=headers)
        seen += [found["name"] for found in answer.json["data"]]
        after = answer.json["pagination"]["next_after"]
        if after is None:
            break
    assert seen == sorted(names)
    found = client.get(f"{URL}?q=customer d", headers=headers).json["data"]
    assert [each["name"] for each in found] == ["Customer d"]


@pytest.mark.parametrize("query", ["after=nonsense", "page_size=0", "page_size=x", "q=%00", "after=%00~"])
def test_no_query_is_a_fault_of_ours(client: Any, headers: dict[str, str], query: str) -> None:
    answer = client.get(f"{URL}?{query}", headers=headers)
    assert answer.status_code == 400
    assert answer.json["status"] == "error"


def test_another_tenants_customer_answers_exactly_as_one_that_never_was(
    client: Any, headers: dict[str, str], people: People
) -> None:
    found = made(client, headers, name="Acme")
    theirs = api_key(people.charlie)
    answers = [client.get(f"{URL}/{each}", headers=theirs) for each in (found["id"], uuid4())]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json | {"request_id": ""} == answers[1].json | {"request_id": ""}
    assert client.get(URL, headers=theirs).json["data"] == []


def test_an_ingest_key_makes_and_sees_no_customers(client: Any, people: People, headers: dict[str, str]) -> None:
    found = made(client, headers, name="Acme")
    ingest = api_key(people.ada, "ingest")
    assert client.post(URL, json={"name": "Acme"}, headers=ingest).status_code == 403
    assert client.get(URL, headers=ingest).status_code == 403
    assert client.get(f"{URL}/{found['id']}", headers=ingest).status_code == 403


def test_a_key_knows_when_it_was_last_used(client: FlaskClient, people: People) -> None:
    headers = api_key(people.ada)
    assert api_keys(people.ada)[0].last_used_at is None
    client.get("/api/v1/customer-mgmt/customers", headers=headers)
    first = api_keys(people.ada)[0].last_used_at
    assert first is not None
    client.get("/api/v1/customer-mgmt/customers", headers=headers)
    assert api_keys(people.ada)[0].last_used_at == first


def test_only_a_refusal_asks_to_come_again_later(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get(URL, headers=headers)
    assert answer.status_code == 200
    assert "Retry-After" not in answer.headers
