"""Lists as downloads: the list's own filter and order, each kind's headers, and whoever sees the list."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from deals_app.domain.calendar import today_in
from deals_app.extensions import db
from deals_app.services.customers import create_customer
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.stage_transition import win_deal
from deals_app.settings import environment_for_children
from tests.blueprints.programs import Api
from tests.filled import import_file
from tests.people import People, api_key

SignIn = Callable[[str], Any]
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "spreadsheetml.sheet", "jsonl": "application/jsonl; charset=utf-8"}


def names(answer: Any) -> list[str]:
    return [row["Name"] for row in csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))]


def objects(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.data.decode().splitlines()]


@pytest.fixture
def three(people: People) -> None:
    """Two of Alice's, one of them won, and a lead."""
    for name, value in (("Mine, dear", 9_000), ("Mine, cheap", 1_000)):
        deal_id = create_deal(
            people.alice,
            NewDeal(name=name, currency="USD", value=value, assigned_to=people.alice.user_id, customer_name="Ärzte"),
        )
    win_deal(people.alice, deal_id, close_date=date(2026, 1, 5))
    fields = {"x": 1.5, "y": {"z": [True]}}
    new = NewDeal(
        name="Lead", currency="JPY", value=5, tags=("a,b",), custom_fields=fields, expected_close_date=date(2031, 3, 4)
    )
    create_deal(people.bob, new)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("thing", ["deals", "leads", "customers"])
def test_each_list_in_each_kind(sign_in: SignIn, three: None, thing: str, kind: str) -> None:
    answer = sign_in("bob").get(f"/{thing}/export.{kind}")
    assert answer.status_code == 200
    assert answer.content_type.endswith(TYPES[kind])
    name = f"{thing}-{today_in('UTC').isoformat()}.{kind}"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data


def test_the_deals_are_those_of_the_list(sign_in: SignIn, people: People, three: None) -> None:
    browser = sign_in("alice")
    assert names(browser.get("/deals/export.csv?owner=me&sort=value")) == ["Mine, dear", "Mine, cheap"]
    assert names(browser.get("/deals/export.csv?owner=me&sort=-value")) == ["Mine, cheap", "Mine, dear"]
    assert names(browser.get("/deals/export.csv?q=CHEAP&status=closed_won")) == ["Mine, cheap"]
    assert names(browser.get("/deals/export.csv")) == ["Lead", "Mine, cheap", "Mine, dear"]
    assert names(browser.get("/leads/export.csv")) == ["Lead"]
    assert names(browser.get("/customers/export.csv?q=ÄRZ")) == ["Ärzte"]
    assert names(browser.get("/customers/export.csv?q=nobody")) == []


def test_the_page_leads_to_its_own_export(sign_in: SignIn, three: None) -> None:
    browser = sign_in("alice")
    page = browser.get("/deals?owner=me&sort=-value&columns=name&columns=value").get_data(as_text=True)
    assert 'href="/deals/export.csv?owner=me&amp;sort=-value"' in page
    assert 'href="/leads/export.xlsx"' in browser.get("/leads").get_data(as_text=True)
    assert 'href="/customers/export.jsonl?q=%C3%A4"' in browser.get("/customers?q=ä").get_data(as_text=True)


def test_lines_are_the_objects_of_the_api(app: Flask, sign_in: SignIn, people: People, three: None) -> None:
    create_customer(people.mona, name="Zed")
    program, browser = Api(app.test_client(), api_key(people.ada)), sign_in("alice")
    deals = objects(browser.get("/deals/export.jsonl"))
    assert deals == [program("GET", f"/{deal['id']}").json["data"] for deal in deals]
    assert len(deals) == 3
    path = "/api/v1/customer-mgmt/customers"
    customers = objects(browser.get("/customers/export.jsonl"))
    assert customers == [program("GET", f"{path}/{customer['id']}").json["data"] for customer in customers]
    assert [customer["name"] for customer in customers] == ["Zed", "Ärzte"]


def test_other_kinds_do_not_exist_and_a_head_has_no_body(sign_in: SignIn, three: None) -> None:
    browser = sign_in("alice")
    assert browser.get("/deals/export.pdf").status_code == 404
    answer = browser.client.head("/deals/export.csv")
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.content_type == TYPES["csv"]


def test_who_goes_away_half_way_holds_no_connection(sign_in: SignIn, people: People) -> None:
    rows = "".join(f"Deal {number},100\n" for number in range(1_200))
    import_file(people.mona, f"Name,Value\n{rows}")
    pool = db.engine.pool
    answer = sign_in("alice").get("/deals/export.csv", buffered=False)
    parts = iter(answer.response)
    assert next(parts).startswith(b"\xef\xbb\xbfID")
    next(parts)
    assert pool.checkedout() == 1  # type: ignore[attr-defined] (of every pool that keeps connections)
    answer.close()
    assert pool.checkedout() == 0  # type: ignore[attr-defined] (as above)


@pytest.mark.parametrize("kind", TYPES)
def test_the_command(app: Flask, people: People, three: None, tmp_path: Path, kind: str) -> None:
    done = export(app, tmp_path / f"all.{kind}", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    file = tmp_path / f"all.{kind}"
    assert json.loads(done.stdout) == {"file": str(file), "size_bytes": file.stat().st_size}
    assert import_file(people.mona, file).unchanged == 3 if kind != "jsonl" else file.read_text().count("\n") == 3


def test_the_command_says_what_is_wrong_and_leaves_nothing(app: Flask, people: People, tmp_path: Path) -> None:
    assert "its name ends in .csv" in export(app, tmp_path / "all.pdf").stderr
    gone = export(app, tmp_path / "nowhere" / "all.csv")
    assert (gone.returncode, "No such file" in gone.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def export(app: Flask, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """`deals export` as a process of its own."""
    environ = os.environ | dict(environment_for_children(app.config["DEALS_SETTINGS"]))
    argv = [sys.executable, "-m", "deals_app.cli", "export", "--tenant", "acme", "--out", str(out), *more]
    return subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, timeout=60)
