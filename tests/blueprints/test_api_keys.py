"""API keys by API and page: shown once, narrowed, ended, revoked; none makes one that may more than itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from deals_app.services.api_keys import create_api_key
from deals_app.services.unit_of_work import reading, unit_of_work
from tests.blueprints.programs import Api, data, refused
from tests.people import People

KEYS = "/api/v1/api-keys"
NEW = {"name": "Shop", "role": "rep"}


def program(client: FlaskClient, key: str) -> Api:
    return Api(client, {"Authorization": f"Bearer {key}"})


def made(api: Api, **changes: Any) -> dict[str, Any]:
    return data(api("POST", KEYS, NEW | changes), 201)


def test_a_key_is_made_seen_and_revoked(api: Api, client: FlaskClient) -> None:
    new = made(api, scopes=["deals:write", "deals:read"], expires_in_days=30)
    assert new["scopes"] == ["deals:read", "deals:write"]
    assert datetime.fromisoformat(new["expires_at"]) - datetime.now(UTC) > timedelta(days=29)
    seen = data(api("GET", f"{KEYS}/{new['id']}"))
    assert seen == {name: value for name, value in new.items() if name != "key"}
    assert seen in data(api("GET", KEYS))
    theirs = program(client, new["key"])
    assert data(theirs("GET")) == []
    assert data(api("GET", f"{KEYS}/{new['id']}"))["last_used_at"] is not None
    assert api("DELETE", f"{KEYS}/{new['id']}").status_code == 204
    refused(theirs("GET"), 401, "UNAUTHORIZED")
    assert data(api("GET", f"{KEYS}/{new['id']}"))["revoked_at"] is not None
    refused(api("DELETE", f"{KEYS}/{new['id']}"), 404, "NOT_FOUND")


def test_without_scopes_and_end_it_is_as_wide_as_its_role(api: Api) -> None:
    new = made(api)
    assert (new["scopes"], new["expires_at"], new["last_used_at"]) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"role": "system"}, "role"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["deals:burn"]}, "scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2099-01-01"}, "expires_at"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 10**9}, "expires_in_days"),
        ({"expires_in_days": 3, "expires_at": "2099-01-01T00:00:00Z"}, "expires_in_days"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_new_key_is_named(api: Api, change: dict[str, Any], field: str) -> None:
    refused(api("POST", KEYS, NEW | change), 400, "VALIDATION_FAILED", field)
    assert [key["name"] for key in data(api("GET", KEYS))] == ["test"]


def test_a_key_makes_none_that_may_more_or_lasts_longer(api: Api, client: FlaskClient) -> None:
    scopes = ["api-keys:write", "deals:read"]
    end = made(api, role="admin", scopes=scopes, expires_in_days=10)
    narrow = program(client, end["key"])
    refused(narrow("POST", KEYS, NEW), 400, "VALIDATION_FAILED", "scopes")
    refused(narrow("POST", KEYS, NEW | {"scopes": ["deals:write"]}), 400, "VALIDATION_FAILED", "scopes")
    longer = NEW | {"scopes": ["deals:read"], "expires_in_days": 11}
    refused(narrow("POST", KEYS, longer), 400, "VALIDATION_FAILED", "expires_at")
    assert made(narrow, scopes=["deals:read"])["expires_at"] == end["expires_at"]
    assert made(narrow, scopes=["deals:read"], expires_in_days=9)["expires_at"] < end["expires_at"]


def test_a_scope_that_is_missing_is_named(api: Api, client: FlaskClient) -> None:
    reads = program(client, made(api, scopes=["deals:read"])["key"])
    assert data(reads("GET")) == []
    assert "deals:write" in refused(reads("POST", body={}), 403, "SCOPE_MISSING")
    assert "customers:read" in refused(reads("GET", "/api/v1/customer-mgmt/customers"), 403, "SCOPE_MISSING")


def test_one_that_has_expired_is_no_key(api: Api, client: FlaskClient, people: People) -> None:
    new = made(api, expires_in_days=1)
    nobodys = refused(program(client, "dk_0123456789_x")("GET"), 401, "UNAUTHORIZED")
    with unit_of_work(people.ada) as work:
        work.session.execute(text("UPDATE api_keys SET expires_at = now() WHERE expires_at IS NOT NULL"))
    assert refused(program(client, new["key"])("GET"), 401, "UNAUTHORIZED") == nobodys
    assert data(api("GET", f"{KEYS}/{new['id']}"))["last_used_at"] is None


def test_its_last_use_is_noted_once_a_minute(api: Api, client: FlaskClient, people: People) -> None:
    new = made(api)
    uses: set[str] = set()
    for _ in range(3):
        data(program(client, new["key"])("GET"))
        uses.add(data(api("GET", f"{KEYS}/{new['id']}"))["last_used_at"])
    assert len(uses) == 1
    with unit_of_work(people.ada) as work:
        work.session.execute(text("UPDATE api_keys SET last_used_at = now() - interval '2 minutes'"))
    data(program(client, new["key"])("GET"))
    assert data(api("GET", f"{KEYS}/{new['id']}"))["last_used_at"] > min(uses)


def test_the_secret_is_kept_nowhere(client: FlaskClient, api: Api, people: People) -> None:
    again = Api(client, api.headers | {"Idempotency-Key": "one key"})
    new = made(again)
    assert made(again) == new | {"key": None}
    secret = new["key"].rpartition("_")[2]
    kept = (
        "SELECT t::text FROM api_keys t UNION ALL SELECT t::text FROM audit_log t"
        " UNION ALL SELECT convert_from(body, 'UTF8') FROM given_answers"
    )
    with reading(people.ada) as session:
        rows = session.scalars(text(kept)).all()
    assert len(rows) > 3
    assert not [row for row in rows if secret in row]


def test_the_page_offers_scopes_and_an_end_and_folds_what_has_ended_away(sign_in: Any, people: People) -> None:
    ada = sign_in("ada")
    assert "No keys yet" in ada.get("/settings/keys").get_data(as_text=True)
    form = {"name": "Website", "role": "rep", "ends": "30", "scopes": ["deals:read", "customers:read"]}
    page = ada.post("/settings/keys", form).get_data(as_text=True)
    assert "Rep: customers:read, deals:read" in page
    old = create_api_key(people.ada, name="Old one", role="rep", expires_at=datetime.now(UTC) + timedelta(days=1))
    ada.post(f"/settings/keys/{old.key_id}/revoke")
    live, _, ended = ada.get("/settings/keys").get_data(as_text=True).partition("1 ended key")
    assert "Website" in live
    assert "Old one" not in live
    assert "Old one" in ended
    assert ada.post("/settings/keys", form | {"scopes": ["deals:burn"]}).status_code == 422
    assert ada.post("/settings/keys", form | {"ends": "0"}).status_code == 422
