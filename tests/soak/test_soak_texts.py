"""Every naughty string there is in every text field of the API's write routes."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from flask import Flask
from flask_openapi3 import OpenAPI

from deals_app.services import rate_limits
from tests.blueprints.test_api_texts import found_wrong
from tests.naughty import naughty_strings
from tests.people import People


def test_every_string_comes_back_or_is_refused_by_name(
    app: Flask, people: People, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "REQUESTS_PER_SECOND", 10**9)
    texts = naughty_strings(real_data)
    assert len(texts) > 500
    wrong = found_wrong(cast("OpenAPI", app), people, texts)
    assert not wrong, "\n".join(wrong)
