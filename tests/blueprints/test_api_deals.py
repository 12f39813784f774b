"""The deal management API as another program meets it: its routes, one after the other."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from deals_app.services.customers import create_customer
from deals_app.services.pipelines import pipelines
from tests.blueprints.programs import DEAL_FIELDS, TODAY, URL, Api, data, made, refused
from tests.people import People


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


def test_an_integer_is_what_json_schema_calls_one(api: Api, body: dict[str, Any]) -> None:
    assert data(api("POST", body=json.dumps(body).replace("120000", "100.0")), 201)["value"] == 100
    assert data(api("POST", body=json.dumps(body).replace("120000", "1e2")), 201)["value"] == 100


@pytest.mark.parametrize(
    "name", ["Größe – 株式会社 👩‍💻", "e\u0301", "x" * 200, "=1+1", "<script>alert(1)</script>", "a\tb"]
)
def test_text_comes_back_as_it_was_sent(api: Api, body: dict[str, Any], name: str) -> None:
    assert made(api, body, name=name)["name"] == name
    assert made(api, body, name=f"  {name} ")["name"] == name


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


def test_a_list_comes_in_pages(api: Api, body: dict[str, Any]) -> None:
    names = [made(api, body, name=f"deal {n}")["name"] for n in range(5)]
    answer = api("GET", "?page=2&page_size=2")
    assert [found["name"] for found in data(answer)] == [names[2], names[1]]
    assert answer.json["pagination"] == {"total": 5, "page": 2, "page_size": 2, "total_pages": 3}
    assert data(api("GET", "?page=4&page_size=2")) == []
    assert api("GET", "?page_size=1000").json["pagination"]["page_size"] == 100
    assert api("GET").json["pagination"] == {"total": 5, "page": 1, "page_size": 20, "total_pages": 1}
    assert set(data(api("GET"))[0]) == DEAL_FIELDS


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


def test_a_cookie_is_never_accepted(sign_in: Any) -> None:
    alice = sign_in("alice")
    assert alice.get("/").status_code == 200
    refused(alice.get(URL), 401, "UNAUTHORIZED")
    refused(alice.client.post(URL, json={}, headers={"X-CSRFToken": alice.token}), 401, "UNAUTHORIZED")


def test_a_cookie_beside_a_key_changes_nothing(sign_in: Any, api: Api, stranger: Api, deal: dict[str, Any]) -> None:
    alice = sign_in("alice")
    assert alice.get(f"{URL}/{deal['id']}", headers=stranger.headers).status_code == 404


def test_every_answer_has_a_request_id(api: Api, deal: dict[str, Any]) -> None:
    good, bad = api("GET"), api("GET", f"/{uuid4()}")
    assert len(good.headers["X-Request-ID"]) == 32
    assert bad.json["request_id"] == bad.headers["X-Request-ID"]


def test_a_name_that_folds_to_eighteen_times_its_length_can_be_stored(api: Api, body: dict[str, Any]) -> None:
    name = "".join(chr(0x3300 + n) + "\ufdfa" for n in range(88))
    assert made(api, body, name=name)["name"] == name


def test_a_manager_reopens_what_was_closed_and_says_why(api: Api, deal: dict[str, Any]) -> None:
    api("POST", f"/{deal['id']}/win", {"close_date": TODAY.isoformat()})
    answer = api("POST", f"/{deal['id']}/reopen", {"reason": "Signed by the wrong person"})
    assert (answer.status_code, answer.json["data"]["stage"], answer.json["data"]["version"]) == (200, "lead", 3)
    again = api("POST", f"/{deal['id']}/reopen", {"reason": "Again"})
    assert (again.status_code, again.json["error"]["code"]) == (400, "REOPEN_FAILED")


def test_the_latest_change_is_undone_and_a_deletion_restored(api: Api, deal: dict[str, Any]) -> None:
    path = f"/{deal['id']}"
    unchanged = {"version", "updated_at"}
    api("PUT", f"{path}/stage", {"stage": "proposal"})
    moved = data(api("POST", f"{path}/win", {"close_date": TODAY.isoformat()}))
    undone = data(api("POST", f"{path}/undo"))
    assert (undone["stage"], undone["probability"], undone["actual_close_date"]) == ("proposal", 50, None)
    assert undone["version"] == moved["version"] + 1
    again = data(api("POST", f"{path}/undo"))
    assert {key: again[key] for key in deal.keys() - unchanged} == {key: deal[key] for key in deal.keys() - unchanged}
    refused(api("POST", f"{path}/undo"), 400, "UNDO_FAILED")
    refused(api("POST", f"{path}/restore"), 400, "RESTORE_FAILED")
    assert api("DELETE", path).status_code == 204
    refused(api("POST", f"{path}/undo"), 404, "NOT_FOUND")
    assert data(api("POST", f"{path}/restore"))["version"] == again["version"] + 2
    assert data(api("GET", path))["stage"] == "lead"


def test_undo_and_restore_of_another_tenants_deal_are_not_found(stranger: Api, deal: dict[str, Any]) -> None:
    for verb in ("undo", "restore"):
        refused(stranger("POST", f"/{deal['id']}/{verb}"), 404, "NOT_FOUND")
