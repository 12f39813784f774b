"""`deals backup` and `deals restore` over data directories of their own, as an operator calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def deals(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deals_app.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def answer(*words: object) -> Any:
    done = deals(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance with a tenant."""
    data_dir = tmp_path_factory.mktemp("old")
    answer("db", "upgrade", "--data-dir", data_dir)
    owner = ("--owner-email", "ada@acme.example")
    answer("tenant", "create", "acme", "--name", "Acme", *owner, "--data-dir", data_dir)
    return data_dir


def test_an_instance_moves_into_another_data_directory_once(old: Path, tmp_path: Path) -> None:
    new, file = tmp_path / "new", tmp_path / "deals.backup"
    taken = answer("backup", "--out", file, "--data-dir", old)
    assert (taken["rows"]["tenants"], taken["has_secret_key"]) == (1, True)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == ["deals.backup"]

    restored = answer("restore", file, "--data-dir", new)
    assert restored["rows"] == taken["rows"]
    assert (new / "secret_key").read_text() == (old / "secret_key").read_text()
    assert answer("backup", "--out", tmp_path / "again", "--data-dir", new)["rows"] == taken["rows"]

    again = deals("restore", file, "--data-dir", new)
    assert (again.returncode, again.stdout) == (1, "")
    assert "not empty" in again.stderr


def test_what_cannot_be_done_is_said(old: Path, tmp_path: Path) -> None:
    nowhere = deals("backup", "--out", tmp_path / "no" / "folder", "--data-dir", old)
    assert (nowhere.returncode, nowhere.stdout) == (1, "")
    assert "No such file or directory" in nowhere.stderr
    no_backup = tmp_path / "some.csv"
    no_backup.write_text("Deal Name\n")
    refused = deals("restore", no_backup, "--data-dir", old)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no backup of Deals" in refused.stderr
