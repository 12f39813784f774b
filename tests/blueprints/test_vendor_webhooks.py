"""Webhooks of HubSpot and Salesforce: by their own signs, into the right tenant, once, and never lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.integrations.simulator.hubspot import HubSpot
from deals_app.integrations.simulator.hubspot_records import FIRST_DEAL, PORTAL
from deals_app.integrations.simulator.salesforce_records import ORGANIZATION
from deals_app.models import InboundItem
from deals_app.services.connections.editing import create_connection, disconnect
from deals_app.services.queries.connections import connection
from deals_app.services.unit_of_work import reading
from tests.connected import EVENTS, bodies, connect, deal_of, event, facts, signed, simulated, work_off
from tests.engines import TestEngines
from tests.people import People

COUNT = 110


@pytest.fixture
def hubspot(app: Flask) -> Iterator[HubSpot]:
    simulation = HubSpot(deal_count=COUNT)
    with simulated(app, simulation):
        yield simulation


@pytest.fixture
def made(hubspot: HubSpot, people: People, engines: TestEngines) -> UUID:
    """Acme's connection, in step with an account that has been emptied meanwhile."""
    kept, hubspot.deals = hubspot.deals, {}
    connection_id = connect(people.ada, "hubspot")
    work_off(people.tenant_id, engines)
    hubspot.deals = kept
    return connection_id


def items(actor: Actor) -> list[InboundItem]:
    with reading(actor) as session:
        return list(session.scalars(select(InboundItem).order_by(InboundItem.id)))


def change(simulation: HubSpot, **what: Any) -> None:
    assert requests.post(f"{simulation.url}/_change", json=what, timeout=5).ok


