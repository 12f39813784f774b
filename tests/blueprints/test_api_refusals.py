"""What the management API refuses: in its own shape, with a code and the field, and without changing anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.blueprints.programs import NOBODY, TODAY, URL, Api, data, made, new_deal_body, refused
from tests.conftest import application
from tests.engines import TestEngines
from tests.people import People, api_key, make_people


@pytest.fixture(scope="module")
def app(engines: TestEngines) -> Iterator[Flask]:
    """One database for them all: what is refused changes nothing."""
    with application(engines) as made_app:
        yield made_app


@pytest.fixture(scope="module")
def people(app: Flask) -> People:
    return make_people()


@pytest.fixture(scope="module")
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="module")
def api(client: FlaskClient, people: People) -> Api:
    return Api(client, api_key(people.ada))


@pytest.fixture(scope="module")
def stranger(client: FlaskClient, people: People) -> Api:
    """Another tenant's program."""
    return Api(client, api_key(people.charlie))


@pytest.fixture(scope="module")
def body(people: People) -> dict[str, Any]:
    return new_deal_body(people)


@pytest.fixture(scope="module")
def deal(api: Api, body: dict[str, Any]) -> dict[str, Any]:
    """The only deal there is; every test leaves it as it was."""
    return made(api, body)


@pytest.fixture(autouse=True)
def nothing_changes(api: Api, deal: dict[str, Any]) -> Iterator[None]:
    yield
    assert data(api("GET")) == [deal]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " \t "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": None}, "name"),
        ({"name": 7}, "name"),
        ({"value": 0}, "value"),
        ({"value": -1}, "value"),
        ({"value": 1.5}, "value"),
        ({"value": "100"}, "value"),
        ({"value": True}, "value"),
        ({"value": None}, "value"),
        ({"value": 2**63}, "value"),
        ({"value": 10**40}, "value"),
        ({"currency": "usd"}, "currency"),
        ({"currency": "XYZ"}, "currency"),
        ({"currency": "US"}, "currency"),
        ({"expected_close_date": TODAY.isoformat()}, "expected_close_date"),
        ({"expected_close_date": "31.12.2030"}, "expected_close_date"),
        ({"expected_close_date": "2030-02-30"}, "expected_close_date"),
        ({"expected_close_date": "2030-01-01T00:00:00Z"}, "expected_close_date"),
        ({"expected_close_date": "4102444800"}, "expected_close_date"),
        ({"expected_close_date": 4102444800}, "expected_close_date"),
        ({"source": "moon"}, "source"),
        ({"customer_id": NOBODY}, "customer_id"),
        ({"customer_id": "7"}, "customer_id"),
        ({"assigned_to": NOBODY}, "assigned_to"),
        ({"assigned_to": None}, "assigned_to"),
        ({"tags": "hot"}, "tags"),
        ({"tags": [1]}, "tags.0"),
        ({"surprise": 1}, "surprise"),
        ({"stage": "lead"}, "stage"),
        ({"tenant_id": NOBODY}, "tenant_id"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_new_deal_is_named(
    api: Api, body: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    refused(api("POST", body=body | change), 400, "VALIDATION_FAILED", field)


@pytest.mark.parametrize("field", ["customer_id", "assigned_to", "name", "value", "currency", "expected_close_date"])
def test_what_is_missing_is_named(api: Api, body: dict[str, Any], field: str) -> None:
    less = {key: value for key, value in body.items() if key != field}
    refused(api("POST", body=less), 400, "VALIDATION_FAILED", field)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", ""),
        (b"{", ""),
        (b'{"name": NaN}', "NaN"),
        (b'{"name": Infinity}', "Infinity"),
        (b'{"name": "a", "name": "b"}', "twice"),
        (b'{"name": "a\\u0000b"}', "NUL"),
        (b'{"name": "\\ud800"}', "surrogate"),
        (b'{"custom_fields": {"\\ud800": 1}}', "surrogate"),
        (b'{"value": 1e99999}', "range"),
        (b'{"value": ' + b"9" * 5000 + b"}", ""),
        (b"[" * 33 + b"]" * 33, "32 levels"),
        (b"[" * 100_000 + b"]" * 100_000, "32 levels"),
        (b'{"a":' * 100_000, ""),
        (b'"\xff"', ""),
        (b"[]", ""),
        (b"null", ""),
        (b'"text"', ""),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes) else None,
)
def test_what_is_no_plain_json_object_is_a_400(api: Api, deal: dict[str, Any], raw: bytes, says: str) -> None:
    for method, path in (("POST", ""), ("PUT", f"/{deal['id']}/value"), ("POST", f"/{deal['id']}/win")):
        answer = api(method, path, body=raw)
        assert answer.status_code == 400, answer.get_data(as_text=True)
        assert answer.json["status"] == "error"
        assert says in answer.json["error"]["message"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_another_content_type_is_a_415(api: Api, body: dict[str, Any], content_type: str) -> None:
    refused(api("POST", body=json.dumps(body), content_type=content_type), 415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_body_over_a_megabyte_is_a_413(api: Api, body: dict[str, Any]) -> None:
    refused(api("POST", body=body | {"name": "x" * 2**20}), 413, "TOO_LARGE")


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page=1.5", "page_size=0", "page=" + "9" * 30])
def test_a_page_that_is_none_is_a_400(api: Api, query: str) -> None:
    refused(api("GET", f"?{query}"), 400, "VALIDATION_FAILED", query.partition("=")[0])


@pytest.mark.parametrize("query", ["q=%00", "stage=%00", "tag=%00", "source=%00", "q=%ED%A0%80", "q=" + "x" * 5000])
def test_no_query_is_a_fault_of_ours(api: Api, deal: dict[str, Any], query: str) -> None:
    answer = api("GET", f"?{query}")
    assert answer.status_code in {200, 400}, answer.get_data(as_text=True)
    if answer.status_code == 200:
        assert answer.json["data"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"name": ""},
        {"tags": [None]},
        {"custom_fields": []},
        {"assigned_to": NOBODY},
        {"value": 1},
    ],
    ids=str,
)
def test_basic_info_names_what_is_wrong(api: Api, deal: dict[str, Any], change: dict[str, Any]) -> None:
    answer = api("PUT", f"/{deal['id']}/basic-info", body=change)
    message = refused(answer, 400, "VALIDATION_FAILED")
    assert message
    assert answer.json["error"]["details"][0]["field"].startswith(next(iter(change)))


