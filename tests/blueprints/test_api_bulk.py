"""Many deals changed at once over the API: each one answered, left alone where a rule holds it back, undone as one."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from deals_app.services.bulk import MOST
from tests.blueprints.programs import NOBODY, Api, data, made, refused
from tests.people import People, api_key

BULK = "/api/v1/deals/bulk"


@pytest.fixture
def three(api: Api, body: dict[str, Any]) -> list[str]:
    return [made(api, body, name=f"Deal {number}")["id"] for number in range(3)]


def now(api: Api, deal_id: str) -> dict[str, Any]:
    return data(api("GET", f"/{deal_id}"))


CHANGES: list[tuple[dict[str, Any], str, Any]] = [
    ({"stage": "proposal"}, "stage", "proposal"),
    ({"assigned_to": None}, "assigned_to", None),
    ({"tags_add": ["big", "new"], "tags_remove": ["old"]}, "tags", ["big", "new"]),
    ({"win": True}, "status", "closed_won"),
    ({"lose": {"reason": "price", "competitor": "Initech"}}, "competitor", "Initech"),
]


@pytest.mark.parametrize(("change", "field", "expected"), CHANGES, ids=repr)
def test_each_kind_of_change_reaches_all_and_is_undone_as_one(
    api: Api, three: list[str], change: dict[str, Any], field: str, expected: object
) -> None:
    before = [now(api, each)[field] for each in three]
    found = data(api("POST", BULK, {"ids": three, "change": change}))
    assert (found["changed"], found["left_alone"]) == (3, 0)
    assert found["results"] == [{"id": each, "action": "changed", "reason": None} for each in three]
    assert [now(api, each)[field] for each in three] == [expected] * 3
    undone = data(api("POST", f"{BULK}/{found['operation']}/undo"))
    assert undone["undoes"] == found["operation"]
    assert {each["id"] for each in undone["results"]} == set(three)
    assert [now(api, each)[field] for each in three] == before
    refused(api("POST", f"{BULK}/{found['operation']}/undo"), 400, "UNDO_FAILED")


def test_a_stage_may_be_named_by_its_id(api: Api, three: list[str]) -> None:
    stage = data(api("PUT", f"/{three[0]}/stage", {"stage": "proposal"}))["stage_id"]
    found = data(api("POST", BULK, {"ids": three, "change": {"stage": stage}}))
    assert found["results"][0]["reason"] == "is in Proposal already"
    assert [now(api, each)["stage"] for each in three] == ["proposal"] * 3


def test_deleted_deals_are_gone_and_come_back(api: Api, three: list[str]) -> None:
    found = data(api("POST", BULK, {"ids": three[:2], "change": {"delete": True}}))
    refused(api("GET", f"/{three[0]}"), 404, "NOT_FOUND")
    data(api("POST", f"{BULK}/{found['operation']}/undo"))
    assert now(api, three[0])["name"] == "Deal 0"


def test_what_has_changed_since_it_was_seen_is_left_alone_and_says_so(api: Api, three: list[str]) -> None:
    data(api("PUT", f"/{three[1]}/value", {"value": 5, "currency": "USD"}))
    found = data(api("POST", BULK, {"versions": dict.fromkeys([*three, NOBODY], 1), "change": {"win": True}}))
    assert (found["changed"], found["left_alone"]) == (2, 2)
    reasons = {each["id"]: each["reason"] for each in found["results"]}
    assert reasons == {
        three[0]: None,
        three[1]: "has changed since you selected it",
        three[2]: None,
        NOBODY: "is not there",
    }
    assert now(api, three[1])["status"] == "open"


def test_another_tenants_deals_are_not_there(api: Api, stranger: Api, three: list[str]) -> None:
    found = data(stranger("POST", BULK, {"ids": [*three, NOBODY], "change": {"delete": True}}))
    assert (found["operation"], found["changed"]) == (None, 0)
    assert {each["reason"] for each in found["results"]} == {"is not there"}
    operation = data(api("POST", BULK, {"ids": three, "change": {"win": True}}))["operation"]
    assert refused(stranger("POST", f"{BULK}/{operation}/undo"), 404, "NOT_FOUND") == refused(
        stranger("POST", f"{BULK}/{NOBODY}/undo"), 404, "NOT_FOUND"
    )


def test_a_key_makes_it_happen_once(api: Api, three: list[str]) -> None:
    api.headers["Idempotency-Key"] = "once"
    first = data(api("POST", BULK, {"ids": three, "change": {"tags_add": ["once"]}}))
    again = data(api("POST", BULK, {"ids": three, "change": {"tags_add": ["once"]}}))
    assert first == again
    assert now(api, three[0])["version"] == 2


def test_reps_change_one_by_one(client: FlaskClient, people: People, three: list[str]) -> None:
    rep = Api(client, api_key(people.ada, role="rep"))
    refused(rep("POST", BULK, {"ids": three, "change": {"win": True}}), 403, "FORBIDDEN")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"change": {"win": True}}, "body"),
    ({"ids": [], "change": {"win": True}}, "body"),
    ({"ids": [NOBODY], "versions": {NOBODY: 1}, "change": {"win": True}}, "body"),
    ({"ids": ["x"], "change": {"win": True}}, "ids.0"),
    ({"ids": [NOBODY] * (MOST + 1), "change": {"win": True}}, "ids"),
    ({"ids": [NOBODY], "change": {}}, "change"),
    ({"ids": [NOBODY], "change": {"win": True, "delete": True}}, "change"),
    ({"ids": [NOBODY], "change": {"win": False}}, "change.win"),
    ({"ids": [NOBODY], "change": {"price": 1}}, "change.price"),
    ({"ids": [NOBODY], "change": {"stage": "nowhere"}}, "stage"),
    ({"ids": [NOBODY], "change": {"stage": NOBODY}}, "stage"),
    ({"ids": [NOBODY], "change": {"assigned_to": NOBODY}}, "assigned_to"),
    ({"ids": [NOBODY], "change": {"tags_add": [" "]}}, "tags"),
    ({"ids": [NOBODY], "change": {"tags_add": []}}, "tags"),
]


@pytest.mark.parametrize(("sent", "field"), WRONG, ids=lambda each: repr(each)[:60])
def test_what_is_wrong_is_named(api: Api, sent: dict[str, Any], field: str) -> None:
    refused(api("POST", BULK, sent), 400, "VALIDATION_FAILED", field)
