"""The client that openapi-python-client makes of the document: complete, typed, and at work on a running server.

The example is the one of docs/api.md, taken out of it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask

from deals_app.blueprints.api.document import document_of, operations
from tests.conftest import REPOSITORY
from tests.documents.companies import Company

BIN = Path(sys.executable).parent
PACKAGE = "deals_client"
EXAMPLE = re.search(
    r"^```python\n(.*?)^```", (REPOSITORY / "docs/api.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
# What must not pass for a use of the client, each with the word that pyright must find fault with.
WRONG = {
    'Win(close_date="2026-01-01")': "close_date",
    "Win()": "close_date",
    "MoveStage(stage=1)": "stage",
    'deals_move.sync("x", client=client, body=MoveStage(stage="lead"))': "deal_id",
    "deals_move.sync(UUID(int=0), client=client, body=Win(close_date=datetime.date.max))": "body",
    "deals_read.sync(UUID(int=0), client=client).data": "None",
}


@pytest.fixture(scope="module")
def folder(served_app: tuple[Flask, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated package and the example beside it; any warning of the generator is an error."""
    folder = tmp_path_factory.mktemp("client")
    document = folder / "openapi.json"
    document.write_text(json.dumps(document_of(served_app[0])), encoding="utf-8")
    command = ["generate", "--path", document, "--meta", "none", "--output-path", folder / PACKAGE, "--fail-on-warning"]
    run([BIN / "openapi-python-client", *command], folder)
    assert EXAMPLE is not None
    (folder / "example.py").write_text(EXAMPLE[1], encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[Any]:
    """`client("api.deals.deals_win")`: modules of the package."""
    sys.path.insert(0, str(folder))
    yield lambda name: __import__(f"{PACKAGE}.{name}", fromlist=["_"])
    sys.path.remove(str(folder))
    for name in [each for each in sys.modules if each.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def run(command: list[Any], folder: Path) -> str:
    environ = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def faults(folder: Path, text: str) -> list[str]:
    """What pyright, strict, has against a program."""
    (folder / "program.py").write_text(text, encoding="utf-8")
    settings = {"include": ["program.py"], "typeCheckingMode": "strict", "pythonVersion": "3.11"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [BIN / "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return [each["message"] for each in json.loads(done.stdout)["generalDiagnostics"] if each["severity"] == "error"]


def test_every_operation_and_schema_is_there(folder: Path, served_app: tuple[Flask, str], client: Any) -> None:
    document = document_of(served_app[0])
    modules = {path.stem for path in (folder / PACKAGE / "api").glob("*/*.py")} - {"__init__"}
    assert modules == {each["operationId"] for _, _, each in operations(document)}
    assert set(document["components"]["schemas"]) <= set(vars(client("models")))
    # What the generator calls what it cannot name.
    assert not [
        path for path in (folder / PACKAGE / "models").glob("*.py") if re.search(r" VALUE_\d", path.read_text())
    ]


def test_right_use_has_the_right_types(folder: Path) -> None:
    assert EXAMPLE is not None
    assert faults(folder, EXAMPLE[1]) == []


def test_wrong_use_is_seen(folder: Path) -> None:
    assert EXAMPLE is not None
    lines = "".join(f"    {use}\n" for use in WRONG)
    found = faults(folder, f"{EXAMPLE[1]}\n\ndef wrong(client: AuthenticatedClient) -> None:\n{lines}")
    for word in WRONG.values():
        assert any(word in fault for fault in found), (word, found)


def test_the_example_runs(folder: Path, company: Company) -> None:
    key = company.headers["Authorization"].removeprefix("Bearer ")
    program = [sys.executable, "example.py", company.address, key, str(company.customer), str(company.rep)]
    said = run(program, folder)
    assert said == "closed_won 50000000 \"3\" ['Enterprise Software License']\n"
    assert len(company.done("GET", "/api/v1/customer-mgmt/deals")) == 1


@pytest.fixture
def as_company(client: Any, company: Company) -> Iterator[Any]:
    key = company.headers["Authorization"].removeprefix("Bearer ")
    with client("client").AuthenticatedClient(base_url=company.address, token=key) as made:
        yield made


def new_deal(models: ModuleType, company: Company, **changes: Any) -> Any:
    facts = {"customer_id": company.customer, "assigned_to": company.rep, "name": "Rollout", "value": 100}
    facts |= {"currency": "USD", "expected_close_date": company.today + timedelta(days=9)}
    return models.CreateDeal(**facts | changes)


def test_a_deals_life(client: Any, as_company: Any, company: Company) -> None:
    models = client("models")

    def ask(route: str, *path: Any, **given: Any) -> Any:
        return client(f"api.deals.{route}").sync(*path, client=as_company, **given)

    made = ask("deals_create", body=new_deal(models, company)).data
    assert (made.stage, made.probability, made.expected_close_date) == ("lead", 10, company.today + timedelta(days=9))
    changed = ask("deals_change_basic_info", made.id, body=models.BasicInfo(tags=["big"])).data
    assert (changed.name, changed.tags) == ("Rollout", ["big"])
    lost = models.Lose(close_date=company.today, reason="Price")
    assert ask("deals_lose", made.id, body=lost).data.loss_reason == "Price"
    assert client("api.deals.deals_delete").sync_detailed(made.id, client=as_company).status_code == 204
    assert ask("deals_read", made.id).error.code == "NOT_FOUND"
    assert ask("deals_restore", made.id).data.status == "closed_lost"
    assert ask("deals_pipeline_stats").data.stats["closed_lost"] == 1
    for name in ("Second", "Third"):
        ask("deals_create", body=new_deal(models, company, name=name))
    pages = [ask("deals_index", page=page, page_size=2, sort=models.DealsIndexSort.NAME) for page in (1, 2)]
    assert [[deal.name for deal in page.data] for page in pages] == [["Rollout", "Second"], ["Third"]]
    assert pages[0].pagination.total_pages == 2
    newest = ask("deals_index", page_size=1, sort=models.DealsIndexSort.NAME_DESCENDING)
    assert [deal.name for deal in newest.data] == ["Third"]


def test_refusals_are_typed(client: Any, as_company: Any, company: Company) -> None:
    models, create = client("models"), client("api.deals.deals_create")
    refused = create.sync(client=as_company, body=new_deal(models, company, value=0))
    assert isinstance(refused, models.Refused)
    assert (refused.error.code, refused.error.details[0].field) == ("VALIDATION_FAILED", "value")
    with client("client").AuthenticatedClient(base_url=company.address, token="dk_no_key") as nobody:
        assert create.sync_detailed(client=nobody, body=new_deal(models, company)).status_code == 401


def test_conflicts_are_typed_and_an_etag_is_kept(client: Any, as_company: Any, company: Company) -> None:
    models, move, deal = client("models"), client("api.deals.deals_move"), company.deal()
    read = client("api.deals.deals_read").sync_detailed(deal, client=as_company)
    etag = read.headers["ETag"]
    first = move.sync_detailed(deal, client=as_company, body=models.MoveStage(stage="qualified"), if_match=etag)
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    stale = move.sync_detailed(deal, client=as_company, body=models.MoveStage(stage="proposal"), if_match=etag)
    assert (stale.status_code, stale.parsed.error.code) == (412, "VERSION_CONFLICT")
    assert (type(stale.parsed), stale.parsed.data.stage) == (models.Outdated, "qualified")
    in_body = models.MoveStage(stage="proposal", version=read.parsed.data.version)
    conflict = move.sync_detailed(deal, client=as_company, body=in_body)
    assert (conflict.status_code, conflict.parsed.data.version) == (409, 2)


def test_a_request_is_sent_again(client: Any, as_company: Any, company: Company) -> None:
    models, create = client("models"), client("api.deals.deals_create")
    body = new_deal(models, company)
    answers = [create.sync(client=as_company, body=body, idempotency_key="once") for _ in range(2)]
    assert answers[0].data.id == answers[1].data.id
    other = create.sync_detailed(client=as_company, body=new_deal(models, company, value=7), idempotency_key="once")
    assert (other.status_code, other.parsed.error.code) == (409, "IDEMPOTENCY_CONFLICT")