@pytest.mark.parametrize("verb", ["win", "lose"])
def test_a_close_date_is_needed_and_not_in_the_future(api: Api, deal: dict[str, Any], verb: str) -> None:
    refused(api("POST", f"/{deal['id']}/{verb}", body={}), 400, "VALIDATION_FAILED", "close_date")
    tomorrow = {"close_date": str(TODAY + timedelta(days=1))}
    refused(api("POST", f"/{deal['id']}/{verb}", body=tomorrow), 400, "VALIDATION_FAILED", "close_date")
    assert data(api("GET", f"/{deal['id']}")) == deal


def test_another_tenants_deal_answers_exactly_as_one_that_never_was(
    api: Api, stranger: Api, deal: dict[str, Any], body: dict[str, Any]
) -> None:
    bodies: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("PUT", "/basic-info", {"name": "Mine"}),
        ("PUT", "/value", {"value": 1, "currency": "USD"}),
        ("PUT", "/stage", {"stage": "proposal"}),
        ("POST", "/win", {"close_date": str(TODAY)}),
        ("POST", "/lose", {"close_date": str(TODAY)}),
        ("DELETE", "", None),
    ]
    for method, path, given in bodies:
        theirs, nobodys = (stranger(method, f"/{deal_id}{path}", body=given) for deal_id in (deal["id"], uuid4()))
        assert theirs.status_code == nobodys.status_code == 404, (method, path)
        assert theirs.json | {"request_id": ""} == nobodys.json | {"request_id": ""}
    refused(stranger("POST", body=body), 400, "VALIDATION_FAILED", "customer_id")
    assert data(stranger("GET")) == data(stranger("GET", "/stage/lead")) == []
    assert data(api("GET", f"/{deal['id']}")) == deal


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Basic dXNlcjpwYXNz",
        "Bearer dk_0123456789_x",
        "Bearer ü",
        "Bearer _",
    ],
)
def test_without_a_good_key_it_is_a_401_in_json(client: FlaskClient, people: People, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for path in (URL, f"{URL}/{uuid4()}", f"{URL}/stats/won", "/api/v1/customer-mgmt/customers"):
        answer = client.get(path, headers=headers)
        refused(answer, 401, "UNAUTHORIZED")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_with_one_letter_changed_is_no_key(client: FlaskClient, api: Api) -> None:
    key = api.headers["Authorization"]
    changed = {"Authorization": key[:-2] + ("a" if key[-2] != "a" else "b") + key[-1]}
    refused(client.get(URL, headers=changed), 401, "UNAUTHORIZED")


def test_an_ingest_key_works_elsewhere_only(client: FlaskClient, people: People, deal: dict[str, Any]) -> None:
    api = Api(client, api_key(people.ada, "ingest"))
    for method, path in (("GET", ""), ("GET", f"/{deal['id']}"), ("DELETE", f"/{deal['id']}"), ("GET", "/stats/won")):
        refused(api(method, path), 403, "FORBIDDEN")
    refused(api("POST", body={}), 403, "FORBIDDEN")


def test_a_reps_key_is_nobody_in_particular(client: FlaskClient, people: People, deal: dict[str, Any]) -> None:
    """It may see, and change what nobody owns; Alice's deal is Alice's."""
    api = Api(client, api_key(people.ada, "rep"))
    assert data(api("GET", f"/{deal['id']}")) == deal
    refused(api("PUT", f"/{deal['id']}/stage", body={"stage": "proposal"}), 403, "FORBIDDEN")
    refused(api("DELETE", f"/{deal['id']}"), 403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api", 404),
        ("GET", "/api/", 404),
        ("GET", "/api/v1/nowhere", 404),
        ("GET", "/api/v2/customer-mgmt/deals", 404),
        ("GET", f"{URL}/not-a-uuid", 404),
        ("GET", f"{URL}/", 404),
        ("POST", f"{URL}/", 404),
        ("PATCH", URL, 405),
        ("PUT", URL, 405),
        ("DELETE", URL, 405),
        ("POST", f"{URL}/stats/won", 405),
    ],
)
def test_what_is_not_there_is_json_too(api: Api, method: str, path: str, status: int) -> None:
    refused(api(method, path), status, "NOT_FOUND" if status == 404 else "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/sales/deals/nowhere", 404),
        ("GET", "/api/sales/deals/csv/upload", 405),
        ("GET", "/api/sales/", 404),
    ],
)
def test_the_ingestion_api_answers_in_its_own_shape(api: Api, method: str, path: str, status: int) -> None:
    answer = api(method, path)
    assert answer.status_code == status
    assert answer.json["status"] == "error"
    assert isinstance(answer.json["error"], str)
    assert "source" in answer.json


def test_a_404_without_a_key_is_json_as_well(client: FlaskClient, people: People) -> None:
    refused(client.get("/api/v1/nowhere"), 404, "NOT_FOUND")


def test_tags_too_large_for_an_index_are_no_fault_of_ours(api: Api, body: dict[str, Any]) -> None:
    """8,000 letters that no compression makes small."""
    tag = "".join(uuid4().hex for _ in range(250))
    refused(api("POST", body=body | {"tags": [tag]}), 400, "VALIDATION_FAILED")
