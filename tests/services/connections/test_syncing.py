"""Synchronisations against the simulators: everything once, then what changed, over faults and deaths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from deals_app.integrations.simulator.hubspot import HubSpot
from deals_app.integrations.simulator.hubspot_records import FIRST_DEAL
from deals_app.integrations.simulator.salesforce import Salesforce
from deals_app.integrations.simulator.serving import Faults
from deals_app.models import Connection, Deal
from deals_app.services.connections import syncing
from deals_app.services.connections.due import begin_due_syncs
from deals_app.services.connections.editing import change_connection, disconnect
from deals_app.services.connections.syncing import run_sync, start_sync
from deals_app.services.deals import delete_deal
from deals_app.services.queries.connections import connection, rejected, syncs
from deals_app.services.unit_of_work import reading
from tests.connected import connect, deal_of, facts, simulated, waiting, work_off
from tests.engines import TestEngines
from tests.people import People
from tests.sql import OWNER, connected

COUNT = 104


@pytest.fixture
def hubspot(app: Flask) -> Iterator[HubSpot]:
    simulation = HubSpot(deal_count=COUNT)
    with simulated(app, simulation):
        yield simulation


@pytest.fixture
def salesforce(app: Flask) -> Iterator[Salesforce]:
    simulation = Salesforce(deal_count=COUNT, page_size=100)
    with simulated(app, simulation):
        yield simulation


def change(simulation: Any, **what: Any) -> None:
    assert requests.post(f"{simulation.url}/_change", json=what, timeout=5).ok


@pytest.mark.parametrize("system", ["hubspot", "salesforce"])
def test_everything_once_and_then_what_changed(
    request: pytest.FixtureRequest, people: People, engines: TestEngines, system: str
) -> None:
    simulation = request.getfixturevalue(system)
    made = connect(people.ada, system)
    work_off(people.tenant_id, engines)
    [first] = syncs(people.ada, made)
    assert (first.state, first.problem, first.fetched, first.created, first.failed) == ("done", None, COUNT, COUNT, 0)
    assert facts(people.ada) == {"live": COUNT, "deals": COUNT, "events": COUNT, "versions": COUNT, "refs": COUNT}
    keys = list(getattr(simulation, "deals" if system == "hubspot" else "opportunities"))
    if system == "hubspot":
        change(simulation, id=keys[3], properties={"amount": "777.00"})
        change(simulation, id=keys[4], delete=True)
    else:
        change(simulation, id=keys[3], fields={"Amount": 777.0})
        change(simulation, id=keys[4], delete=True)
    start_sync(people.ada, made)
    work_off(people.tenant_id, engines)
    second = syncs(people.ada, made)[0]
    assert (second.state, second.created, second.updated, second.failed) == ("done", 0, 2, 0)
    assert second.fetched < 10
    assert deal_of(people.ada, keys[3]).value == 77_700
    assert deal_of(people.ada, keys[4]).deleted_at is not None
    start_sync(people.ada, made, is_full=True)
    work_off(people.tenant_id, engines)
    third = syncs(people.ada, made)[0]
    assert (third.state, third.created, third.updated) == ("done", 0, 0)
    assert facts(people.ada)["events"] == COUNT + 2


def test_the_vendors_words_are_read_as_ours(hubspot: HubSpot, people: People, engines: TestEngines) -> None:
    hubspot.deals[str(FIRST_DEAL)]["properties"] |= {"dealstage": "1234567", "hubspot_owner_id": "910901"}
    made = connect(people.ada, "hubspot")
    work_off(people.tenant_id, engines)
    [done] = syncs(people.ada, made)
    assert (done.created, done.failed) == (COUNT - 1, 1)
    [refused] = rejected(people.ada, done.id)
    assert (refused.external_id, "1234567" in refused.reasons[0]) == (str(FIRST_DEAL), True)
    mapping = {
        "stages": {"1234567": "negotiation"},
        "owners": {"910901": "alice@acme.example"},
        "fields": {"dealtype": "custom:Kind"},
    }
    change_connection(people.ada, made, mapping)
    start_sync(people.ada, made, is_full=True)
    work_off(people.tenant_id, engines)
    assert syncs(people.ada, made)[0].failed == 0
    deal = deal_of(people.ada, str(FIRST_DEAL))
    with reading(people.ada) as session:
        key = session.execute(select(Deal.stage_id).where(Deal.id == deal.id)).scalar_one()
    assert (deal.assigned_to, deal.custom_fields["Kind"], key is not None) == (
        people.alice.user_id, "existingbusiness", True,
    )  # fmt: skip
    assert {each.id for each in connection(people.ada, made).their_stages} > {"contractsent", "closedwon"}


@pytest.mark.parametrize("system", ["hubspot", "salesforce"])
def test_limits_and_failures_only_put_it_off(
    request: pytest.FixtureRequest, people: People, engines: TestEngines, system: str
) -> None:
    simulation = request.getfixturevalue(system)
    made = connect(people.ada, system)
    simulation.faults = Faults(too_many_requests=2)
    [row] = waiting(people.ada)
    run_sync(str(people.tenant_id), str(row))
    [put_off] = syncs(people.ada, made)
    assert (put_off.state, put_off.waits_for is not None) == ("running", True)
    with connected(engines, OWNER) as sql:
        seconds = sql.execute(
            "SELECT extract(epoch FROM leased_until - now()) FROM outbox WHERE id = %s", [row]
        ).fetchone()
    assert seconds is not None
    assert 5 < seconds[0] <= 900
    simulation.faults = Faults(failures=3)
    work_off(people.tenant_id, engines)
    [done] = syncs(people.ada, made)
    assert (done.state, done.created, done.waits_for) == ("done", COUNT, None)
    assert facts(people.ada)["events"] == COUNT


def test_a_vendor_that_stays_down_is_given_up_and_said(hubspot: HubSpot, people: People, engines: TestEngines) -> None:
    made = connect(people.ada, "hubspot")
    hubspot.faults = Faults(failures=1000)
    work_off(people.tenant_id, engines)
    [failed] = syncs(people.ada, made)
    assert (failed.state, "500" in (failed.problem or "")) == ("failed", True)
    shown = connection(people.ada, made)
    assert (shown.state, "500" in (shown.last_error or "")) == ("active", True)


def test_ended_tokens_are_refreshed_and_revoked_ones_are_said(
    hubspot: HubSpot, people: People, engines: TestEngines
) -> None:
    made = connect(people.ada, "hubspot")
    requests.post(f"{hubspot.url}/_expire", timeout=5)
    work_off(people.tenant_id, engines)
    assert syncs(people.ada, made)[0].state == "done"
    requests.post(f"{hubspot.url}/_expire", timeout=5)
    hubspot._sign_in._refresh.clear()
    start_sync(people.ada, made)
    work_off(people.tenant_id, engines)
    assert (syncs(people.ada, made)[0].state, connection(people.ada, made).state) == ("failed", "broken")
    assert begin_due_syncs() == []


def test_one_that_dies_after_any_page_goes_on_there(
    hubspot: HubSpot, people: People, engines: TestEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = connect(people.ada, "hubspot")
    [row] = waiting(people.ada)
    honest = syncing.work_on

    def dies(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(syncing, "work_on", dies)
    fetched: list[int] = []
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            run_sync(str(people.tenant_id), str(row))
        fetched.append(syncs(people.ada, made)[0].fetched)
        with connected(engines, OWNER) as sql:
            sql.execute("UPDATE outbox SET leased_until = NULL WHERE id = %s", [row])
    assert fetched == [100, COUNT]
    monkeypatch.setattr(syncing, "work_on", honest)
    work_off(people.tenant_id, engines)
    [done] = syncs(people.ada, made)
    assert (done.state, done.fetched, done.created) == ("done", COUNT, COUNT)
    assert facts(people.ada) == {"live": COUNT, "deals": COUNT, "events": COUNT, "versions": COUNT, "refs": COUNT}


def test_the_clock_begins_one_at_a_time(hubspot: HubSpot, people: People, engines: TestEngines) -> None:
    made = connect(people.ada, "hubspot")
    assert begin_due_syncs() == []
    work_off(people.tenant_id, engines)
    assert begin_due_syncs() == []
    with connected(engines, OWNER) as sql:
        sql.execute("UPDATE connection_syncs SET created_at = now() - interval '11 minutes'")
    [rung] = begin_due_syncs()
    assert begin_due_syncs() == []
    assert start_sync(people.ada, made) == rung.outbox_id
    work_off(people.tenant_id, engines)
    assert (syncs(people.ada, made)[0].state, syncs(people.ada, made)[0].is_full) == ("done", False)


def test_a_disconnected_one_stops_and_its_tokens_are_forgotten(
    hubspot: HubSpot, people: People, engines: TestEngines
) -> None:
    made = connect(people.ada, "hubspot")
    disconnect(people.ada, made)
    work_off(people.tenant_id, engines)
    assert facts(people.ada)["deals"] == 0
    with connected(engines, OWNER) as sql:
        sql.execute("UPDATE connections SET disconnected_at = now() - interval '25 hours'")
    begin_due_syncs()
    with reading(people.ada) as session:
        row = session.execute(select(Connection.access_token, Connection.refresh_token)).one()
    assert tuple(row) == (None, None)


def test_what_people_deleted_here_stays_deleted(hubspot: HubSpot, people: People, engines: TestEngines) -> None:
    made = connect(people.ada, "hubspot")
    work_off(people.tenant_id, engines)
    deal = deal_of(people.ada, str(FIRST_DEAL))
    delete_deal(people.ada, deal.id)
    change(hubspot, id=str(FIRST_DEAL), properties={"amount": "5.00"})
    start_sync(people.ada, made)
    work_off(people.tenant_id, engines)
    assert deal_of(people.ada, str(FIRST_DEAL)).deleted_at is not None
    assert "restore it first" in rejected(people.ada, syncs(people.ada, made)[0].id)[0].reasons[0]


def test_a_simulator_that_is_away_connects_nothing(hubspot: HubSpot, people: People) -> None:
    hubspot.faults = replace(hubspot.faults, failures=1)
    with pytest.raises(Exception, match="did not allow"):
        connect(people.ada, "hubspot")
