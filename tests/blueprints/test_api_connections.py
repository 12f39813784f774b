"""Connections over the API: secrets go in and never come out, mappings are checked, a synchronisation is a job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from deals_app.integrations.simulator.hubspot import HubSpot
from deals_app.services.connections.access import access_to, connection_actor
from deals_app.services.connections.signing_in import connect_simulator
from tests.blueprints.programs import Api, data
from tests.connected import simulated, work_off
from tests.engines import TestEngines
from tests.people import People, api_key
from tests.sql import SUPERUSER, connected

URL = "/api/v1/connections"
SECRETS = {"access_token": "token-of-theirs", "refresh_token": "refresh-of-theirs", "client_secret": "secret-of-ours"}
BODY = {"system": "hubspot", "name": "Our portal", "portal_id": "62515", "client_id": "app", **SECRETS}


@pytest.fixture
def hubspot(app: Flask) -> Iterator[HubSpot]:
    simulation = HubSpot(deal_count=5)
    with simulated(app, simulation):
        yield simulation


def test_secrets_go_in_and_never_come_out(api: Api, people: People, engines: TestEngines) -> None:
    answer = api("POST", URL, BODY)
    assert answer.status_code == 201
    made = answer.json["data"]
    assert (made["state"], made["portal_id"], made["client_id"]) == ("active", "62515", "app")
    told = [answer, api("GET", URL), api("GET", f"{URL}/{made['id']}"), api("PATCH", f"{URL}/{made['id']}", SECRETS)]
    assert {each.status_code for each in told} == {201, 200}
    assert not any(secret in each.get_data(as_text=True) for each in told for secret in SECRETS.values())
    with connected(engines, SUPERUSER) as sql:
        rows = sql.execute("SELECT connections::text FROM connections UNION ALL SELECT audit_log::text FROM audit_log")
        stored = "\n".join(row[0] for row in rows.fetchall())
    assert not any(secret in stored for secret in SECRETS.values())
    actor = connection_actor(people.tenant_id, made["id"], "hubspot")
    found = access_to(actor, made["id"])
    assert (found.token, found.refresh_token) == (SECRETS["access_token"], SECRETS["refresh_token"])
    assert "theirs" not in repr(found)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"system": "pipedrive"}, "system"),
        ({"system": "hubspot", "portal_id": "x"}, "portal_id"),
        ({"system": "hubspot", "organization_id": "00D5e000000AbCd"}, "organization_id"),
        ({"system": "salesforce", "organization_id": "1"}, "organization_id"),
        ({"system": "salesforce", "instance_url": "https://evil.example"}, "instance_url"),
        ({"system": "hubspot", "fields": {"a b": "name"}}, "fields"),
        ({"system": "hubspot", "fields": {"a": "nothing"}}, "fields"),
        ({"system": "hubspot", "pipelines": {"a": "nothing"}}, "pipelines"),
        ({"system": "hubspot", "stages": {"a": "x" * 301}}, "stages"),
        ({"system": "hubspot", "name": "x" * 201}, "name"),
        ({"system": "hubspot", "colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_named(api: Api, body: dict[str, Any], field: str) -> None:
    answer = api("POST", URL, body)
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json["error"]["details"]] == [field]
    assert data(api("GET", URL)) == []


def test_an_account_is_connected_once(api: Api, stranger: Api) -> None:
    made = data(api("POST", URL, BODY), 201)
    assert api("POST", URL, BODY).status_code == 409
    assert stranger("POST", URL, BODY).status_code == 201
    assert api("DELETE", f"{URL}/{made['id']}").status_code == 204
    assert api("GET", f"{URL}/{made['id']}").status_code == 404
    assert api("POST", URL, BODY).status_code == 201


def test_a_mapping_is_replaced_as_a_whole(api: Api) -> None:
    made = data(api("POST", URL, BODY | {"stages": {"a": "lead", "b": "proposal"}}), 201)
    changed = data(
        api(
            "PATCH", f"{URL}/{made['id']}", {"stages": {"c": "negotiation"}, "pipelines": {"default": "Sales Pipeline"}}
        )
    )
    assert (changed["stages"], changed["pipelines"]) == ({"c": "negotiation"}, {"default": "Sales Pipeline"})
    assert changed["version"] == made["version"] + 1


@pytest.mark.usefixtures("hubspot")
def test_a_synchronisation_is_a_job(api: Api, people: People, engines: TestEngines) -> None:
    connection_id = connect_simulator(people.ada, "hubspot")
    work_off(people.tenant_id, engines)
    started = api("POST", f"{URL}/{connection_id}/sync")
    assert (started.status_code, started.json["data"]["state"]) == (202, "queued")
    again = api("POST", f"{URL}/{connection_id}/sync?full=true")
    assert again.json["job_id"] == started.json["job_id"]
    work_off(people.tenant_id, engines)
    done = data(api("GET", started.json["status_url"]))
    assert (done["state"], done["failed"]) == ("done", 0)
    assert [each["created"] for each in data(api("GET", f"{URL}/{connection_id}/syncs"))] == [0, 5]


def test_without_access_there_is_nothing_to_synchronise(api: Api) -> None:
    made = data(api("POST", URL, {"system": "hubspot"}), 201)
    answer = api("POST", f"{URL}/{made['id']}/sync")
    assert (answer.status_code, "Sign in" in answer.json["error"]["message"]) == (400, True)


def test_managers_read_and_others_do_not(client: FlaskClient, api: Api, people: People) -> None:
    facts = {"system": "salesforce", "organization_id": "00D5e000000AbCd"}
    made = data(api("POST", URL, facts), 201)
    assert made["message_path"].startswith("/api/sales/deals/salesforce/sync/")
    manager, rep = (Api(client, api_key(people.ada, role)) for role in ("manager", "rep"))
    assert data(manager("GET", f"{URL}/{made['id']}"))["message_path"] is None
    assert made["message_path"] not in json.dumps(manager("GET", URL).json)
    assert manager("PATCH", f"{URL}/{made['id']}", {"name": "x"}).status_code == 403
    assert rep("GET", URL).status_code == 403


def test_another_tenants_is_not_found(api: Api, stranger: Api) -> None:
    path = f"{URL}/{data(api('POST', URL, BODY), 201)['id']}"
    assert stranger("PATCH", path, {"name": "x"}).status_code == 404
    for method, where in (("GET", ""), ("DELETE", ""), ("POST", "/sync"), ("GET", "/syncs")):
        assert stranger(method, path + where).status_code == 404, (method, where)
