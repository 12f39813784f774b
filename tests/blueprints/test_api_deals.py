"""The deal management API as another program meets it: routes, envelopes, codes, and JSON that is none."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from deals_app.domain.calendar import today_in
from deals_app.services.customers import create_customer
from deals_app.services.pipelines import pipelines
from tests.people import People, api_key

# Always the same, as it stands in the names of tests: their ids must not change from one process to the next.
NOBODY = "4fdf6ce0-0872-416d-bf9f-851c97c5decc"
URL = "/api/v1/customer-mgmt/deals"
TODAY = today_in("UTC")
SOON = (TODAY + timedelta(days=30)).isoformat()
DEAL_FIELDS = {
    "id", "customer_id", "assigned_to", "name", "value", "currency", "value_estimated", "pipeline_id", "stage",
    "stage_id", "status", "probability", "source", "ingested_from", "expected_close_date", "actual_close_date",
    "loss_reason", "competitor", "tags", "custom_fields", "metadata", "health_score", "risk_level", "insights",
    "is_at_risk", "version", "created_at", "updated_at",
}  # fmt: skip


class Api:
    """A program with a key."""

    def __init__(self, client: FlaskClient, headers: dict[str, str]) -> None:
        self.client = client
        self.headers = headers

    def __call__(self, method: str, path: str = "", body: Any = None, **kwargs: Any) -> Any:
        if body is not None:
            kwargs |= {"data": body if isinstance(body, (str, bytes)) else json.dumps(body)}
            kwargs.setdefault("content_type", "application/json")
        url = path if path.startswith("/api") else URL + path
        return self.client.open(url, method=method, headers=self.headers, **kwargs)


@pytest.fixture
def api(client: FlaskClient, people: People) -> Api:
    return Api(client, api_key(people.ada))


@pytest.fixture
def stranger(client: FlaskClient, people: People) -> Api:
    """Another tenant's program."""
    return Api(client, api_key(people.charlie))


@pytest.fixture
def body(people: People) -> dict[str, Any]:
    """What makes a deal."""
    return {
        "customer_id": str(create_customer(people.ada, name="Acme Inc.")),
        "assigned_to": str(people.alice.user_id),
        "name": "Rollout",
        "value": 120_000,
        "currency": "USD",
        "expected_close_date": SOON,
    }


@pytest.fixture
def deal(api: Api, body: dict[str, Any]) -> dict[str, Any]:
    return made(api, body)


