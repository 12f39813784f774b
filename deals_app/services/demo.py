"""The demo tenants of a first start: made once, through the services that people use."""

from __future__ import annotations

from flask import Flask


def load_demo_once(app: Flask) -> list[tuple[str, str, str]]:
    """Make the demo tenants unless they are there; (tenant, e-mail, password) of each login."""
    return []
