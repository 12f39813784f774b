"""What we install is pinned and hashed, and names no host it comes from."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from deals_app.blueprints.assets import LIBRARIES
from tests.house_rules.sources import REPOSITORY

PIN = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[\w,-]+\])?==\S+")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")
MODULES = REPOSITORY / "node_modules"


def faults_of_requirements(text: str) -> list[str]:
    """Lines with an address, and requirements without an exact version or without a hash."""
    lines = text.splitlines()
    found = [f"address: {line.strip()}" for line in lines if re.search(r"://|\bgit\+|^-{1,2}[a-z]", line)]
    logical = "\n".join(line for line in lines if not line.lstrip().startswith("#")).replace("\\\n", " ")
    for line in filter(str.strip, logical.splitlines()):
        if not PIN.match(line):
            found.append(f"not pinned: {line}")
        elif not HASH.search(line):
            found.append(f"not hashed: {line}")
    return found


def faults_of_lock(lock: dict[str, Any]) -> list[str]:
    """Packages of package-lock.json that name where they came from, or whose content is not fixed."""
    packages = {name: facts for name, facts in lock["packages"].items() if name}
    found = [f"address: {name}" for name, facts in packages.items() if "resolved" in facts]
    return found + [f"no integrity: {name}" for name, facts in packages.items() if "integrity" not in facts]


def integrity_of(content: bytes) -> str:
    """As a browser computes it."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_requirements_are_pinned_hashed_and_without_addresses(name: str) -> None:
    assert faults_of_requirements((REPOSITORY / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "sin",
    [
        "flask>=3",
        "flask==3.1.3",
        "--index-url https://example.com/simple",
        "flask @ https://example.com/flask.whl",
        "-e git+ssh://example.com/flask",
        f"# https://example.com\nflask==3.1.3 \\\n    --hash=sha256:{'0' * 64}",
    ],
)
def test_a_planted_requirement_is_seen(sin: str) -> None:
    assert faults_of_requirements(sin)


def test_the_package_lock_names_no_address() -> None:
    assert faults_of_lock(json.loads((REPOSITORY / "package-lock.json").read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("facts", [{"resolved": "https://example.com/x.tgz", "integrity": "sha512-x"}, {}])
def test_a_planted_package_is_seen(facts: dict[str, str]) -> None:
    assert faults_of_lock({"packages": {"": {}, "node_modules/x": facts}})


@pytest.mark.skipif(not MODULES.is_dir(), reason="needs node_modules: `make assets` fetches it where npm is found")
@pytest.mark.parametrize("name", LIBRARIES)
def test_the_hashes_of_the_pages_are_those_of_the_packages(name: str) -> None:
    library = LIBRARIES[name]
    package, _, path = library.cdn_path.partition("/")
    content = (MODULES / package.rpartition("@")[0] / path).read_bytes()
    assert integrity_of(content) == library.integrity
    assert integrity_of(content + b"\n") != library.integrity
    versions = json.loads((REPOSITORY / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert package == f"{package.rpartition('@')[0]}@{versions[package.rpartition('@')[0]]}"
