"""Connections in the settings: a simulator in one click, a sign-in and back, a mapping, an end and its undo."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import requests
from flask import Flask

from deals_app.integrations.simulator.hubspot import HubSpot
from deals_app.integrations.simulator.salesforce import Salesforce
from deals_app.integrations.simulator.salesforce_records import ORGANIZATION
from deals_app.services.queries.connections import connection, connections, syncs
from tests.connected import connect, facts, simulated, work_off
from tests.engines import TestEngines
from tests.heard import heard
from tests.people import People

URL = "/settings/connections"
COUNT = 12
SignIn = Callable[[str], Any]


@pytest.fixture
def hubspot(app: Flask) -> Iterator[HubSpot]:
    simulation = HubSpot(deal_count=COUNT)
    with simulated(app, simulation):
        yield simulation


def shown(browser: Any, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.status_code
    return html.unescape(answer.get_data(as_text=True))


@pytest.mark.usefixtures("hubspot")
def test_the_simulator_in_one_click(sign_in: SignIn, people: People, engines: TestEngines) -> None:
    ada = sign_in("ada")
    assert "Connect to the simulator" in shown(ada, URL)
    answer = ada.post(f"{URL}/simulator", {"system": "hubspot"})
    assert answer.status_code == 303
    page = answer.headers["Location"]
    assert "Waiting for its turn" in shown(ada, page)
    work_off(people.tenant_id, engines)
    for words in (
        "In step",
        f"{COUNT} fetched of all there are",
        "Contract Sent",
        "jane@example.com",
        "Sales Pipeline",
    ):
        assert words in shown(ada, page), words
    assert "hx-get" not in shown(ada, f"{page}/progress").partition("<section")[0]
    again = ada.post(f"{URL}/simulator", {"system": "hubspot"})
    assert again.headers["Location"] == URL
    assert "connected already" in shown(ada, URL)
    assert len(connections(people.ada)) == 1


def test_no_simulator_no_button(sign_in: SignIn, people: People) -> None:
    ada = sign_in("ada")
    assert "Connect to the simulator" not in shown(ada, URL)
    for path in ("simulator", "sign-in"):
        assert ada.post(f"{URL}/{path}", {"system": "hubspot"}).headers["Location"] == URL
    told = shown(ada, URL)
    assert "is not simulated on this machine" in told
    assert "HUBSPOT_CLIENT_ID" in told
    assert connections(people.ada) == []


@pytest.mark.parametrize("system", ["hubspot", "salesforce"])
def test_to_the_vendors_sign_in_and_back(app: Flask, sign_in: SignIn, people: People, system: str) -> None:
    simulation = HubSpot(deal_count=3) if system == "hubspot" else Salesforce(deal_count=3)
    with simulated(app, simulation):
        ada = sign_in("ada")
        leave = html.unescape(ada.post(f"{URL}/sign-in", {"system": system}).get_data(as_text=True))
        away = re.search(r'href="(http://127\.0\.0\.1:[^"]+)"', leave)
        assert away
        assert "state=" in away[1]
        assert ("code_challenge=" in away[1]) is (system == "salesforce")
        came_back = urlsplit(requests.post(away[1], timeout=5, allow_redirects=False).headers["Location"])
        assert f"{came_back.path}" == f"{URL}/back"
        back = f"{came_back.path}?{came_back.query}"
        for wrong in (f"{URL}/back", back.replace("state=", "state=x"), f"{URL}/back?state=%00&code=1"):
            assert ada.get(wrong).headers["Location"] == URL
        [waiting] = connections(people.ada)
        assert waiting.state == "waiting"
        assert ada.get(back).headers["Location"] == f"{URL}/{waiting.id}"
        [made] = connections(people.ada)
        assert (made.state, len(syncs(people.ada, made.id))) == ("active", 1)
        if system == "salesforce":
            assert made.organization_id == ORGANIZATION
            assert "/api/sales/deals/salesforce/sync/" in shown(ada, f"{URL}/{made.id}")
        assert ada.get(back).headers["Location"] == URL


@pytest.fixture
def made(hubspot: HubSpot, people: People, engines: TestEngines) -> UUID:
    found = connect(people.ada, "hubspot")
    work_off(people.tenant_id, engines)
    return found


def test_the_mapping_is_kept_and_used(
    hubspot: HubSpot, sign_in: SignIn, people: People, engines: TestEngines, made: UUID
) -> None:
    ada, page = sign_in("ada"), f"{URL}/{made}"
    form = {"stage:contractsent": "proposal", "stage:closedwon": "", "theirs-0": "dealtype", "ours-0": "custom:Kind"}
    form |= {"owner:910901": "bob@acme.example"}
    assert ada.post(f"{page}/mapping", form).status_code == 303
    kept = connection(people.ada, made)
    assert (kept.stages, kept.fields, kept.owners) == (
        {"contractsent": "proposal"}, {"dealtype": "custom:Kind"}, {"910901": "bob@acme.example"},
    )  # fmt: skip
    assert "Custom field: Kind" in shown(ada, page)
    ada.post(f"{page}/mapping", {"theirs-0": "no name!", "ours-0": "name"})
    assert "is no name of a field" in shown(ada, page)
    assert ada.post(f"{page}/sync", {"full": "yes"}).status_code == 303
    work_off(people.tenant_id, engines)
    assert syncs(people.ada, made)[0].updated > 0


def test_an_end_can_be_undone(sign_in: SignIn, people: People, made: UUID) -> None:
    ada = sign_in("ada")
    assert ada.post(f"{URL}/{made}/disconnect").headers["Location"] == URL
    assert "Disconnected within the last day" in shown(ada, URL)
    assert ada.get(f"{URL}/{made}").status_code == 404
    assert facts(people.ada)["live"] == COUNT
    assert ada.post(f"{URL}/{made}/reconnect").headers["Location"] == f"{URL}/{made}"
    assert connection(people.ada, made).state == "active"


def test_managers_read_and_reps_do_not(sign_in: SignIn, made: UUID) -> None:
    mona, alice = sign_in("mona"), sign_in("alice")
    for path in (URL, f"{URL}/{made}"):
        content = shown(mona, path).partition('class="settings-content"')[2].partition("</main>")[0]
        assert "<form" not in content
        assert alice.get(path).status_code == 403
    assert mona.post(f"{URL}/{made}/sync").status_code == 403
    assert "Connections" not in shown(alice, "/settings/profile")


def test_another_tenants_is_not_found(sign_in: SignIn, made: UUID) -> None:
    charlie = sign_in("charlie")
    for path in ("", "/progress"):
        assert charlie.get(f"{URL}/{made}{path}").status_code == 404
    for path in ("sync", "mapping", "disconnect", "reconnect"):
        assert charlie.post(f"{URL}/{made}/{path}").status_code == 404


@pytest.mark.parametrize(("path", "most"), [("", 5), ("/{id}", 10), ("/{id}/progress", 7)])
def test_a_page_asks_little(sign_in: SignIn, made: UUID, path: str, most: int) -> None:
    ada = sign_in("ada")
    asked: list[str] = []
    with heard(asked.append):
        ada.get(URL + path.format(id=made))
    assert len(asked) <= most, "\n".join(asked)
