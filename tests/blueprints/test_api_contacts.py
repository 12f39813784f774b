"""The people at a customer over the API, and the end of a customer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.blueprints.programs import NOBODY, Api, data, made, refused

CUSTOMERS = "/api/v1/customer-mgmt/customers"
PERSON = {"name": "Peter Gibbons", "email": "peter@initech.example", "phone": "+1 555 0100", "title": "Engineer"}


@pytest.fixture
def customer(api: Api) -> dict[str, Any]:
    return data(api("POST", CUSTOMERS, {"name": "Initech"}), 201)


def url(customer: dict[str, Any], *more: str) -> str:
    return "/".join([f"{CUSTOMERS}/{customer['id']}", *more])


def test_people_are_listed_by_name_and_changed_one_by_one(api: Api, customer: dict[str, Any]) -> None:
    peter = data(api("POST", url(customer, "contacts"), PERSON), 201)
    anne = data(api("POST", url(customer, "contacts"), {"name": " anne "}), 201)
    assert {name: peter[name] for name in PERSON} == PERSON
    assert (anne["name"], anne["email"], anne["customer_id"]) == ("anne", None, customer["id"])
    assert data(api("GET", url(customer, "contacts"))) == [anne, peter]
    found = data(api("PATCH", url(customer, "contacts", peter["id"]), {"phone": None, "title": "Lead"}))
    assert (found["name"], found["phone"], found["title"]) == ("Peter Gibbons", None, "Lead")


def test_removed_they_are_gone_and_come_back(api: Api, customer: dict[str, Any]) -> None:
    peter = data(api("POST", url(customer, "contacts"), PERSON), 201)
    path = url(customer, "contacts", peter["id"])
    assert api("DELETE", path).status_code == 204
    refused(api("DELETE", path), 404, "NOT_FOUND")
    refused(api("PATCH", path, {"name": "x"}), 404, "NOT_FOUND")
    assert data(api("GET", url(customer, "contacts"))) == []
    assert data(api("POST", f"{path}/restore"))["name"] == "Peter Gibbons"
    assert len(data(api("GET", url(customer, "contacts")))) == 1


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "x", "email": "peter"}, "email"),
        ({"name": "x", "phone": "1" * 51}, "phone"),
        ({"name": "x", "title": "x" * 201}, "title"),
        ({"name": "x", "fax": "1"}, "fax"),
    ],
)
def test_what_is_wrong_is_named(api: Api, customer: dict[str, Any], sent: dict[str, Any], field: str) -> None:
    refused(api("POST", url(customer, "contacts"), sent), 400, "VALIDATION_FAILED", field)


def test_another_tenant_finds_nobody(api: Api, stranger: Api, customer: dict[str, Any]) -> None:
    peter = data(api("POST", url(customer, "contacts"), PERSON), 201)
    other = data(api("POST", CUSTOMERS, {"name": "Hooli"}), 201)
    for who, where in ((stranger, customer), (api, {"id": NOBODY}), (api, other)):
        path = url(where, "contacts", peter["id"])
        for asked in (who("PATCH", path, {"name": "x"}), who("DELETE", path), who("POST", f"{path}/restore")):
            refused(asked, 404, "NOT_FOUND")
    for who, where in ((stranger, customer), (api, {"id": NOBODY})):
        refused(who("GET", url(where, "contacts")), 404, "NOT_FOUND")
        refused(who("POST", url(where, "contacts"), PERSON), 404, "NOT_FOUND")
        refused(who("DELETE", url(where)), 404, "NOT_FOUND")
        refused(who("POST", url(where, "restore")), 404, "NOT_FOUND")


def test_a_customer_stays_while_deals_name_it(api: Api, body: dict[str, Any]) -> None:
    here = f"{CUSTOMERS}/{body['customer_id']}"
    deals = [made(api, body, name=name)["id"] for name in ("One", "Two")]
    assert refused(api("DELETE", here), 409, "IN_USE") == "2 deals still name this customer"
    api("DELETE", f"/{deals[0]}")
    assert refused(api("DELETE", here), 409, "IN_USE") == "1 deal still names this customer"
    api("DELETE", f"/{deals[1]}")
    assert api("DELETE", here).status_code == 204
    refused(api("GET", here), 404, "NOT_FOUND")
    refused(api("GET", f"{here}/contacts"), 404, "NOT_FOUND")
    refused(api("POST", "", body), 400, "VALIDATION_FAILED", "customer_id")
    assert data(api("POST", f"{here}/restore"))["name"] == "Acme Inc."
    assert api("GET", here).status_code == 200


def test_a_deal_that_comes_back_brings_its_customer(api: Api, body: dict[str, Any]) -> None:
    deal = made(api, body)["id"]
    api("DELETE", f"/{deal}")
    assert api("DELETE", f"{CUSTOMERS}/{body['customer_id']}").status_code == 204
    data(api("POST", f"/{deal}/restore"))
    assert api("GET", f"{CUSTOMERS}/{body['customer_id']}").status_code == 200
