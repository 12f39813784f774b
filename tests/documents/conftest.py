"""The source documents of the product: the real ones where they are, and excerpts of our own that are always here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import REPOSITORY, application
from tests.documents.companies import Company
from tests.engines import TestEngines
from tests.served import served

EXCERPTS = Path(__file__).parent / "excerpts"


@pytest.fixture(scope="session")
def mission() -> Path:
    """The folder of the source documents, beside the real data; where it is absent the summary says so."""
    folder = (REPOSITORY / os.environ.get("DEALS_TEST_DATA", "../shared/data")).resolve().parent / "mission"
    if not folder.is_dir():
        pytest.skip(f"needs the source documents in {folder}; DEALS_TEST_DATA names the folder beside theirs")
    return folder


@pytest.fixture(params=["excerpts", "mission"], scope="session")
def documents(request: pytest.FixtureRequest) -> Path:
    """Both in turn."""
    return EXCERPTS if request.param == "excerpts" else request.getfixturevalue("mission")


@pytest.fixture(scope="module")
def served_app(engines: TestEngines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, str]]:
    """An application and its address, for a whole module: each test makes a company of its own in it."""
    logs = tmp_path_factory.mktemp("logs")
    with application(engines) as app, served(app.config["DEALS_SETTINGS"], logs) as address:
        yield app, address


@pytest.fixture
def company(served_app: tuple[Flask, str]) -> Company:
    """A new tenant with a customer, a rep and a key, at the running server."""
    return Company(served_app[1])
