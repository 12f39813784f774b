"""Pipelines and stages as programs make and change them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from deals_app.domain.actor import Actor
from deals_app.services.deals import NewDeal, create_deal, delete_deal, restore_deal
from deals_app.services.queries.board import board
from deals_app.services.queries.deal import deal
from deals_app.services.stage_transition import win_deal
from tests.blueprints.programs import NOBODY, Api, data, new_deal_body, refused
from tests.people import People, api_key
from tests.services.test_ledger import assert_ledger_adds_up

URL = "/api/v1/pipelines"
# As mission/pipelines.txt makes it.
ENTERPRISE = {
    "name": "Enterprise Sales",
    "stages": [
        {"name": "Prospecting", "order": 1, "probability": 10.0, "status": "open"},
        {"name": "Negotiation", "order": 2, "probability": 50.0, "status": "open"},
        {"name": "Closed Won", "order": 3, "probability": 100.0, "status": "closed_won"},
    ],
}

ONE = {"name": "A", "order": 1}


@pytest.fixture
def made(api: Api) -> dict[str, Any]:
    return data(api("POST", URL, ENTERPRISE), 201)


def names(pipeline: dict[str, Any]) -> list[str]:
    return [stage["name"] for stage in pipeline["stages"]]


def stage(pipeline: dict[str, Any], name: str) -> str:
    return next(f"{URL}/{pipeline['id']}/stages/{each['id']}" for each in pipeline["stages"] if each["name"] == name)


def new_deals(actor: Actor, pipeline: dict[str, Any], *names: str) -> list[Any]:
    found = [create_deal(actor, NewDeal(name=name, currency="USD", pipeline=pipeline["id"])) for name in names]
    return list(reversed(found))


class TestPipelines:
    def test_one_is_made_as_the_source_document_makes_it(self, api: Api, made: dict[str, Any]) -> None:
        shown = [(each["key"], each["name"], each["probability"], each["status"]) for each in made["stages"]]
        assert shown == [
            ("prospecting", "Prospecting", 10, "open"),
            ("negotiation", "Negotiation", 50, "open"),
            ("closed_won", "Closed Won", 100, "closed_won"),
        ]
        assert (made["is_active"], made["is_default"], made["description"]) == (True, False, None)
        assert data(api("GET", f"{URL}/{made['id']}")) == made
        assert [each["name"] for each in data(api("GET", URL))] == ["Sales Pipeline", "Enterprise Sales"]

    def test_a_deal_made_in_it_starts_in_its_first_open_stage(
        self, api: Api, made: dict[str, Any], people: People
    ) -> None:
        found = data(api("POST", body=new_deal_body(people) | {"pipeline_id": made["id"]}), 201)
        assert (found["stage"], found["probability"]) == ("prospecting", 10)
        refused(api("POST", f"/{found['id']}/lose", {"close_date": "2026-01-01"}), 400, "LOSE_FAILED")

    def test_without_stages_it_gets_the_usual_six(self, api: Api) -> None:
        made = data(api("POST", URL, {"name": "Usual", "description": "As always", "is_active": False}), 201)
        assert [each["key"] for each in made["stages"]][:2] == ["lead", "qualified"]
        assert (made["description"], made["is_active"]) == ("As always", False)

    def test_names_are_taken_once(self, api: Api, made: dict[str, Any]) -> None:
        refused(api("POST", URL, ENTERPRISE | {"name": " enterprise SALES "}), 409, "ALREADY_EXISTS")
        other = data(api("POST", URL, {"name": "Other"}), 201)
        refused(api("PATCH", f"{URL}/{other['id']}", {"name": made["name"]}), 409, "ALREADY_EXISTS")

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"surprise": 1}, "surprise"),
            ({"stages": [{"name": "Won", "order": 1, "status": "closed_won"}]}, "stages"),
            ({"stages": [{"name": "A", "order": 1}, {"name": "B", "order": 1}]}, "stages"),
            ({"stages": [{"name": "A", "order": 1}, {"name": "a ", "order": 2}]}, "stages"),
            ({"stages": [{"name": "", "order": 1}]}, "stages.0.name"),
            ({"stages": [{"name": "A", "order": 1, "status": "maybe"}]}, "stages.0.status"),
            ({"stages": [{"name": "A", "order": 1, "probability": 101}]}, "stages.0.probability"),
            ({"stages": [{"name": "A", "order": 1, "rotting_days": 0}]}, "stages.0.rotting_days"),
            ({"stages": [{"name": "A", "order": 1, "required_fields": ["shoe"]}]}, "stages.0.required_fields"),
            ({"stages": [{"name": "A", "order": 1, "required_fields": ["competitor"]}]}, "stages.0.required_fields"),
            (
                {
                    "stages": [
                        {"name": "A", "order": 1},
                        {"name": "B", "order": 2, "status": "closed_won", "probability": 9},
                    ]
                },
                "stages.1.probability",
            ),
        ],
        ids=str,
    )
    def test_what_is_wrong_is_named(self, api: Api, changes: dict[str, Any], field: str) -> None:
        refused(api("POST", URL, ENTERPRISE | changes), 400, "VALIDATION_FAILED", field)
        assert len(data(api("GET", URL))) == 1

    def test_facts_are_changed_one_by_one(self, api: Api, made: dict[str, Any]) -> None:
        changed = data(api("PATCH", f"{URL}/{made['id']}", {"description": "Large ones"}))
        assert changed == made | {"description": "Large ones"}
        assert data(api("PATCH", f"{URL}/{made['id']}", {"is_active": False, "name": "Big"}))["name"] == "Big"
        default = data(api("GET", URL))[0]
        refused(api("PATCH", f"{URL}/{default['id']}", {"is_active": False}), 400, "PIPELINE_IN_USE")

    def test_who_may(self, client: FlaskClient, people: People, made: dict[str, Any]) -> None:
        manager, stranger = Api(client, api_key(people.ada, "manager")), Api(client, api_key(people.charlie))
        assert len(data(manager("GET", URL))) == 2
        refused(manager("POST", URL, {"name": "Mine"}), 403, "FORBIDDEN")
        refused(manager("DELETE", stage(made, "Negotiation")), 403, "FORBIDDEN")
        for method, path, body in (
            ("GET", f"{URL}/{made['id']}", None),
            ("PATCH", f"{URL}/{made['id']}", {"name": "Mine"}),
            ("POST", f"{URL}/{made['id']}/stages", {"name": "Mine", "order": 1}),
            ("PATCH", stage(made, "Negotiation"), {"name": "Mine"}),
            ("DELETE", stage(made, "Negotiation"), None),
            ("GET", f"{URL}/{NOBODY}", None),
        ):
            refused(stranger(method, path, body), 404, "NOT_FOUND")


class TestStages:
    def test_one_is_added_among_the_others(self, api: Api, made: dict[str, Any]) -> None:
        new = {"name": "Négociation finale", "order": 1, "probability": 60, "rotting_days": 9, "description": "Almost"}
        changed = data(api("POST", f"{URL}/{made['id']}/stages", new | {"required_fields": ["value"]}), 201)
        assert names(changed) == ["Prospecting", "Négociation finale", "Negotiation", "Closed Won"]
        added = changed["stages"][1]
        assert (added["key"], added["order"], added["rotting_days"]) == ("negociation_finale", 1, 9)
        assert (added["description"], added["required_fields"]) == ("Almost", ["value"])
        refused(api("POST", f"{URL}/{made['id']}/stages", new), 400, "VALIDATION_FAILED", "name")

    def test_one_is_changed_and_put_elsewhere(self, api: Api, made: dict[str, Any]) -> None:
        changed = data(api("PATCH", stage(made, "Negotiation"), {"name": "Talks", "order": 0, "probability": 35.5}))
        assert names(changed) == ["Talks", "Prospecting", "Closed Won"]
        assert [each["order"] for each in changed["stages"]] == [0, 1, 2]
        assert (changed["stages"][0]["key"], changed["stages"][0]["probability"]) == ("negotiation", Decimal("35.5"))
        refused(api("PATCH", stage(made, "Negotiation"), {"name": "prospecting"}), 400, "VALIDATION_FAILED", "name")
        refused(api("PATCH", stage(made, "Closed Won"), {"probability": 50}), 400, "VALIDATION_FAILED", "probability")
        refused(api("PATCH", stage(made, "Closed Won"), {"status": "open"}), 400, "VALIDATION_FAILED", "status")

    def test_an_empty_one_is_removed_but_never_the_last_open_one(self, api: Api, made: dict[str, Any]) -> None:
        left = data(api("DELETE", stage(made, "Prospecting")))
        assert names(left) == ["Negotiation", "Closed Won"]
        refused(api("DELETE", stage(left, "Negotiation")), 400, "STAGE_IN_USE")
        refused(api("DELETE", stage(made, "Prospecting")), 404, "NOT_FOUND")

    def test_one_that_holds_deals_goes_only_with_where_they_go(
        self, api: Api, made: dict[str, Any], people: People
    ) -> None:
        ids = new_deals(people.ada, made, "first", "second", "third")
        delete_deal(people.ada, ids[1])
        gone = stage(made, "Prospecting")
        assert "3 deals are in Prospecting" in refused(api("DELETE", gone), 400, "STAGE_IN_USE")
        refused(api("DELETE", f"{gone}?move_to=nowhere"), 400, "VALIDATION_FAILED", "move_to")
        refused(api("DELETE", f"{gone}?move_to=closed_won"), 400, "VALIDATION_FAILED", "move_to")
        data(api("DELETE", f"{gone}?move_to=negotiation"))
        restore_deal(people.ada, ids[1])
        column = board(people.ada, made["id"]).columns[0]
        assert [card.id for card in column.cards] == ids
        moved = deal(people.ada, ids[0])
        assert (moved.stage_key, moved.probability, moved.version) == ("negotiation", 50, 2)
        assert_ledger_adds_up(people.ada)

    def test_what_led_into_a_stage_that_is_gone_cannot_be_undone(
        self, api: Api, made: dict[str, Any], people: People
    ) -> None:
        (moved,) = new_deals(people.ada, made, "moved")
        data(api("PUT", f"/{moved}/stage", {"stage": "negotiation"}))
        data(api("DELETE", stage(made, "Prospecting")))
        assert "not there any more" in refused(api("POST", f"/{moved}/undo"), 400, "UNDO_FAILED")
        assert deal(people.ada, moved).stage_key == "negotiation"

    def test_deals_that_are_won_stay_won(self, api: Api, made: dict[str, Any], people: People) -> None:
        (won,) = new_deals(people.ada, made, "won")
        win_deal(people.ada, won)
        signed = data(
            api("POST", f"{URL}/{made['id']}/stages", {"name": "Signed", "order": 9, "status": "closed_won"}), 201
        )
        data(api("DELETE", f"{stage(signed, 'Closed Won')}?move_to=Signed"))
        found = deal(people.ada, won)
        assert (found.stage_key, found.status, found.probability) == ("signed", "closed_won", 100)
        assert_ledger_adds_up(people.ada)
