"""Every import contract of pyproject.toml breaks on a planted sin: all go into one copy, import-linter runs once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house_rules.sources import APP, REPOSITORY

# Contract -> (module that sins, what it imports).
SINS = {
    "Rooms point one way": ("deals_app/models/tenancy.py", "deals_app.services.accounts"),
    "The domain is plain Python": ("deals_app/domain/money.py", "flask"),
    "Only blueprints speak HTTP": ("deals_app/services/deals.py", "werkzeug"),
    "Doors do not open into the cellar": ("deals_app/blueprints/board.py", "deals_app.models.deals"),
    "Only services and models speak SQL": ("deals_app/integrations/csv_text.py", "sqlalchemy"),
    "The embedded engines know no application": ("deals_app/embedded/lock.py", "deals_app.services.audit"),
    "Sources are strangers": ("deals_app/integrations/sources/sinner.py", "deals_app.integrations.sources.csv_file"),
    "Pages are strangers": ("deals_app/blueprints/leads.py", "deals_app.blueprints.deals"),
    "No cycles, at any depth": ("deals_app/services/queries/totals.py", "deals_app.services.queries.board"),
}


def contracts() -> list[str]:
    """The names of our contracts."""
    tool = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    return [contract["name"] for contract in tool["importlinter"]["contracts"]]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy of the application with all sins in it."""
    root = tmp_path_factory.mktemp("sinful")
    ignored = shutil.ignore_patterns("__pycache__", "static", "templates")
    shutil.copytree(APP, root / "deals_app", ignore=ignored)
    shutil.copy(REPOSITORY / "pyproject.toml", root)
    for path, imported in SINS.values():
        module = root / path
        module.write_text(f"{module.read_text() if module.exists() else ''}\nimport {imported}\n")
    (root / "deals_app" / "a_new_room.py").write_text("")
    return lint(root)


def lint(root: Path) -> str:
    """Run import-linter in a folder."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    environ = os.environ | {"PYTHONPATH": str(root), "NO_COLOR": "1", "COLUMNS": "200"}
    result = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False, timeout=120)
    return result.stdout + result.stderr


def section(report: str, name: str) -> str:
    """What the report says of one broken contract."""
    parts = re.split(r"^([^\n]+)\n-+\n", report, flags=re.MULTILINE)
    titles = dict(zip(parts[1::2], parts[2::2], strict=False))
    return titles.get(name, "")


def test_every_contract_has_a_planted_sin() -> None:
    assert set(contracts()) == set(SINS)


@pytest.mark.parametrize("name", SINS)
def test_a_planted_sin_breaks_the_contract(report: str, name: str) -> None:
    path, imported = SINS[name]
    sinner, imported = Path(path).stem, imported.rpartition(".")[2]
    assert f"{name} BROKEN" in report
    assert re.search(rf"\.{sinner} -> .*\b{imported}", section(report, name)), report


def test_a_room_without_a_place_breaks_the_layers(report: str) -> None:
    assert "a_new_room" in report


def test_the_application_itself_breaks_none() -> None:
    report = lint(REPOSITORY)
    assert f"Contracts: {len(SINS)} kept, 0 broken." in report, report