def made(api: Api, body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    answer = api("POST", body=body | changes)
    assert answer.status_code == 201, answer.json
    return answer.json["data"]


def data(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.json["status"] == "success"
    return answer.json["data"]


def refused(answer: Any, status: int, code: str, field: str | None = None) -> str:
    """The message of a refusal in the API's own shape; `field` must be named."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.mimetype == "application/json"
    assert answer.json["status"] == "error"
    error = answer.json["error"]
    assert error["code"] == code, error
    if field is not None:
        assert field in {detail["field"] for detail in error["details"]}, error
        assert all(detail["message"] for detail in error["details"])
    return error["message"]


def test_a_new_deal_is_a_lead_at_ten_percent(api: Api, body: dict[str, Any]) -> None:
    answer = api("POST", body=body | {"tags": ["hot"], "custom_fields": {"seats": 5}, "source": "referral"})
    found = data(answer, 201)
    assert found.keys() == DEAL_FIELDS
    assert {key: found[key] for key in body} == body
    assert (found["stage"], found["probability"], found["status"], found["version"]) == ("lead", 10, "open", 1)
    assert (found["tags"], found["custom_fields"], found["source"]) == (["hot"], {"seats": 5}, "referral")
    assert (found["ingested_from"], found["actual_close_date"]) == ("api", None)
    assert answer.headers["ETag"] == '"1"'


def test_a_deal_is_read_as_it_was_made(api: Api, deal: dict[str, Any]) -> None:
    answer = api("GET", f"/{deal['id']}")
    assert data(answer) == deal
    assert answer.headers["ETag"] == '"1"'


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
    assert api("GET").json["pagination"]["total"] == 0


@pytest.mark.parametrize("field", ["customer_id", "assigned_to", "name", "value", "currency", "expected_close_date"])
def test_what_is_missing_is_named(api: Api, body: dict[str, Any], field: str) -> None:
    del body[field]
    refused(api("POST", body=body), 400, "VALIDATION_FAILED", field)


def test_an_integer_is_what_json_schema_calls_one(api: Api, body: dict[str, Any]) -> None:
    assert data(api("POST", body=json.dumps(body).replace("120000", "100.0")), 201)["value"] == 100
    assert data(api("POST", body=json.dumps(body).replace("120000", "1e2")), 201)["value"] == 100


@pytest.mark.parametrize(
    "name", ["Größe – 株式会社 👩‍💻", "e\u0301", "x" * 200, "=1+1", "<script>alert(1)</script>", "a\tb"]
)
def test_text_comes_back_as_it_was_sent(api: Api, body: dict[str, Any], name: str) -> None:
    assert made(api, body, name=name)["name"] == name
    assert made(api, body, name=f"  {name} ")["name"] == name


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
    assert api("GET", f"/{deal['id']}").json["data"] == deal


def test_thirty_two_levels_are_not_too_deep(api: Api, body: dict[str, Any]) -> None:
    nested: Any = 1
    for _ in range(29):
        nested = [nested]
    nested = {"in": nested}
    assert made(api, body, custom_fields=nested)["custom_fields"] == nested


def test_numbers_in_custom_fields_come_back_as_numbers(api: Api, body: dict[str, Any]) -> None:
    fields = {"rate": 1.5, "large": 12345678901234567890, "list": [0.1, {"deep": 1e-9}]}
    answer = api("POST", body=body | {"custom_fields": fields})
    assert json.loads(answer.data)["data"]["custom_fields"] == fields


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_another_content_type_is_a_415(api: Api, body: dict[str, Any], content_type: str) -> None:
    refused(api("POST", body=json.dumps(body), content_type=content_type), 415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_body_over_a_megabyte_is_a_413(api: Api, body: dict[str, Any]) -> None:
    refused(api("POST", body=body | {"name": "x" * 2**20}), 413, "TOO_LARGE")


def test_a_list_comes_in_pages(api: Api, body: dict[str, Any]) -> None:
    names = [made(api, body, name=f"deal {n}")["name"] for n in range(5)]
    answer = api("GET", "?page=2&page_size=2")
    assert [found["name"] for found in data(answer)] == [names[2], names[1]]
    assert answer.json["pagination"] == {"total": 5, "page": 2, "page_size": 2, "total_pages": 3}
    assert data(api("GET", "?page=4&page_size=2")) == []
    assert api("GET", "?page_size=1000").json["pagination"]["page_size"] == 100
    assert api("GET").json["pagination"] == {"total": 5, "page": 1, "page_size": 20, "total_pages": 1}
    assert set(data(api("GET"))[0]) == DEAL_FIELDS


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "page=1.5", "page_size=0", "page=" + "9" * 30])
def test_a_page_that_is_none_is_a_400(api: Api, query: str) -> None:
    refused(api("GET", f"?{query}"), 400, "VALIDATION_FAILED", query.partition("=")[0])


def test_a_list_can_be_narrowed(api: Api, body: dict[str, Any], people: People) -> None:
    other = str(create_customer(people.ada, name="Globex"))
    first = made(api, body, name="First 100%", tags=["hot"])
    second = made(api, body, name="Second", customer_id=other, source="partner", assigned_to=str(people.bob.user_id))
    api("PUT", f"/{second['id']}/stage", body={"stage": "proposal"})
    queries = {
        "stage=proposal": "Second",
        "stage=lead": "First 100%",
        f"assigned_to={people.bob.user_id}": "Second",
        f"customer_id={other}": "Second",
        "source=partner": "Second",
        "tag=hot": "First 100%",
        "q=100%25": "First 100%",
        "q=globex": "Second",
    }
    assert {query: [found["name"] for found in data(api("GET", f"?{query}"))] for query in queries} == {
        query: [name] for query, name in queries.items()
    }
    assert first["id"] != second["id"]


@pytest.mark.parametrize("query", ["q=%00", "stage=%00", "tag=%00", "source=%00", "q=%ED%A0%80", "q=" + "x" * 5000])
def test_no_query_is_a_fault_of_ours(api: Api, deal: dict[str, Any], query: str) -> None:
    answer = api("GET", f"?{query}")
    assert answer.status_code in {200, 400}, answer.get_data(as_text=True)
    if answer.status_code == 200:
        assert answer.json["data"] == []


def test_basic_info_changes_what_is_given_and_nothing_else(api: Api, deal: dict[str, Any], people: People) -> None:
    later = (TODAY + timedelta(days=60)).isoformat()
    path = f"/{deal['id']}/basic-info"
    assert data(api("PUT", path, body={"name": "New name"})) | {"updated_at": 0} == deal | {
        "name": "New name",
        "version": 2,
        "updated_at": 0,
    }
    given = {
        "expected_close_date": later,
        "tags": ["a", "b"],
        "assigned_to": str(people.bob.user_id),
        "custom_fields": {"seats": 7},
    }
    found = data(api("PUT", path, body=given))
    assert {key: found[key] for key in given} == given
    assert (found["version"], found["name"]) == (3, "New name")


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


@pytest.mark.parametrize("change", [{"custom_fields": None}, {"tags": None}, {}], ids=str)
def test_basic_info_with_nothing_in_it_is_no_fault_of_ours(
    api: Api, deal: dict[str, Any], change: dict[str, Any]
) -> None:
    answer = api("PUT", f"/{deal['id']}/basic-info", body=change)
    assert answer.status_code in {200, 400}, answer.get_data(as_text=True)


def test_the_value_changes_with_its_currency(api: Api, deal: dict[str, Any]) -> None:
    found = data(api("PUT", f"/{deal['id']}/value", body={"value": 5, "currency": "EUR"}))
    assert (found["value"], found["currency"], found["version"]) == (5, "EUR", 2)
    refused(api("PUT", f"/{deal['id']}/value", body={"value": 0, "currency": "EUR"}), 400, "VALIDATION_FAILED", "value")
    refused(api("PUT", f"/{deal['id']}/value", body={"value": 5}), 400, "VALIDATION_FAILED", "currency")


def test_a_move_answers_stage_and_probability(api: Api, deal: dict[str, Any], people: People) -> None:
    found = data(api("PUT", f"/{deal['id']}/stage", body={"stage": "proposal", "note": "they asked"}))
    assert (found["stage"], found["probability"], found["version"]) == ("proposal", 50, 2)
    by_id = next(stage for stage in pipelines(people.ada)[0].stages if stage.key == "negotiation")
    assert data(api("PUT", f"/{deal['id']}/stage", body={"stage": str(by_id.id)}))["stage"] == "negotiation"
    refused(api("PUT", f"/{deal['id']}/stage", body={"stage": "moon"}), 400, "VALIDATION_FAILED", "stage")


def test_a_stale_version_in_the_body_is_a_409(api: Api, deal: dict[str, Any]) -> None:
    data(api("PUT", f"/{deal['id']}/stage", body={"stage": "proposal", "version": 1}))
    for path, body in (
        ("stage", {"stage": "qualified", "version": 1}),
        ("value", {"value": 1, "currency": "USD", "version": 1}),
        ("basic-info", {"name": "x", "version": 1}),
    ):
        refused(api("PUT", f"/{deal['id']}/{path}", body=body), 409, "VERSION_CONFLICT")
    refused(api("POST", f"/{deal['id']}/win", body={"close_date": str(TODAY), "version": 1}), 409, "VERSION_CONFLICT")
    assert data(api("GET", f"/{deal['id']}"))["version"] == 2


def test_winning_closes_at_a_hundred_percent(api: Api, deal: dict[str, Any]) -> None:
    body = {"close_date": str(TODAY), "actual_value": 99, "note": "signed"}
    found = data(api("POST", f"/{deal['id']}/win", body=body))
    assert (found["stage"], found["status"], found["probability"]) == ("closed_won", "closed_won", 100)
    assert (found["actual_close_date"], found["value"]) == (str(TODAY), 99)
    message = refused(api("PUT", f"/{deal['id']}/stage", body={"stage": "lead"}), 400, "MOVE_STAGE_FAILED")
    assert message == "cannot move from terminal stage closed_won"
    refused(api("POST", f"/{deal['id']}/lose", body={"close_date": str(TODAY)}), 400, "LOSE_FAILED")
    refused(api("POST", f"/{deal['id']}/win", body={"close_date": str(TODAY)}), 400, "WIN_FAILED")


def test_losing_closes_at_nothing(api: Api, deal: dict[str, Any]) -> None:
    body = {"close_date": str(TODAY - timedelta(days=2)), "reason": "price", "competitor": "Globex"}
    found = data(api("POST", f"/{deal['id']}/lose", body=body))
    assert (found["stage"], found["status"], found["probability"]) == ("closed_lost", "closed_lost", 0)
    assert (found["loss_reason"], found["competitor"]) == ("price", "Globex")
    assert found["actual_close_date"] == body["close_date"]
    refused(api("POST", f"/{deal['id']}/win", body={"close_date": str(TODAY)}), 400, "WIN_FAILED")
    refused(api("POST", f"/{deal['id']}/lose", body={"close_date": str(TODAY)}), 400, "LOSE_FAILED")


@pytest.mark.parametrize("verb", ["win", "lose"])
def test_a_close_date_is_needed_and_not_in_the_future(api: Api, deal: dict[str, Any], verb: str) -> None:
    refused(api("POST", f"/{deal['id']}/{verb}", body={}), 400, "VALIDATION_FAILED", "close_date")
    tomorrow = {"close_date": str(TODAY + timedelta(days=1))}
    refused(api("POST", f"/{deal['id']}/{verb}", body=tomorrow), 400, "VALIDATION_FAILED", "close_date")
    assert data(api("GET", f"/{deal['id']}")) == deal


def test_a_deleted_deal_is_gone_from_everything(api: Api, deal: dict[str, Any]) -> None:
    answer = api("DELETE", f"/{deal['id']}")
    assert (answer.status_code, answer.data) == (204, b"")
    refused(api("GET", f"/{deal['id']}"), 404, "NOT_FOUND")
    refused(api("DELETE", f"/{deal['id']}"), 404, "NOT_FOUND")
    refused(api("PUT", f"/{deal['id']}/stage", body={"stage": "proposal"}), 404, "NOT_FOUND")
    assert data(api("GET")) == data(api("GET", "/stage/lead")) == []
    assert data(api("GET", "/stats/pipeline"))["stats"]["lead"] == 0


def test_deals_of_a_stage(api: Api, body: dict[str, Any], deal: dict[str, Any]) -> None:
    moved = made(api, body, name="Moved")
    data(api("PUT", f"/{moved['id']}/stage", body={"stage": "proposal"}))
    assert [found["id"] for found in data(api("GET", "/stage/lead"))] == [deal["id"]]
    assert [found["id"] for found in data(api("GET", "/stage/proposal"))] == [moved["id"]]
    assert data(api("GET", "/stage/negotiation")) == []
    refused(api("GET", "/stage/moon"), 404, "NOT_FOUND")
    refused(api("GET", f"/stage/lead?pipeline_id={uuid4()}"), 404, "NOT_FOUND")


def test_figures_per_stage(api: Api, body: dict[str, Any], deal: dict[str, Any]) -> None:
    data(api("PUT", f"/{made(api, body)['id']}/stage", body={"stage": "proposal"}))
    assert data(api("GET", "/stats/pipeline")) == {
        "stats": {"lead": 1, "qualified": 0, "proposal": 1, "negotiation": 0, "closed_won": 0, "closed_lost": 0}
    }


def test_won_figures_never_add_two_currencies_raw(api: Api, body: dict[str, Any]) -> None:
    assert data(api("GET", "/stats/won")) == {"count": 0, "total_value": 0, "currency": "USD", "by_currency": []}
    for currency, value in (("USD", 100), ("USD", 20), ("EUR", 7)):
        won = made(api, body, value=value, currency=currency)
        data(api("POST", f"/{won['id']}/win", body={"close_date": str(TODAY)}))
        made(api, body, value=1000)
    found = data(api("GET", "/stats/won"))
    assert (found["count"], found["total_value"], found["currency"]) == (3, None, "USD")
    assert found["by_currency"] == [
        {"currency": "EUR", "count": 1, "total_value": 7},
        {"currency": "USD", "count": 2, "total_value": 120},
    ]


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


def test_a_key_with_one_letter_changed_is_no_key(api: Api) -> None:
    key = api.headers["Authorization"]
    api.headers = {"Authorization": key[:-1] + ("a" if key[-1] != "a" else "b")}
    refused(api("GET"), 401, "UNAUTHORIZED")


def test_a_cookie_is_never_accepted(sign_in: Any) -> None:
    alice = sign_in("alice")
    assert alice.get("/").status_code == 200
    refused(alice.get(URL), 401, "UNAUTHORIZED")
    refused(alice.client.post(URL, json={}, headers={"X-CSRFToken": alice.token}), 401, "UNAUTHORIZED")


def test_a_cookie_beside_a_key_changes_nothing(sign_in: Any, api: Api, stranger: Api, deal: dict[str, Any]) -> None:
    alice = sign_in("alice")
    assert alice.get(f"{URL}/{deal['id']}", headers=stranger.headers).status_code == 404


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


def test_every_answer_has_a_request_id(api: Api, deal: dict[str, Any]) -> None:
    good, bad = api("GET"), api("GET", f"/{uuid4()}")
    assert len(good.headers["X-Request-ID"]) == 32
    assert bad.json["request_id"] == bad.headers["X-Request-ID"]


def test_tags_too_large_for_an_index_are_no_fault_of_ours(api: Api, body: dict[str, Any]) -> None:
    """8,000 letters that no compression makes small."""
    tag = "".join(uuid4().hex for _ in range(250))
    refused(api("POST", body=body | {"tags": [tag]}), 400, "VALIDATION_FAILED")


def test_a_name_that_folds_to_eighteen_times_its_length_can_be_stored(api: Api, body: dict[str, Any]) -> None:
    name = "".join(chr(0x3300 + n) + "\ufdfa" for n in range(88))
    assert made(api, body, name=name)["name"] == name
