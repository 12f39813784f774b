"""What stands around deals in the management API: history, activities, notes, people, customers' deals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.blueprints.programs import NOBODY, TODAY, Api, data, made, refused
from tests.people import People

DEALS = "/api/v1/deals"
CUSTOMERS = "/api/v1/customer-mgmt/customers"


class TestHistory:
    def test_each_change_is_told_field_by_field_newest_first(self, api: Api, deal: dict[str, Any]) -> None:
        api("PUT", f"/{deal['id']}/value", {"value": 99, "currency": "USD"})
        moved = data(api("PUT", f"/{deal['id']}/stage", {"stage": "proposal"}))
        told = data(api("GET", f"{DEALS}/{deal['id']}/history"))
        assert [(each["version"], each["kind"]) for each in told] == [(3, "moved"), (2, "updated"), (1, "created")]
        assert told[0]["changes"]["stage_id"] == {"before": deal["stage_id"], "after": moved["stage_id"]}
        assert told[1]["changes"] == {"value": {"before": deal["value"], "after": 99}}
        assert told[2]["changes"]["name"] == {"before": None, "after": "Rollout"}
        assert {(each["door"], each["actor"]) for each in told} == {("api", "API key test")}
        assert all(each["at"].endswith("Z") for each in told)

    def test_a_deal_that_is_not_there_has_none(self, api: Api, stranger: Api, deal: dict[str, Any]) -> None:
        for path in ("history", "activities", "notes"):
            refused(api("GET", f"{DEALS}/{NOBODY}/{path}"), 404, "NOT_FOUND")
            refused(stranger("GET", f"{DEALS}/{deal['id']}/{path}"), 404, "NOT_FOUND")
        refused(stranger("POST", f"{DEALS}/{deal['id']}/notes", {"body": "Mine"}), 404, "NOT_FOUND")
        assert data(api("GET", f"{DEALS}/{deal['id']}/notes")) == []


class TestActivities:
    def test_notes_are_activities_newest_first(self, api: Api, deal: dict[str, Any]) -> None:
        api("PUT", f"/{deal['id']}/stage", {"stage": "proposal", "note": "They asked for an offer"})
        written = data(api("POST", f"{DEALS}/{deal['id']}/notes", {"body": "Called back"}), 201)
        assert (written["kind"], written["body"], written["actor"]) == ("note", "Called back", "API key test")
        found = data(api("GET", f"{DEALS}/{deal['id']}/activities"))
        assert [each["body"] for each in found] == ["Called back", "They asked for an offer"]
        assert found[0] == written
        assert data(api("GET", f"{DEALS}/{deal['id']}/notes")) == found

    @pytest.mark.parametrize(
        "sent", [{}, {"body": " "}, {"body": None}, {"body": "x" * 100_001}, {"body": 1}], ids=repr
    )
    def test_a_note_that_says_nothing_is_refused(self, api: Api, deal: dict[str, Any], sent: dict[str, Any]) -> None:
        refused(api("POST", f"{DEALS}/{deal['id']}/notes", sent), 400, "VALIDATION_FAILED", "body")


class TestCustomers:
    def test_facts_are_changed_one_by_one(self, api: Api, body: dict[str, Any]) -> None:
        url = f"{CUSTOMERS}/{body['customer_id']}"
        found = data(api("PATCH", url, {"domain": "Acme.EXAMPLE", "churn_risk": 0.9}))
        assert (found["name"], found["domain"], found["churn_risk"]) == ("Acme Inc.", "acme.example", Decimal("0.9"))
        found = data(api("PATCH", url, {"name": "Acme Ltd.", "churn_risk": None}))
        assert (found["name"], found["domain"], found["churn_risk"]) == ("Acme Ltd.", "acme.example", None)
        assert data(api("GET", url)) == found

    @pytest.mark.parametrize(
        ("sent", "field"),
        [({"name": ""}, "name"), ({"name": None}, ""), ({"kind": "planet"}, "kind"), ({"churn_risk": 2}, "churn_risk"),
         ({"id": NOBODY}, "id")],
        ids=str,
    )  # fmt: skip
    def test_what_is_wrong_is_named(self, api: Api, body: dict[str, Any], sent: dict[str, Any], field: str) -> None:
        url = f"{CUSTOMERS}/{body['customer_id']}"
        before = data(api("GET", url))
        refused(api("PATCH", url, sent), 400, "VALIDATION_FAILED", field or None)
        assert data(api("GET", url)) == before

    def test_another_tenants_customer_is_not_there(self, stranger: Api, body: dict[str, Any]) -> None:
        url = f"{CUSTOMERS}/{body['customer_id']}"
        refused(stranger("PATCH", url, {"name": "Mine"}), 404, "NOT_FOUND")
        refused(stranger("GET", f"{url}/opportunities"), 404, "NOT_FOUND")

    def test_a_customers_deals_or_only_the_open_ones(self, api: Api, body: dict[str, Any]) -> None:
        first, second = made(api, body), made(api, body, name="Second")
        won = data(api("POST", f"/{second['id']}/win", {"close_date": TODAY.isoformat()}))
        url = f"{CUSTOMERS}/{body['customer_id']}/opportunities"
        assert data(api("GET", url)) == [won, first]
        assert data(api("GET", f"{url}?open=true")) == [first]


def test_people_are_listed(api: Api, people: People) -> None:
    found = {each["email"]: each for each in data(api("GET", "/api/v1/identity/users"))}
    alice = found[people.email("alice")]
    assert (alice["id"], alice["role"], alice["is_active"]) == (str(people.alice.user_id), "rep", True)
    assert people.email("charlie") not in found


class TestTheList:
    def test_what_has_changed_since_a_moment(self, api: Api, body: dict[str, Any]) -> None:
        first, second = made(api, body), made(api, body, name="Second")
        changed = data(api("PUT", f"/{first['id']}/stage", {"stage": "proposal"}))
        since = changed["updated_at"]
        assert [each["id"] for each in data(api("GET", f"?updated_since={since.replace('+', '%2B')}"))] == [first["id"]]
        assert [each["id"] for each in data(api("GET", f"?updated_since={since}"))] == [first["id"]]
        assert data(api("GET", "?updated_since=2999-01-01T00:00:00Z")) == []
        assert second["id"] in {each["id"] for each in data(api("GET", "?updated_since=2000-01-01T00:00:00-08:00"))}

    @pytest.mark.parametrize("order", ["name", "-name", "value", "-value", "updated_at", "-created_at"])
    def test_it_is_sorted(self, api: Api, body: dict[str, Any], order: str) -> None:
        for name, value in (("beta", 5), ("Alpha", 7), ("gamma", 6)):
            made(api, body, name=name, value=value)
        found = [each[order.removeprefix("-")] for each in data(api("GET", f"?sort={order}"))]
        assert found == sorted(found, key=lambda each: str(each).lower(), reverse=order.startswith("-"))

    @pytest.mark.parametrize(
        ("query", "field"),
        [("sort=position", "sort"), ("sort=--name", "sort"), ("updated_since=yesterday", "updated_since"),
         ("updated_since=2026-01-01T00:00:00", "updated_since"),
         ("updated_since=2026-13-01T00:00:00Z", "updated_since")],
    )  # fmt: skip
    def test_what_it_does_not_know_is_named(self, api: Api, query: str, field: str) -> None:
        refused(api("GET", f"?{query}"), 400, "VALIDATION_FAILED", field)
