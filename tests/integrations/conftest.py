"""What the tests of this room share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of vendors' exports, which may not be redistributed: DEALS_TEST_DATA, or beside the repository."""
    folder = (REPOSITORY / os.environ.get("DEALS_TEST_DATA", "../shared/data")).resolve()
    if not (folder / "csv_crm").is_dir():
        pytest.skip("no test data; set DEALS_TEST_DATA to the folder that holds csv_crm")
    return folder
