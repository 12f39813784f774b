"""The application with the test's CDN in the vendor's place, for gunicorn in a process of its own."""

from __future__ import annotations

import os

from flask import Flask

from deals_app.app import create_app_from_environment
from deals_app.blueprints import assets


def application() -> Flask:
    """With the scripts' address from $OWN_CDN."""
    assets._CDN = os.environ["OWN_CDN"]  # type: ignore[misc] (final for the product; this process is the test's)
    return create_app_from_environment()
