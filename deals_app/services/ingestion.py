"""The doors through which deals come in from outside."""

from __future__ import annotations

from dataclasses import dataclass

from deals_app.integrations.sources import csv_file


@dataclass(frozen=True, kw_only=True)
class Door:
    """A way in, as its tab on `/ingest` shows it; `endpoint` is its API path, None where there is none."""

    key: str
    label: str
    description: str
    endpoint: str | None


def doors() -> list[Door]:
    """What is open today."""
    return [
        Door(
            key=csv_file.key,
            label=csv_file.label,
            description="An export of HubSpot, Salesforce, Pipedrive, or any table of deals.",
            endpoint="/api/sales/deals/csv/upload",
        ),
        Door(key="manual", label="By hand", description="One deal, typed in.", endpoint=None),
        Door(
            key="api",
            label="API",
            description="Other systems make and move deals with an API key.",
            endpoint="/api/v1/customer-mgmt/deals",
        ),
    ]
