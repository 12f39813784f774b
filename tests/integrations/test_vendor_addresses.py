"""Where the vendors may be, and when their heavy clients are imported: only when asked for something."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deals_app.settings import SettingsError, settings_from_environment

HEAVY = ("hubspot", "simple_salesforce", "zeep", "lxml", "authlib", "requests")
MODULES = ("hubspot_client", "salesforce_client", "oauth", "hubspot_webhooks", "salesforce_soap", "sources")


def settings(tmp_path: Path, **environ: str) -> tuple[str, str]:
    found = settings_from_environment({"SECRET_KEY": "x" * 32, **environ}, data_dir=tmp_path)
    return found.hubspot_api_url, found.salesforce_login_url


def test_the_vendors_own_addresses_unless_said_otherwise(tmp_path: Path) -> None:
    assert settings(tmp_path) == ("https://api.hubapi.com", "https://login.salesforce.com")
    simulated = settings(tmp_path, HUBSPOT_API_URL="http://127.0.0.1:1/", SALESFORCE_LOGIN_URL="http://localhost:2")
    assert simulated == ("http://127.0.0.1:1", "http://localhost:2")


@pytest.mark.parametrize("url", ["http://example.com", "example.com", "ftp://127.0.0.1", "file:///etc/passwd"])
def test_secrets_go_nowhere_in_the_clear(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="HUBSPOT_API_URL"):
        settings(tmp_path, HUBSPOT_API_URL=url)


def test_importing_our_modules_imports_none_of_the_heavy_ones() -> None:
    ours = "; ".join(f"import deals_app.integrations.{name}" for name in MODULES)
    code = f"import sys; {ours}; print(sorted(set(sys.modules) & set({HEAVY!r})))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"
