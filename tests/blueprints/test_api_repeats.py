"""Requests that are sent again, and requests that come too late: Idempotency-Key and If-Match."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from deals_app.models import Deal, Import
from deals_app.services.given_answers import asked_once
from deals_app.services.unit_of_work import reading
from tests.blueprints.programs import TODAY, Api, data, made, refused
from tests.engines import TestEngines
from tests.people import People, api_key
from tests.sql import SUPERUSER, connected

Keyed = Callable[..., Any]
WON = {"close_date": TODAY.isoformat()}


@pytest.fixture
def keyed(api: Api) -> Keyed:
    """A POST under an Idempotency-Key."""

    def post(path: str = "", body: Any = None, key: str = "k-1", **kwargs: Any) -> Any:
        return Api(api.client, api.headers | {"Idempotency-Key": key})("POST", path, body, **kwargs)

    return post


def count(people: People, model: type[Any] = Deal) -> int:
    with reading(people.ada) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


class TestIdempotencyKey:
    def test_the_same_request_makes_one_deal_and_gets_one_answer(
        self, keyed: Keyed, body: dict[str, Any], people: People
    ) -> None:
        first, again = keyed(body=body), keyed(body=body)
        assert (first.status_code, again.status_code) == (201, 201)
        assert (first.data, first.headers["ETag"]) == (again.data, again.headers["ETag"])
        assert again.mimetype == "application/json"
        assert count(people) == 1

    def test_another_request_under_the_same_key_is_refused(
        self, keyed: Keyed, body: dict[str, Any], people: People
    ) -> None:
        keyed(body=body)
        refused(keyed(body=body | {"name": "Other"}), 409, "IDEMPOTENCY_CONFLICT")
        refused(keyed(f"/{data(keyed(body=body), 201)['id']}/win", WON), 409, "IDEMPOTENCY_CONFLICT")
        assert count(people) == 1

    def test_without_a_key_or_under_another_it_is_a_second_deal(
        self, api: Api, keyed: Keyed, body: dict[str, Any], people: People
    ) -> None:
        keyed(body=body)
        keyed(body=body, key="k-2")
        made(api, body)
        assert count(people) == 3

    def test_keys_are_per_tenant(self, client: FlaskClient, keyed: Keyed, people: People, body: dict[str, Any]) -> None:
        mine = data(keyed(body=body), 201)
        other = Api(client, api_key(people.charlie) | {"Idempotency-Key": "k-1"})
        refused(other("POST", f"/{mine['id']}/win", WON), 404, "NOT_FOUND")

    def test_a_refusal_is_not_remembered(self, keyed: Keyed, body: dict[str, Any], people: People) -> None:
        refused(keyed(body=body | {"value": -1}), 400, "VALIDATION_FAILED", "value")
        refused(keyed(body=body | {"tags": [" "]}), 400, "VALIDATION_FAILED", "tags")
        assert keyed(body=body).status_code == 201
        assert count(people) == 1

    def test_while_the_first_still_runs_the_second_is_told(
        self, app: Flask, keyed: Keyed, body: dict[str, Any], people: People
    ) -> None:
        assert app
        with asked_once(people.ada, "k-1", b"another program, at the same time"):
            refused(keyed(body=body), 409, "IDEMPOTENCY_IN_PROGRESS")
        assert keyed(body=body).status_code == 201

    def test_after_a_day_a_key_may_be_used_again(
        self, keyed: Keyed, body: dict[str, Any], people: People, engines: TestEngines
    ) -> None:
        keyed(body=body)
        with connected(engines, SUPERUSER) as connection:
            connection.execute("UPDATE given_answers SET created_at = created_at - interval '25 hours'")
        assert keyed(body=body | {"name": "Tomorrow"}).status_code == 201
        assert count(people) == 2

    @pytest.mark.parametrize("key", ["", "x" * 256, "snow☃"])
    def test_a_key_that_is_none_is_named(self, keyed: Keyed, body: dict[str, Any], key: str) -> None:
        refused(keyed(body=body, key=key.encode().decode("latin-1")), 400, "VALIDATION_FAILED", "Idempotency-Key")

    def test_each_change_of_a_deal_happens_once(self, api: Api, keyed: Keyed, body: dict[str, Any]) -> None:
        deal = made(api, body)
        for number, path in enumerate(("win", "undo")):
            first = keyed(f"/{deal['id']}/{path}", WON if path == "win" else None, key=path)
            again = keyed(f"/{deal['id']}/{path}", WON if path == "win" else None, key=path)
            assert (first.status_code, first.data) == (200, again.data)
            assert data(api("GET", f"/{deal['id']}"))["version"] == number + 2

    def test_an_upload_is_imported_once(self, keyed: Keyed, people: People) -> None:
        def upload(content: bytes) -> Any:
            file = (BytesIO(content), "a.csv")
            return keyed(
                "/api/sales/deals/csv/upload", data={"file": file}, content_type="multipart/form-data", key="file"
            )

        first, again = upload(b"Name,Value\nRollout,5\n"), upload(b"Name,Value\nRollout,5\n")
        assert (first.status_code, first.json["job_id"]) == (202, again.json["job_id"])
        assert count(people, Import) == 1
        assert upload(b"Name,Value\nOther,5\n").status_code == 409


class TestIfMatch:
    def put(self, api: Api, deal: dict[str, Any], etag: str, **body: Any) -> Any:
        return Api(api.client, api.headers | {"If-Match": etag})("PUT", f"/{deal['id']}/stage", body)

    def test_a_change_of_the_version_it_names_is_made(self, api: Api, body: dict[str, Any]) -> None:
        deal = made(api, body)
        for etag, stage in (('"1"', "qualified"), ('W/"2"', "proposal"), ("*", "lead")):
            assert data(self.put(api, deal, etag, stage=stage))["stage"] == stage

    def test_a_stale_one_is_412_with_the_deal_as_it_is(self, api: Api, body: dict[str, Any]) -> None:
        deal = made(api, body)
        now = data(api("PUT", f"/{deal['id']}/stage", {"stage": "qualified"}))
        answer = self.put(api, deal, '"1"', stage="proposal")
        refused(answer, 412, "VERSION_CONFLICT")
        assert answer.json["data"] == now
        answer = api("PUT", f"/{deal['id']}/stage", {"stage": "proposal", "version": 1})
        refused(answer, 409, "VERSION_CONFLICT")
        assert answer.json["data"] == now

    def test_every_change_heeds_it(self, api: Api, body: dict[str, Any]) -> None:
        deal = made(api, body)
        stale = Api(api.client, api.headers | {"If-Match": '"7"'})
        for method, path, sent in (
            ("PUT", "basic-info", {"name": "New"}),
            ("PUT", "value", {"value": 5, "currency": "USD"}),
            ("PUT", "stage", {"stage": "proposal"}),
            ("POST", "win", WON),
            ("POST", "lose", WON),
        ):
            refused(stale(method, f"/{deal['id']}/{path}", sent), 412, "VERSION_CONFLICT")
        refused(stale("DELETE", f"/{deal['id']}"), 412, "VERSION_CONFLICT")
        assert data(api("GET", f"/{deal['id']}")) == deal

    @pytest.mark.parametrize("etag", ["three", '"1", "2"', '"-1"', '"²"'])
    def test_what_is_no_etag_of_ours_is_named(self, api: Api, body: dict[str, Any], etag: str) -> None:
        deal = made(api, body)
        answer = self.put(api, deal, etag.encode().decode("latin-1"), stage="qualified")
        refused(answer, 400, "VALIDATION_FAILED", "If-Match")

    def test_two_versions_in_one_request_are_refused(self, api: Api, body: dict[str, Any]) -> None:
        deal = made(api, body)
        refused(self.put(api, deal, '"1"', stage="qualified", version=2), 400, "VALIDATION_FAILED", "version")
