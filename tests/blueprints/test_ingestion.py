"""Deals come in through the ingestion API: kept, understood, recognised, and never made twice."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from deals_app.domain.actor import Actor
from deals_app.domain.strict_json import plain_numbers
from deals_app.integrations.sources import source
from deals_app.models import Activity, Deal, DealEvent, InboundItem, Lead, LeadDeal, OutboxRow, Workspace
from deals_app.services.deals import delete_deal
from deals_app.services.ingesting.inbox import Raw, keep
from deals_app.services.ingesting.receiving import process_delivery, replay
from deals_app.services.ingestion import Door, object_doors
from deals_app.services.stage_transition import win_deal
from deals_app.services.unit_of_work import reading
from tests.blueprints.programs import DEAL_FIELDS, Api, data
from tests.people import People, api_key

ANY = "/api/sales/deals/api"
BULK = "/api/sales/deals/bulk"
ONE = {
    "name": "Custom Deal Name",
    "company": "Company Name",
    "value": 75000,
    "stage": "discovery",
    "probability": 40,
    "contact_email": "contact@company.com",
    "contact_name": "Ann Bell",
    "external_id": "ext-12345",
    "metadata": {"integration": "custom_system", "depth": {"n": [1, 2.5]}},
}


def count(actor: Actor, model: type[Any]) -> int:
    with reading(actor) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def items(actor: Actor) -> list[InboundItem]:
    with reading(actor) as session:
        return list(session.scalars(select(InboundItem).order_by(InboundItem.created_at, InboundItem.position)))


def test_what_comes_in_is_a_deal_with_its_lead(api: Api, people: People) -> None:
    answer = api("POST", ANY, ONE)
    assert answer.status_code == 201
    said = answer.json
    assert (said["status"], said["action"], said["analysis"]) == ("success", "created", None)
    deal = said["data"]
    assert set(deal) == DEAL_FIELDS
    assert (deal["value"], deal["currency"], deal["stage"], deal["probability"]) == (7_500_000, "USD", "qualified", 40)
    assert (deal["ingested_from"], deal["metadata"], said["deal_id"]) == ("api", ONE["metadata"], deal["id"])
    assert (said["metrics"]["value_rank"], said["metrics"]["pipeline_value"]["total"]) == (1, "75000.00")
    with reading(people.ada) as session:
        lead = session.scalars(select(Lead)).one()
        assert (str(lead.id), lead.email, lead.first_name, lead.last_name) == (
            said["lead_id"], "contact@company.com", "Ann", "Bell",
        )  # fmt: skip
        assert session.scalars(select(DealEvent.door)).all() == ["api"]
        assert session.scalar(select(OutboxRow.done_at).where(OutboxRow.topic == "ingestion.received")) is not None
    [item] = items(people.ada)
    assert (json.loads(item.body), item.outcome, str(item.deal_id)) == (ONE, "created", deal["id"])
    assert [step["step"] for step in item.steps] == ["understood", "recognised", "written", "lead", "analysis"]


def test_sent_again_it_is_the_same_deal(api: Api, people: People) -> None:
    first = api("POST", ANY, ONE).json
    again = api("POST", ANY, ONE)
    assert (again.status_code, again.json["action"], again.json["deal_id"]) == (200, "unchanged", first["deal_id"])
    changed = api("POST", ANY, ONE | {"value": "80000.50", "stage": "proposal"})
    assert (changed.status_code, changed.json["action"]) == (200, "updated")
    deal = changed.json["data"]
    assert (deal["value"], deal["stage"], deal["probability"], deal["version"]) == (8_000_050, "proposal", 40, 2)
    assert (count(people.ada, Deal), count(people.ada, LeadDeal), count(people.ada, InboundItem)) == (1, 1, 3)


def test_without_an_id_name_and_company_tell(api: Api, people: People) -> None:
    first = data(api("POST", ANY, {"name": "Fleet", "company": "Acme, Inc."}), 201)
    louder = {"name": " FLEET ", "company": "acme", "value": 5}
    assert data(api("POST", ANY, louder))["id"] == first["id"]
    assert data(api("POST", ANY, {"name": "Fleet"}), 201)["id"] != first["id"]
    win_deal(people.ada, items(people.ada)[0].deal_id)  # type: ignore[arg-type] (it has one)
    assert api("POST", ANY, louder).json["action"] == "unchanged"
    assert api("POST", ANY, {"name": "Fleet", "company": "Acme", "value": 7}).json["action"] == "created"


def test_an_older_word_changes_nothing(api: Api) -> None:
    newer = ONE | {"updated_at": "2026-03-02T10:00:00Z", "value": 2}
    older = ONE | {"updated_at": "2026-03-01T10:00:00Z", "value": 1}
    assert api("POST", ANY, newer).status_code == 201
    late = api("POST", ANY, older)
    assert (late.json["action"], late.json["data"]["value"]) == ("unchanged", 200)


def test_a_closed_deal_is_not_opened_again(api: Api, people: People) -> None:
    deal = data(api("POST", ANY, ONE), 201)
    with reading(people.ada) as session:
        deal_id = session.scalars(select(Deal.id)).one()
    win_deal(people.ada, deal_id)
    answer = api("POST", ANY, ONE | {"stage": "proposal"})
    assert (answer.json["action"], answer.json["data"]["stage"], answer.json["deal_id"]) == (
        "unchanged", "closed_won", deal["id"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"stage": "nowhere"}, "stage"),
        ({"value": -1}, "value"),
        ({"value": "1.234"}, "value"),
        ({"probability": 101}, "probability"),
        ({"contact_email": "nobody"}, "contact_email"),
        ({"currency": "XXX9"}, "currency"),
    ],
)
def test_what_is_wrong_is_named_and_kept(api: Api, people: People, wrong: dict[str, Any], field: str) -> None:
    answer = api("POST", ANY, ONE | wrong)
    assert (answer.status_code, answer.json["status"], answer.json["source"]) == (400, "error", "api")
    assert [each["field"] for each in answer.json["details"]] == [field]
    assert isinstance(answer.json["error"], str)
    assert [(item.outcome, count(people.ada, Deal)) for item in items(people.ada)] == [("rejected", 0)]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"name": NaN}', b'{"name": "a", "name": "b"}', b"\xff", b""])
def test_what_is_no_object_is_kept_too(api: Api, people: People, body: bytes) -> None:
    answer = api("POST", ANY, body)
    assert (answer.status_code, answer.json["details"][0]["field"]) == (400, "body")
    assert [(item.outcome, item.body) for item in items(people.ada)] == [("rejected", body)]


def test_a_deleted_deal_is_not_brought_back(api: Api, people: People) -> None:
    api("POST", ANY, ONE)
    with reading(people.ada) as session:
        deal_id = session.scalars(select(Deal.id)).one()
    delete_deal(people.ada, deal_id)
    answer = api("POST", ANY, ONE | {"value": 1})
    assert (answer.status_code, "restore it first" in answer.json["error"]) == (400, True)


def test_an_ingest_key_brings_in_and_sees_no_figures(client: FlaskClient, people: People) -> None:
    ingest = Api(client, api_key(people.ada, "ingest"))
    made = ingest("POST", ANY, ONE)
    assert (made.status_code, made.json["metrics"]) == (201, None)
    assert ingest("POST", ANY, ONE | {"value": 9}).json["action"] == "updated"
    assert ingest("GET", "/api/sales/deals/metrics").status_code == 403


def test_a_reps_key_does_not_change_what_is_anothers(client: FlaskClient, api: Api, people: People) -> None:
    data(api("POST", ANY, ONE | {"owner": "alice@acme.example"}), 201)
    rep = Api(client, api_key(people.ada, "rep"))
    assert rep("POST", ANY, ONE | {"value": 1}).status_code == 403


def test_tenants_in_the_query_must_be_the_keys_own(api: Api, people: People) -> None:
    assert api("POST", f"{ANY}?tenant_id={people.tenant_id}", ONE).status_code == 201
    assert api("POST", f"{ANY}?tenant_id={people.charlie.tenant_id}", ONE).status_code == 403
    with reading(people.ada) as session:
        own = session.scalars(select(Workspace.id)).one()
    with reading(people.charlie) as session:
        other = session.scalars(select(Workspace.id)).one()
    named = f"tenant_id={people.tenant_id}&workspace_id="
    assert api("POST", f"{ANY}?{named}{own}", ONE).status_code == 200
    for wrong in (other, "nothing"):
        assert api("POST", f"{ANY}?{named}{wrong}", ONE).status_code == 403
        assert api("POST", f"/api/sales/deals/csv/upload?{named}{wrong}").status_code == 403


def test_the_figures_count_what_came_in(api: Api) -> None:
    for body in (ONE, ONE, ONE | {"name": ""}, {"name": "Other", "value": 25}):
        api("POST", ANY, body)
    found = data(api("GET", "/api/sales/deals/metrics"))
    assert (found["total_active_deals"], found["sources"]) == (2, {"api": {"success": 3, "failure": 1}})
    assert (found["pipeline_value"]["total"], found["stage_distribution"]["qualified"]) == ("75025.00", 1)
    deal_id = api("POST", ANY, ONE).json["deal_id"]
    of_deal = data(api("GET", f"/api/sales/deals/metrics?deal_id={deal_id}"))
    assert (of_deal["percentile"], of_deal["value_rank"]) == (100, 1)
    assert api("GET", "/api/sales/deals/metrics?deal_id=nothing").status_code == 400


@pytest.mark.parametrize("door", object_doors(), ids=lambda door: door.key)
def test_the_example_of_every_source_is_a_deal_and_again_the_same(api: Api, door: Door) -> None:
    found = source(door.key)
    assert found is not None
    example = plain_numbers(dict(found.EXAMPLE[0]))
    first = api("POST", door.endpoint, example)
    assert first.status_code == 201, first.json
    draft = found.EXAMPLE[1].draft
    assert draft is not None
    deal = first.json["data"]
    assert (deal["name"], deal["value"], deal["ingested_from"]) == (draft.name, draft.value_minor, door.key)
    again = api("POST", door.endpoint, example)
    assert (again.status_code, again.json["action"], again.json["deal_id"]) == (200, "unchanged", deal["id"])


class TestBulk:
    def test_one_bad_item_stops_no_other(self, api: Api, people: People) -> None:
        body = json.dumps([{"name": "A"}, {"name": ""}, {"name": "B", "value": 3.5}])[:-1] + ', {"name": NaN}, 7]'
        said = api("POST", BULK, body).json
        assert (said["created"], said["updated"], said["unchanged"], said["failed"]) == (2, 0, 0, 3)
        assert [(each["index"], each["action"]) for each in said["results"]] == [
            (0, "created"), (1, "failed"), (2, "created"), (3, "failed"), (4, "failed"),
        ]  # fmt: skip
        with reading(people.ada) as session:
            assert set(session.scalars(select(Deal.value))) == {None, 350}

    @pytest.mark.parametrize("body", ["{}", "[", "[1,]", '[{"name":"a"}] x', "", "[" * 100_000])
    def test_what_is_no_array_is_refused(self, api: Api, body: str) -> None:
        assert api("POST", BULK, body).status_code == 400

    def test_above_500_a_worker_does_it(self, api: Api, people: People) -> None:
        answer = api("POST", BULK, [{"name": f"Deal {n}", "external_id": str(n)} for n in range(501)])
        assert answer.status_code == 202
        job_id, url = answer.json["job_id"], answer.json["status_url"]
        assert api("GET", url).json["data"]["state"] == "queued"
        process_delivery(str(people.tenant_id), job_id)
        done = api("GET", url).json["data"]
        assert (done["state"], done["total"], done["processed"], done["created"], done["failed"]) == (
            "done", 501, 501, 501, 0,
        )  # fmt: skip
        assert count(people.ada, Deal) == 501


def test_many_at_once_make_one_deal(app: Flask, people: People) -> None:
    headers = api_key(people.ada)

    def send(number: int) -> str:
        body = {"name": "Race", "company": "Same GmbH"} | ({"external_id": "x"} if number % 2 else {})
        answer = app.test_client().post(ANY, json=body, headers=headers)
        return answer.json["action"]  # type: ignore[index] (JSON)

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(send, range(16)))
    assert said.count("created") in {1, 2}
    assert count(people.ada, Deal) == said.count("created")


def test_what_was_kept_is_done_by_a_worker_when_its_receiver_died(people: People) -> None:
    delivery = keep(people.ada, "api", [Raw(body=json.dumps(ONE).encode())])
    process_delivery(str(people.tenant_id), str(delivery.id))
    process_delivery(str(people.tenant_id), str(delivery.id))
    assert (items(people.ada)[0].outcome, count(people.ada, Deal)) == ("created", 1)


def test_replayed_in_any_order_nothing_changes(api: Api, people: People) -> None:
    for body in (ONE, ONE | {"value": 2}, {"name": "Other"}, {"name": " "}):
        api("POST", ANY, body)
    with reading(people.ada) as session:
        before = session.execute(select(Deal.id, Deal.version).order_by(Deal.id)).all()
        notes = session.scalar(select(func.count()).select_from(Activity))
    for item in reversed(items(people.ada)):
        replay(people.ada, item.id)
    with reading(people.ada) as session:
        after = session.execute(select(Deal.id, Deal.version).order_by(Deal.id)).all()
        assert (after, session.scalar(select(func.count()).select_from(Activity))) == (before, notes)
