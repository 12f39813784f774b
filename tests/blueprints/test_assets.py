"""Where pages get the libraries from, and that the content security policy allows exactly that."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from deals_app.app import create_app
from deals_app.blueprints.assets import LIBRARIES
from tests.engines import TestEngines

CDN = "https://cdn.jsdelivr.net/npm/"


def page_with(engines: TestEngines, setting: str) -> tuple[str, dict[str, list[str]]]:
    """The sign-in page and its policy, by directive."""
    app = create_app(engines.settings("none", ASSETS=setting))
    answer = app.test_client().get("/login")
    policy = (part.split() for part in answer.headers["Content-Security-Policy"].split(";"))
    return answer.get_data(as_text=True), {name: allowed for name, *allowed in policy}


def test_local_pages_know_no_cdn(engines: TestEngines) -> None:
    page, policy = page_with(engines, "local")
    assert CDN not in page
    assert re.search(r'<script defer src="/static/vendor/htmx\.min\.js[^"]*"></script>', page)
    assert policy["script-src"] == policy["connect-src"] == ["'self'"]


@pytest.mark.parametrize("setting", ["cdn", "auto"])
def test_from_the_cdn_they_come_by_hash_and_nothing_else_may(engines: TestEngines, setting: str) -> None:
    page, policy = page_with(engines, setting)
    tried = re.search(r'<script async src="/static/js/libraries\.js[^"]*" data-libraries="([^"]*)">', page)
    assert tried
    [library] = json.loads(unescape(tried[1]))
    assert library["cdn"] == CDN + LIBRARIES["htmx"].cdn_path
    assert library["integrity"] == LIBRARIES["htmx"].integrity
    assert library.get("local", "").startswith("/static/vendor/htmx.min.js") is (setting == "auto")
    files = ["'self'", *(CDN + each.cdn_path for each in LIBRARIES.values())]
    assert policy["script-src"] == policy["connect-src"] == files
    # A tag for it would hold up all scripts behind it for as long as the CDN keeps silent.
    assert f'src="{CDN}' not in page