@pytest.mark.usefixtures("made")
class TestHubSpot:
    def test_a_signed_event_is_kept_answered_and_followed(
        self, client: FlaskClient, people: People, engines: TestEngines
    ) -> None:
        answer = client.post(**signed([event(FIRST_DEAL, portal=PORTAL)]))
        assert (answer.status_code, (answer.json or {})["action"]) == (200, "queued")
        [kept] = items(people.ada)
        assert (kept.signature_verdict, kept.outcome, json.loads(kept.body)[0]["objectId"]) == (
            "valid v3", "received", FIRST_DEAL,
        )  # fmt: skip
        work_off(people.tenant_id, engines)
        assert deal_of(people.ada, str(FIRST_DEAL)).name.startswith("Berlin Logistics")
        assert [each.outcome for each in items(people.ada)] == ["set_aside", "created"]

    def test_a_hundred_at_once_and_twice_make_each_deal_once(
        self, client: FlaskClient, people: People, engines: TestEngines
    ) -> None:
        request = signed([event(FIRST_DEAL + number, portal=PORTAL) for number in range(100)])
        for _ in range(2):
            assert client.post(**request).status_code == 200
        work_off(people.tenant_id, engines)
        assert facts(people.ada) == {"live": 100, "deals": 100, "events": 100, "versions": 100, "refs": 100}

    @pytest.mark.parametrize("how", ["other secret", "other body", "too old", "no time", "version 1"])
    def test_what_is_not_signed_is_refused_and_not_kept(self, client: FlaskClient, people: People, how: str) -> None:
        events = [event(FIRST_DEAL, portal=PORTAL)]
        request = signed(
            events, secret="guessed" if how == "other secret" else "the app's own secret", late=301 * (how == "too old")
        )
        if how == "other body":
            request["data"] = request["data"].replace(b"propertyChange", b"deletion")
        if how == "no time":
            request["headers"].pop("X-HubSpot-Request-Timestamp")
        if how == "version 1":
            request["headers"] = {"X-HubSpot-Signature": "a" * 64}
        answer = client.post(**request)
        assert (answer.status_code, (answer.json or {})["status"]) == (401, "error")
        assert items(people.ada) == []

    def test_a_signature_for_another_address_is_none(self, client: FlaskClient) -> None:
        request = signed([event(FIRST_DEAL, portal=PORTAL)])
        assert client.post(**(request | {"path": f"{EVENTS}?x=1"})).status_code == 401

    def test_the_portal_alone_says_whose_it_is(self, client: FlaskClient, people: People, engines: TestEngines) -> None:
        other = create_connection(people.charlie, system="hubspot", facts={"portal_id": "62515", "access_token": "x"})
        ours, theirs = event(FIRST_DEAL, portal=PORTAL), event(FIRST_DEAL + 1, portal=62515)
        for named in (people.charlie.tenant_id, "nothing", ""):
            request = signed([ours], path=f"{EVENTS}?tenant_id={named}")
            assert client.post(**request).status_code == 403
        forged = ours | {"tenant_id": str(people.charlie.tenant_id), "connection_id": str(other)}
        assert client.post(**signed([forged, theirs, event(1, portal=999)])).status_code == 200
        own = signed([ours], path=f"{EVENTS}?tenant_id={people.tenant_id}")
        assert client.post(**own).status_code == 200
        assert [[each["portalId"] for each in json.loads(item.body)] for item in items(people.ada)] == [[PORTAL]] * 2
        assert [[each["portalId"] for each in json.loads(item.body)] for item in items(people.charlie)] == [[62515]]
        for tenant_id in (people.tenant_id, people.charlie.tenant_id):
            work_off(tenant_id, engines)
        assert (facts(people.ada)["deals"], facts(people.charlie)["deals"]) == (1, 0)
        assert connection(people.charlie, other).state == "broken"

    def test_an_app_of_its_own_speaks_for_its_connection_alone(self, client: FlaskClient, people: People) -> None:
        facts = {"portal_id": str(PORTAL), "client_secret": "charlie's own", "access_token": "x"}
        create_connection(people.charlie, system="hubspot", facts=facts)
        assert client.post(**signed([event(1, portal=PORTAL)], secret="charlie's own")).status_code == 200
        assert (len(items(people.ada)), len(items(people.charlie))) == (0, 1)

    def test_a_disconnected_portal_hears_nothing(self, client: FlaskClient, made: UUID, people: People) -> None:
        disconnect(people.ada, made)
        assert client.post(**signed([event(FIRST_DEAL, portal=PORTAL)])).status_code == 200
        assert items(people.ada) == []

    @pytest.mark.parametrize("body", [b"{}", b"[", b'"x"', b"", b"\xff"])
    def test_what_is_no_list_is_a_bad_request(self, client: FlaskClient, body: bytes) -> None:
        assert client.post(**signed(body)).status_code == 400

    def test_an_idempotency_key_without_a_key_breaks_nothing(self, client: FlaskClient) -> None:
        request = signed([event(FIRST_DEAL, portal=PORTAL)])
        request["headers"]["Idempotency-Key"] = "once"
        assert client.post(**request).status_code == 200

    def test_deleted_there_and_restored_there(
        self, client: FlaskClient, hubspot: HubSpot, people: People, engines: TestEngines
    ) -> None:
        def tell(kind: str) -> Any:
            client.post(**signed([event(FIRST_DEAL, portal=PORTAL, kind=kind)]))
            work_off(people.tenant_id, engines)
            return deal_of(people.ada, str(FIRST_DEAL))

        assert tell("deal.deletion").deleted_at is None
        change(hubspot, id=FIRST_DEAL, delete=True)
        assert tell("deal.propertyChange").deleted_at is None
        assert tell("deal.deletion").deleted_at is not None
        assert tell("deal.deletion").version == 2
        change(hubspot, id=FIRST_DEAL, restore=True)
        back = tell("deal.restore")
        assert (back.deleted_at, tell("deal.restore").version) == (None, back.version)

    def test_merged_there_is_one_deal_here(
        self, client: FlaskClient, hubspot: HubSpot, people: People, engines: TestEngines
    ) -> None:
        winner, loser = FIRST_DEAL, FIRST_DEAL + 1
        client.post(**signed([event(each, portal=PORTAL) for each in (winner, loser)]))
        work_off(people.tenant_id, engines)
        before = deal_of(people.ada, str(loser))
        change(hubspot, id=winner, merge=loser)
        merged = event(winner, portal=PORTAL, kind="deal.merge", primaryObjectId=winner, mergedObjectIds=[loser])
        for late in ([merged], [merged], [event(loser, portal=PORTAL, kind="deal.deletion")]):
            client.post(**signed(late))
            work_off(people.tenant_id, engines)
        left = deal_of(people.ada, str(loser))
        assert (left.id, left.deleted_at) == (deal_of(people.ada, str(winner)).id, None)
        assert (left.id != before.id, facts(people.ada)["live"], facts(people.ada)["refs"]) == (True, 1, 2)


