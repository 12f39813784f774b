"""People beside a deal's owner and competitors, over the API."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.blueprints.programs import NOBODY, TODAY, Api, data, made, refused
from tests.people import People, api_key

DEALS = "/api/v1/deals"


def url(deal: dict[str, Any], *more: str) -> str:
    return "/".join([f"{DEALS}/{deal['id']}", *more])


class TestCollaborators:
    def test_people_are_added_once_and_by_name(self, api: Api, people: People, deal: dict[str, Any]) -> None:
        for person, role in ((people.mona, "watcher"), (people.bob, "collaborator"), (people.bob, "collaborator")):
            found = data(api("POST", url(deal, "collaborators"), {"user_id": str(person.user_id), "role": role}), 201)
        assert [(each["name"], each["role"]) for each in found] == [("Bob", "collaborator"), ("Mona", "watcher")]
        assert found == data(api("GET", url(deal, "collaborators")))
        found = data(
            api("POST", url(deal, "collaborators"), {"user_id": str(people.bob.user_id), "role": "watcher"}), 201
        )
        assert [each["role"] for each in found] == ["watcher", "watcher"]

    def test_who_is_removed_is_gone(self, api: Api, people: People, deal: dict[str, Any]) -> None:
        data(api("POST", url(deal, "collaborators"), {"user_id": str(people.bob.user_id)}), 201)
        assert api("DELETE", url(deal, "collaborators", str(people.bob.user_id))).status_code == 204
        refused(api("DELETE", url(deal, "collaborators", str(people.bob.user_id))), 404, "NOT_FOUND")
        assert data(api("GET", url(deal, "collaborators"))) == []

    def test_only_people_of_the_team(self, api: Api, people: People, deal: dict[str, Any]) -> None:
        for user_id in (NOBODY, str(people.charlie.user_id)):
            refused(api("POST", url(deal, "collaborators"), {"user_id": user_id}), 400, "VALIDATION_FAILED", "user_id")
        sent = {"user_id": str(people.bob.user_id), "role": "owner"}
        refused(api("POST", url(deal, "collaborators"), sent), 400, "VALIDATION_FAILED", "role")


class TestCompetitors:
    def test_each_is_named_once_however_it_is_spelt(self, api: Api, deal: dict[str, Any]) -> None:
        sent = {"name": " Initech Inc. ", "strength": "strong", "note": "cheaper"}
        found = data(api("POST", url(deal, "competitors"), sent), 201)
        assert (found["name"], found["strength"], found["note"]) == ("Initech Inc.", "strong", "cheaper")
        refused(api("POST", url(deal, "competitors"), {"name": "INITECH"}), 409, "ALREADY_EXISTS")
        other = data(api("POST", url(deal, "competitors"), {"name": "Hooli"}), 201)
        assert data(api("GET", url(deal, "competitors"))) == [found, other]
        refused(api("PATCH", url(deal, "competitors", other["id"]), {"name": "initech"}), 409, "ALREADY_EXISTS")

    def test_facts_are_changed_one_by_one(self, api: Api, deal: dict[str, Any]) -> None:
        found = data(api("POST", url(deal, "competitors"), {"name": "Initech", "strength": "weak", "note": "x"}), 201)
        path = url(deal, "competitors", found["id"])
        assert data(api("PATCH", path, {"strength": "even"})) == found | {"strength": "even"}
        assert data(api("PATCH", path, {"note": None})) == found | {"strength": "even", "note": None}
        assert data(api("PATCH", path, {})) == found | {"strength": "even", "note": None}

    def test_removed_it_is_gone_and_comes_back(self, api: Api, deal: dict[str, Any]) -> None:
        found = data(api("POST", url(deal, "competitors"), {"name": "Initech"}), 201)
        path = url(deal, "competitors", found["id"])
        assert api("DELETE", path).status_code == 204
        for method in ("DELETE", "PATCH"):
            refused(api(method, path, {} if method == "PATCH" else None), 404, "NOT_FOUND")
        assert data(api("POST", f"{path}/restore")) == found
        api("DELETE", path)
        data(api("POST", url(deal, "competitors"), {"name": "initech"}), 201)
        refused(api("POST", f"{path}/restore"), 409, "ALREADY_EXISTS")

    def test_whoever_won_it_from_us_is_among_them(self, api: Api, deal: dict[str, Any], body: dict[str, Any]) -> None:
        other = made(api, body, name="Other")
        data(api("POST", url(deal, "competitors"), {"name": "Initech Inc."}), 201)
        for each in (deal, other):
            lost = {"close_date": TODAY.isoformat(), "competitor": "Initech"}
            assert data(api("POST", f"/{each['id']}/lose", lost))["competitor"] == "Initech"
        names = [[each["name"] for each in data(api("GET", url(one, "competitors")))] for one in (deal, other)]
        assert names == [["Initech Inc."], ["Initech"]]

    def test_bulk_losses_name_them_too(self, api: Api, deal: dict[str, Any], body: dict[str, Any]) -> None:
        ids = [deal["id"], made(api, body, name="Other")["id"]]
        data(api("POST", f"{DEALS}/bulk", {"ids": ids, "change": {"lose": {"competitor": "Hooli"}}}))
        assert [[each["name"] for each in data(api("GET", f"{DEALS}/{one}/competitors"))] for one in ids] == [
            ["Hooli"]
        ] * 2

    @pytest.mark.parametrize(
        ("sent", "field"),
        [
            ({}, "name"),
            ({"name": " "}, "name"),
            ({"name": "x" * 201}, "name"),
            ({"name": "x", "strength": "huge"}, "strength"),
            ({"name": "x", "note": "x" * 2001}, "note"),
            ({"name": "x", "price": 1}, "price"),
        ],
        ids=lambda each: repr(each)[:30],
    )
    def test_what_is_wrong_is_named(self, api: Api, deal: dict[str, Any], sent: dict[str, Any], field: str) -> None:
        refused(api("POST", url(deal, "competitors"), sent), 400, "VALIDATION_FAILED", field)


def test_another_tenant_finds_nothing(api: Api, stranger: Api, people: People, deal: dict[str, Any]) -> None:
    rival = data(api("POST", url(deal, "competitors"), {"name": "Initech"}), 201)["id"]
    data(api("POST", url(deal, "collaborators"), {"user_id": str(people.bob.user_id)}), 201)
    nothing = {"id": NOBODY}
    for who, where in ((stranger, deal), (api, nothing)):
        refused(who("GET", url(where, "competitors")), 404, "NOT_FOUND")
        refused(who("POST", url(where, "competitors"), {"name": "Mine"}), 404, "NOT_FOUND")
        refused(who("PATCH", url(where, "competitors", rival), {"name": "Mine"}), 404, "NOT_FOUND")
        refused(who("DELETE", url(where, "competitors", rival)), 404, "NOT_FOUND")
        refused(who("GET", url(where, "collaborators")), 404, "NOT_FOUND")
        refused(who("POST", url(where, "collaborators"), {"user_id": str(people.charlie.user_id)}), 404, "NOT_FOUND")
        refused(who("DELETE", url(where, "collaborators", str(people.bob.user_id))), 404, "NOT_FOUND")


def test_reps_change_what_surrounds_their_own_deals(
    client: FlaskClient, people: People, deal: dict[str, Any], api: Api
) -> None:
    rep = Api(client, api_key(people.ada, role="rep"))
    refused(rep("POST", url(deal, "competitors"), {"name": "Initech"}), 403, "FORBIDDEN")
    sent = {"user_id": str(people.bob.user_id)}
    refused(rep("POST", url(deal, "collaborators"), sent), 403, "FORBIDDEN")
    data(api("POST", url(deal, "collaborators"), sent), 201)
    refused(rep("PUT", f"/{deal['id']}/value", {"value": 1, "currency": "USD"}), 403, "FORBIDDEN")
    assert len(data(rep("GET", url(deal, "collaborators")))) == 1
