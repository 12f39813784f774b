"""A synchronisation in real workers, over the death of one of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from deals_app.integrations.simulator.hubspot import HubSpot
from deals_app.integrations.simulator.serving import served
from deals_app.integrations.vendor_systems import systems
from deals_app.jobs.relay import relay_once
from deals_app.services.connections.signing_in import connect_simulator
from deals_app.services.queries.connections import syncs
from tests.connected import facts
from tests.engines import TestEngines
from tests.jobs.test_import_worker import PATIENCE_SECONDS, burst_worker, kill_family, wait_for
from tests.people import People
from tests.sql import OWNER, connected

COUNT = 150


def test_a_killed_workers_synchronisation_goes_on_where_it_was(
    app: Flask, people: People, engines: TestEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(HubSpot(deal_count=COUNT)) as url:
        monkeypatch.setenv("HUBSPOT_API_URL", url)
        systems.bind(replace(app.config["DEALS_SETTINGS"], hubspot_api_url=url))
        made = connect_simulator(people.ada, "hubspot")
        with burst_worker(app) as worker:
            wait_for(lambda: syncs(people.ada, made)[0].processed > 0)
            kill_family(worker)
            worker.wait(PATIENCE_SECONDS)
        stopped = syncs(people.ada, made)[0]
        assert (stopped.state, stopped.processed < COUNT) == ("running", True)
        with connected(engines, OWNER) as sql:
            sql.execute(
                "UPDATE outbox SET leased_until = NULL, rung_at = now() - interval '1 minute' WHERE done_at IS NULL"
            )
        assert relay_once() > 0
        with burst_worker(app) as heir:
            output, _ = heir.communicate(timeout=PATIENCE_SECONDS)
        assert heir.returncode == 0, output.decode()
    [done] = syncs(people.ada, made)
    assert (done.state, done.fetched, done.created, done.failed) == ("done", COUNT, COUNT, 0), done
    found = facts(people.ada)
    assert (found["live"], found["events"], found["refs"]) == (COUNT, COUNT, COUNT)