class TestSalesforce:
    @pytest.fixture
    def path(self, people: People) -> str:
        facts = {"organization_id": ORGANIZATION[:15]}
        made = create_connection(people.ada, system="salesforce", facts=facts)
        found = connection(people.ada, made).path
        assert found
        return found

    def test_a_message_is_acknowledged_once_it_is_kept(
        self, client: FlaskClient, path: str, people: People, engines: TestEngines
    ) -> None:
        for _ in range(2):
            answer = client.post(path, data=message(), content_type="text/xml")
            assert (answer.status_code, "<Ack>true</Ack>" in answer.get_data(as_text=True)) == (200, True)
        assert "SECRET.SESSION" not in bodies(people.ada)
        work_off(people.tenant_id, engines)
        deal = deal_of(people.ada, "0065e00000TeStAAAV")
        assert (deal.name, deal.value, deal.ingested_from) == ("Express Logistics SLA", 12_000_050, "salesforce")
        assert facts(people.ada)["events"] == 1
        assert [each.outcome for each in items(people.ada)] == ["set_aside", "created", "set_aside", "unchanged"]

    def test_an_older_message_that_comes_late_changes_nothing(
        self, client: FlaskClient, path: str, people: People, engines: TestEngines
    ) -> None:
        newer, older = message(amount="7", at="2026-02-02T00:00:00.000Z"), message(at="2026-02-01T00:00:00.000Z")
        for body in (newer, older):
            client.post(path, data=body, content_type="text/xml")
        work_off(people.tenant_id, engines)
        assert deal_of(people.ada, "0065e00000TeStAAAV").value == 700

    def test_another_organisation_is_refused(self, client: FlaskClient, path: str, people: People) -> None:
        answer = client.post(path, data=message(organization="00D5e000000XyZzEAK"), content_type="text/xml")
        assert (answer.status_code, "Ack" in answer.get_data(as_text=True)) == (403, False)
        assert client.post(f"{path}?tenant_id={people.charlie.tenant_id}", data=message()).status_code == 403
        assert items(people.ada) == []

    @pytest.mark.parametrize(
        "body", [b"", b"{}", b"<x/>", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', b"\xff\xfe", b"<" * 5_000_000]
    )
    def test_what_is_no_message_is_a_fault(self, client: FlaskClient, path: str, people: People, body: bytes) -> None:
        answer = client.post(path, data=body, content_type="text/xml")
        assert answer.status_code in {400, 413}
        assert "<Ack>true" not in answer.get_data(as_text=True)
        assert items(people.ada) == []

    @pytest.mark.parametrize("token", ["guessed", "a%00b", "x" * 5000])
    @pytest.mark.usefixtures("path")
    def test_a_guessed_path_is_nothing(self, client: FlaskClient, token: str) -> None:
        answer = client.post(f"/api/sales/deals/salesforce/sync/{token}", data=message())
        assert (answer.status_code, (answer.json or {})["status"]) == (404, "error")


def message(
    *, organization: str = ORGANIZATION, amount: str = "120000.50", at: str = "2026-02-01T00:00:00.000Z"
) -> bytes:
    """An Outbound Message with one opportunity."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>
<notifications xmlns="http://soap.sforce.com/2005/09/outbound">
<OrganizationId>{organization}</OrganizationId><ActionId>04k5e0000008Qx1AAE</ActionId>
<SessionId>{organization}!SECRET.SESSION</SessionId>
<Notification><Id>04l5e00000GGGGGAAA</Id>
<sObject xsi:type="sf:Opportunity" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
<sf:Id>0065e00000TeStA</sf:Id><sf:Amount>{amount}</sf:Amount><sf:LastModifiedDate>{at}</sf:LastModifiedDate>
<sf:Name>Express Logistics SLA</sf:Name><sf:StageName>Prospecting</sf:StageName></sObject></Notification>
</notifications></soapenv:Body></soapenv:Envelope>""".encode()
