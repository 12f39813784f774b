"""`/api/v1/webhooks`: the outside of what tests/services/webhooks shows."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from deals_app.services.webhooks.delivering import deliver_webhooks
from tests.blueprints.programs import NOBODY, Api, data, refused
from tests.people import People, api_key

URL = "/api/v1/webhooks"
TARGET = "https://127-0-0-1.invalid/hooks"
FIELDS = {
    "id", "url", "description", "event_types", "state", "disabled_reason", "disabled_at", "failing_since",
    "old_secret_until", "waiting", "failed", "version", "created_at", "updated_at",
}  # fmt: skip


@pytest.fixture
def hook(api: Api) -> dict[str, Any]:
    return data(api("POST", URL, {"url": TARGET, "description": "Shop", "event_types": ["deal.won"]}), 201)


def test_the_secret_is_in_the_first_answer_only(api: Api, hook: dict[str, Any]) -> None:
    assert hook.keys() == FIELDS | {"secret"}
    assert hook["secret"].startswith("whsec_")
    [listed] = data(api("GET", URL))
    read = data(api("GET", f"{URL}/{hook['id']}"))
    assert listed == read == {name: hook[name] for name in FIELDS}
    rotated = data(api("POST", f"{URL}/{hook['id']}/rotate-secret"))
    assert rotated["secret"] != hook["secret"]
    assert rotated["old_secret_until"] is not None


def test_it_is_changed_and_deleted(api: Api, hook: dict[str, Any]) -> None:
    path = f"{URL}/{hook['id']}"
    changed = data(api("PATCH", path, {"state": "disabled"}))
    assert (changed["state"], changed["url"], changed["version"]) == ("disabled", TARGET, 2)
    assert data(api("PATCH", path, {"state": "active", "event_types": []}))["event_types"] == []
    assert api("DELETE", path).status_code == 204
    refused(api("GET", path), 404, "NOT_FOUND")
    refused(api("DELETE", path), 404, "NOT_FOUND")


def test_a_test_its_log_and_a_replay(api: Api, hook: dict[str, Any], people: People) -> None:
    path = f"{URL}/{hook['id']}"
    sent = data(api("POST", f"{path}/test"), 202)
    assert (sent["event_type"], sent["state"], sent["attempts"]) == ("webhook.test", "pending", 0)
    deliver_webhooks(str(people.tenant_id), hook["id"])
    answer = api("GET", f"{path}/deliveries?state=pending&limit=1")
    [line] = data(answer)
    assert answer.json["pagination"] == {"next_after": None}
    assert (line["id"], line["attempts"], line["status_code"]) == (sent["id"], 1, None)
    assert line["error"] == "the name 127-0-0-1.invalid was not found"
    assert data(api("POST", f"{path}/deliveries/{line['id']}/replay"), 202)["attempts"] == 1
    assert data(api("POST", f"{path}/replay", {"since": "2020-01-01T00:00:00Z"}), 202) == {"replayed": 0}


def test_the_same_key_makes_one(api: Api) -> None:
    headers = {**api.headers, "Idempotency-Key": "once"}
    first, again = (api.client.post(URL, json={"url": TARGET}, headers=headers).get_json()["data"] for _ in range(2))
    # The secret is shown once: it is not kept for a day with the answer.
    assert first["secret"]
    assert first | {"secret": None} == again
    assert len(data(api("GET", URL))) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "", {"url": "http://example.com"}, "url"),
        ("POST", "", {"url": "https://10.0.0.1"}, "url"),
        ("POST", "", {"url": 1}, "url"),
        ("POST", "", {}, "url"),
        ("POST", "", {"url": TARGET, "secret": "mine"}, "secret"),
        ("POST", "", {"url": TARGET, "event_types": ["deal.exploded"]}, "event_types"),
        ("PATCH", "/{id}", {"state": "asleep"}, "state"),
        ("PATCH", "/{id}", {"url": None}, "url"),
        ("POST", "/{id}/replay", {"since": "yesterday"}, "since"),
        ("GET", "/{id}/deliveries?state=lost", None, "state"),
        ("GET", "/{id}/deliveries?after=x", None, "after"),
        ("GET", "/{id}/deliveries?limit=0", None, "limit"),
    ],
)
def test_what_is_wrong_is_named(api: Api, hook: dict[str, Any], method: str, path: str, body: Any, field: str) -> None:
    refused(api(method, URL + path.format(id=hook["id"]), body), 400, "VALIDATION_FAILED", field)


def test_another_tenants_is_none(api: Api, stranger: Api, hook: dict[str, Any]) -> None:
    delivery = data(api("POST", f"{URL}/{hook['id']}/test"), 202)["id"]
    for method, path in (
        ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate-secret"), ("POST", "/test"),
        ("GET", "/deliveries"), ("POST", f"/deliveries/{delivery}/replay"), ("POST", "/replay"),
    ):  # fmt: skip
        body = {"since": "2020-01-01T00:00:00Z"} if path == "/replay" else {} if method == "PATCH" else None
        theirs, nobodys = (stranger(method, f"{URL}/{each}{path}", body) for each in (hook["id"], NOBODY))
        assert refused(theirs, 404, "NOT_FOUND") == refused(nobodys, 404, "NOT_FOUND")
    assert data(stranger("GET", URL)) == []


def test_roles(client: FlaskClient, people: People, hook: dict[str, Any]) -> None:
    manager, rep = (Api(client, api_key(people.ada, role)) for role in ("manager", "rep"))
    assert len(data(manager("GET", URL))) == 1
    refused(manager("POST", URL, {"url": TARGET}), 403, "FORBIDDEN")
    refused(manager("DELETE", f"{URL}/{hook['id']}"), 403, "FORBIDDEN")
    refused(rep("GET", URL), 403, "FORBIDDEN")
    refused(rep("GET", f"{URL}/{NOBODY}"), 403, "FORBIDDEN")
